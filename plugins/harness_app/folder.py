"""What lies in the folder of the page: data, specs and finished runs; nothing outside of it is reached."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.plugin import Coded, SpecError, marked

# What the harness reads, by endings.
DATA = frozenset(
    {".csv", ".tsv", ".txt", ".xls", ".xlsx", ".dta", ".sav", ".zsav", ".sas7bdat", ".xpt", ".parquet"}
)
SPECS = frozenset({".yaml", ".yml"})
# What is served of a run folder.
SAVED = frozenset(
    {".csv", ".tex", ".docx", ".svg", ".png", ".pdf", ".json", ".yaml", ".html", ".zip", ".parquet", ".md"}
)

# Folders below, and files of a list.
DEEPEST, MOST_LISTED = 3, 300
MANIFEST = "manifest.json"

NAME = re.compile(r"[^\W_][\w.() -]{0,100}")


@dataclass(frozen=True)
class Contents:
    """What a folder has, by paths within it."""

    data: list[str]
    specs: list[str]
    runs: list[str]


@dataclass(frozen=True)
class Folder:
    """The folder of the page."""

    root: Path

    def path(self, given: str) -> Path:
        """Return a path that is there, within the folder, links followed.

        Raises
        ------
        SpecError
            Where it leads outside, is hidden, or is not there.
        """
        try:
            path = (self.root / given).resolve(strict=True)
            inner = path.relative_to(self.root)
        except (OSError, RuntimeError, ValueError) as error:
            raise _not_here(given) from error
        if any(part.startswith(".") for part in inner.parts):
            raise _not_here(given)
        return path

    def name_of(self, path: Path) -> str:
        """Return a path as it is written within the folder."""
        return path.relative_to(self.root).as_posix()

    def new(self, name: str, endings: frozenset[str]) -> Path:
        """Return the path of a file to write, directly in the folder.

        Raises
        ------
        SpecError
            Where the name is none, or has another ending.
        """
        path = self.root / name
        if NAME.fullmatch(name) is None or path.suffix.lower() not in endings or path.is_symlink():
            what, shown = marked("cannot be the name of a file here"), ", ".join(sorted(endings))
            expected = Coded("letters and digits, and an ending of {endings}", endings=shown)
            raise SpecError.at(repr(name), what, expected, marked("choose another name"))
        return path

    def contents(self) -> Contents:
        """Return data and specs outside of runs, and finished runs, the latest first, by one search."""
        paths = (path for depth in range(DEEPEST + 1) for path in sorted(self.root.glob("*/" * depth + "*")))
        wanted = (path for path in paths if path.name == MANIFEST or path.suffix.lower() in DATA | SPECS)
        shown = [path for path in wanted if "/." not in f"/{self.name_of(path)}" and path.is_file()]
        there = [path for path in shown if path.resolve().is_relative_to(self.root)]
        manifests = [path for path in there if path.name == MANIFEST and path.parent != self.root]
        runs = [path.parent for path in sorted(manifests, key=lambda path: -path.stat().st_mtime)]
        others = [path for path in there if path.name != MANIFEST and not {*runs} & {*path.parents}]
        data, specs = (
            [self.name_of(path) for path in others if path.suffix.lower() in endings][:MOST_LISTED]
            for endings in (DATA, SPECS)
        )
        return Contents(data, specs, [self.name_of(run) for run in runs][:MOST_LISTED])

    def files_of(self, run: str) -> list[str]:
        """Return the files of a run that may be saved, tables of a paper first."""
        root = self.path(run)
        names = sorted(
            path.relative_to(root).as_posix()
            for path in root.rglob("*")
            if path.suffix in SAVED and path.is_file() and not path.is_symlink()
        )
        return sorted(names, key=lambda name: (not name.startswith("tables/"), "/" in name, name))


def _not_here(given: str) -> SpecError:
    hint = marked("choose one of those that are listed")
    return SpecError.at(repr(given), marked("is no file of this folder"), hint=hint)

"""An archive run again where nothing else is installed, and compared cell by cell with what it holds."""

from __future__ import annotations

import csv
import shlex
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.audit.runs import Tolerance, compare_runs, lines
from harness.errors import ArtifactError, MachineError
from harness.language import Coded, marked, quoted
from harness.pack.archive import AGAIN, REQUIREMENTS, RUN, SPEC
from harness.report.paper.tables import PAPER
from harness.running.folder import RunFolder

# Last lines of what another program wrote that a message shows.
SHOWN = 15


@dataclass(frozen=True)
class Repetition:
    """What became of the numbers of an archive.

    Attributes
    ----------
    n_cells : of the paper's tables
    differing : those of them that differ, each a line
    others : lines on everything else that differs
    """

    n_cells: int
    differing: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether every cell and every number is the same."""
        return not self.differing and not self.others


def clean_environment(folder: Path) -> Path:
    """Install what an unpacked archive asks for into an environment of its own, and return its Python.

    Raises
    ------
    MachineError
        Where pip cannot install it.
    """
    environment = folder / ".venv"
    venv.create(environment, with_pip=True)
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    _call([str(python), "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS], folder, "pip")
    return python


def rerun(
    archive: Path, folder: Path, *, installed: Callable[[Path], Path] = clean_environment
) -> Repetition:
    """Unpack an archive into a new folder, run it by the command of its README, and compare.

    Parameters
    ----------
    installed : returns the Python that has what the unpacked archive asks for

    Raises
    ------
    ArtifactError
        Where the archive holds a place outside of the folder.
    MachineError
        Where the installation or the run fails.
    """
    folder = folder.resolve()
    with zipfile.ZipFile(archive) as files:
        outside = [name for name in files.namelist() if not (folder / name).resolve().is_relative_to(folder)]
        if outside:
            raise ArtifactError.at(
                str(archive), Coded("holds a place outside of it: {outside}", outside=outside[0])
            )
        files.extractall(folder)
    run = RunFolder.open(folder / RUN)
    readme = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    command = next(one for one in readme if one.startswith("harness ") and f" run {SPEC} " in one)
    _call([str(installed(folder)), "-m", *shlex.split(command)], folder, marked("the run"))
    again = RunFolder.open(folder / AGAIN)
    difference = compare_runs(run, again, tolerance=Tolerance(1e-8, 1e-12))
    n_cells, differing = 0, []
    for path in sorted((folder / RUN / PAPER).glob("*.csv")):
        printed, made = (_rows(one / PAPER / path.name) for one in (run.path, again.path))
        n_cells += sum(map(len, printed))
        if [len(row) for row in printed] != [len(row) for row in made]:
            differing.append(Coded("{file}: other rows or columns", file=path.name))
            continue
        differing += [
            Coded(
                "{file}, row {row}, column {column}: {cell} here, {other} again",
                file=path.name,
                row=number,
                column=column,
                cell=quoted(cell),
                other=quoted(other),
            )
            for number, (row, others) in enumerate(zip(printed, made, strict=True), start=1)
            for column, (cell, other) in enumerate(zip(row, others, strict=True), start=1)
            if cell != other
        ]
    others = () if difference.found_the_same else tuple(lines(difference))
    return Repetition(n_cells, tuple(differing), others)


def _rows(path: Path) -> list[list[str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def _call(words: list[str], folder: Path, what: str) -> None:
    """Call another program in a folder, without a shell."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - words of ours
    if done.returncode:
        shown = "\n".join((done.stderr or done.stdout).splitlines()[-SHOWN:])
        raise MachineError.at(
            what,
            Coded("ended with exit code {returncode}:\n{shown}", returncode=done.returncode, shown=shown),
        )

"""A run folder on disk."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from harness.errors import ArtifactError, Problem
from harness.runs.atomic import sha256_of, write_atomically
from harness.runs.text_cells import shield, unshield

MARKER = ".harness-run"
"""File that tells a run folder from any other; only a folder that has it is written into again."""

MANIFEST = "manifest.json"
UNITS = "units"
"""Folder of finished tasks, there while a run is not whole."""

REPORTED = (
    "*.csv",
    "*.parquet",
    "spec.yaml",
    "gain_report.json",
    "report.html",
    "surfaces.html",
    "figures/*",
    "tables/*",
    "details/*",
)
"""What a run reports, the manifest apart."""


@dataclass(frozen=True)
class RunFolder:
    """Reads and writes the files of one run.

    Attributes
    ----------
    path : an existing folder with the marker file
    """

    path: Path

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """Make a folder for a run, or take up one that an earlier run left.

        Raises
        ------
        ArtifactError
            Where the folder holds something that no run wrote.
        """
        if path.exists() and not (path / MARKER).is_file():
            if not path.is_dir():
                raise ArtifactError(Problem(str(path), "is a file", mend="choose another folder with --out"))
            if any(path.iterdir()):
                raise ArtifactError(
                    Problem(
                        str(path),
                        "holds files that no run wrote, and a run would mix with them",
                        allowed="a new folder, an empty one, or the folder of an earlier run",
                        mend="choose another folder with --out",
                    )
                )
        write_atomically(
            path / MARKER, b"written by harness; this folder may be overwritten by another run\n"
        )
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Return the folder of a finished run.

        Raises
        ------
        ArtifactError
            Where there is no finished run.
        """
        if not (path / MANIFEST).is_file():
            raise ArtifactError(
                Problem(
                    str(path),
                    "is not the folder of a finished run",
                    mend="name a folder that holds manifest.json",
                )
            )
        return cls(path)

    def clear(self) -> None:
        """Remove what an earlier run reported, its manifest first: no half-new folder looks finished."""
        (self.path / MANIFEST).unlink(missing_ok=True)
        for name in self.files():
            (self.path / name).unlink()

    def files(self) -> tuple[str, ...]:
        """Return the paths of the reported files that are there, sorted, with forward slashes."""
        found = (file for pattern in REPORTED for file in self.path.glob(pattern) if file.is_file())
        return tuple(sorted(file.relative_to(self.path).as_posix() for file in found))

    def hashes(self) -> Mapping[str, str]:
        """Return the SHA-256 of every reported file."""
        return {name: sha256_of(self.path / name) for name in self.files()}

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write a file atomically."""
        write_atomically(self.path / name, data)

    def write_text(self, name: str, text: str) -> None:
        """Write a UTF-8 text file atomically."""
        self.write_bytes(name, text.encode("utf-8"))

    def write_table(self, name: str, frame: pd.DataFrame) -> None:
        """Write a tidy table as ``NAME.csv``; floats keep all their digits."""
        self.write_text(f"{name}.csv", shield(frame).to_csv(index=False, lineterminator="\n"))

    def read_table(self, name: str) -> pd.DataFrame:
        """Read a table that `write_table` wrote; an empty frame without columns where there is none."""
        path = self.path / f"{name}.csv"
        if not path.is_file():
            return pd.DataFrame()
        # The Python engine reads a float to its last bit in every version of pandas.
        frame = pd.read_csv(path, engine="python", keep_default_na=False, na_values=[""])
        return unshield(frame)

    def write_parquet(self, name: str, frame: pd.DataFrame) -> None:
        """Write a large table as ``NAME.parquet``."""
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False)
        self.write_bytes(f"{name}.parquet", buffer.getvalue())

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest, last of all files, with the hashes of the others."""
        content = {**manifest, "files": self.hashes()}
        self.write_text(MANIFEST, json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    def manifest(self) -> dict[str, Any]:
        """Return the manifest."""
        content: dict[str, Any] = json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))
        return content

"""A run folder on disk."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from harness.errors import ArtifactError, Problem
from harness.store.atomic import sha256_of, write_atomically
from harness.store.csv_table import csv_text, from_csv
from harness.store.manifest import Manifest

MARKER = ".harness-run"
"""File that tells a run folder from any other; only a folder that has it is written into again."""

MARK = b"written by harness; this folder may be overwritten by another run\n"
"""What it holds."""

MANIFEST = "manifest.json"
MANIFEST_SUM = "manifest.sha256"
"""The SHA-256 of the manifest, as ``sha256sum -c`` reads it; the manifest has those of all other files."""

SPEC = "spec.yaml"
CHECKPOINTS = "checkpoints"
"""Folder of finished tasks, there while a run is not whole."""

REPORTED = (
    "*.csv",
    "*.parquet",
    SPEC,
    "gain_report.json",
    "report.html",
    "brief.html",
    "surfaces.html",
    "calibration.html",
    "calibration.json",
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
                raise ArtifactError(Problem(str(path), "is a file", hint="choose another folder with --out"))
            if any(path.iterdir()):
                raise ArtifactError(
                    Problem(
                        str(path),
                        "holds files that no run wrote, and a run would mix with them",
                        expected="a new folder, an empty one, or the folder of an earlier run",
                        hint="choose another folder with --out",
                    )
                )
        write_atomically(path / MARKER, MARK)
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
                    hint="name a folder that holds manifest.json",
                )
            )
        return cls(path)

    def clear(self, *, keep: Collection[Path] = ()) -> None:
        """Remove what an earlier run reported, its manifest first: no half-new folder looks finished.

        Parameters
        ----------
        keep : resolved paths of files that stay, since the next run reads them
        """
        for name in (MANIFEST, MANIFEST_SUM, *self.files()):
            path = self.path / name
            if path.resolve() not in keep:
                path.unlink(missing_ok=True)

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
        self.write_text(f"{name}.csv", csv_text(frame))

    def read_table(self, name: str) -> pd.DataFrame:
        """Read a table that `write_table` wrote; an empty frame without columns where there is none.

        Raises
        ------
        ArtifactError
            Where the file is no such table.
        """
        path = self.path / f"{name}.csv"
        if not path.is_file():
            return pd.DataFrame()
        with _readable(path):
            return from_csv(path.read_text(encoding="utf-8"))

    def write_parquet(self, name: str, frame: pd.DataFrame) -> None:
        """Write a large table as ``NAME.parquet``."""
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False)
        self.write_bytes(f"{name}.parquet", buffer.getvalue())

    def read_parquet(self, name: str) -> pd.DataFrame:
        """Read a table that `write_parquet` wrote; an empty frame without columns where there is none.

        Raises
        ------
        ArtifactError
            Where the file is no such table.
        """
        path = self.path / f"{name}.parquet"
        if not path.is_file():
            return pd.DataFrame()
        with _readable(path):
            return pd.read_parquet(path)

    def write_manifest(self, manifest: Manifest) -> None:
        """Write the manifest, last of all files, with the hashes of the others, and its own beside it."""
        data = replace(manifest, files=self.hashes()).to_json().encode()
        self.write_bytes(MANIFEST_SUM, sum_line(data))
        self.write_bytes(MANIFEST, data)

    def manifest(self) -> Manifest:
        """Return the manifest.

        Raises
        ------
        ArtifactError
            Where the file is damaged, naming every key that is missing or of a wrong type.
        """
        path = self.path / MANIFEST
        with _readable(path):
            text = path.read_text(encoding="utf-8")
        return Manifest.from_json(text)


def sum_line(manifest: bytes) -> bytes:
    """Return what `MANIFEST_SUM` holds for a manifest of these bytes."""
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what a library raises on a damaged file into an ArtifactError."""
    try:
        yield
    except (OSError, ValueError, TypeError) as error:
        problem = Problem(
            str(path), f"is damaged: {error}", hint="take a whole copy of the folder, or run the study again"
        )
        raise ArtifactError(problem) from error

"""A run folder on disk."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import pandas as pd
from pydantic import TypeAdapter

from harness.errors import ArtifactError, Problem
from harness.language import Coded, marked
from harness.record.format_13 import Messages, coded_manifest, coded_texts
from harness.record.manifest import Manifest, json_text
from harness.record.migrations import Migrated, folder_of, manifest_of
from harness.running import files
from harness.tables.csv_table import as_read, csv_text, from_csv
from harness.tables.registry import JOINED, PARQUET_TABLES, TABLES

# Rows of a table up to which it stays in memory once it is written: what follows looks at it next.
MOST_AT_HAND = 1_000_000

_ELSEWHERE = marked("choose another folder with --out")

_ABOUT = (files.MANIFEST_SUM, files.MANIFEST)


@dataclass(frozen=True)
class RunFolder:
    """Reads and writes the files of one run.

    Attributes
    ----------
    path : an existing folder with the marker file
    """

    path: Path
    _written: dict[str, pd.DataFrame] = field(default_factory=dict, compare=False, repr=False)
    _migrated: dict[str, Migrated] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    @contextmanager
    def claimed(cls, path: Path) -> Iterator[RunFolder]:
        """Make a folder for a run, or take up one that an earlier run left, and hold it for this process.

        Raises
        ------
        ArtifactError
            Where another process holds the folder, or as `create` says; nothing in it is touched then.
        """
        cls._require_free(path)
        with files.locked(path):
            yield cls.create(path)

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """Make a folder for a run that no other process can want.

        Raises
        ------
        ArtifactError
            Where the folder holds something that no run wrote.
        """
        cls._require_free(path)
        _refuse_link(path, files.MARKER)
        with files.replacing_own(path / files.MARKER) as file:
            file.write(files.MARK)
        return cls(path)

    @staticmethod
    def _require_free(path: Path) -> None:
        if path.exists() and not (path / files.MARKER).is_file():
            if not path.is_dir():
                raise ArtifactError.at(str(path), marked("is a file"), hint=_ELSEWHERE)
            of_locks = {path / files.LOCK, path / files.HOLDER}
            if set(path.iterdir()) - set(files.partials(path / files.MARKER)) - of_locks:
                what = marked("holds files that no run wrote, and a run would mix with them")
                expected = marked("a new folder, an empty one, or the folder of an earlier run")
                raise ArtifactError.at(str(path), what, expected, _ELSEWHERE)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Return the folder of a finished run; a new one that is whole takes its place first.

        Raises
        ------
        ArtifactError
            Where there is no finished run, or another process puts a new one in its place.
        """
        folder = cls(path)
        if folder._is_ready():
            with files.locked(path):
                folder._settle()
        if folder.held(files.MANIFEST) is None:
            what: str = marked("is not the folder of a finished run")
            hint: str = Coded("name a folder that holds {manifest}", manifest=files.MANIFEST)
            if process := files.holder(path):
                what = Coded("holds no finished run yet: {process} is writing it", process=process)
                hint = marked("wait for it")
            elif folder.is_cut_off():
                what = marked("holds a run that was cut off")
                hint = marked("finish it: harness run SPEC --resume --out RUN")
            raise ArtifactError.at(str(path), what, hint=hint)
        return folder

    def is_cut_off(self) -> bool:
        """Return whether a run or report was begun here that neither ended nor goes on."""
        begun = (files.NEW, files.CHECKPOINTS, files.HOLDER)
        return not files.holder(self.path) and any((self.path / name).exists() for name in begun)

    def held(self, name: str, *, most: int = files.MOST_BYTES) -> Path | None:
        """Return the path of a file in the folder that may be read; None where there is none.

        Parameters
        ----------
        most : bytes that it may have

        Raises
        ------
        ArtifactError
            Where it is larger, no regular file, or a link is on its way.
        """
        path = self.inner(name)
        return files.regular(path, most=most) if path.exists() else None

    def inner(self, name: str) -> Path:
        """Return the path of a file or folder within this one.

        Raises
        ------
        ArtifactError
            Where a link is in its place.
        """
        _refuse_link(self.path, name)
        return self.path / name

    @contextmanager
    def replaced(self, *, keep: Collection[Path] = ()) -> Iterator[RunFolder]:
        """Build a run beside the one that is here, and replace the others with its files when whole.

        Whatever ends the context before that leaves the earlier run as it was; whatever ends it later, even
        the process, leaves the new one to the next command.

        Parameters
        ----------
        keep : resolved paths of files that the new run has read; those of the earlier run stay

        Raises
        ------
        ArtifactError
            Where a file that no run wrote, or a link, has the name of a new one; nothing is touched then.
        """
        self._settle()
        kept = [name for name in self.own() if (self.path / name).resolve() in keep]
        new = RunFolder(self.inner(files.NEW))
        files.remove_folder(new.path)
        new = RunFolder.create(new.path)
        try:
            for name in kept:
                if self.held(name, most=sys.maxsize) is not None:
                    files.share(self.path / name, new.path / name)
            yield new
            names = new._present()
            self._refuse_strangers(names)
            if files.MANIFEST not in names:
                new.write_text(files.WRITTEN, "".join(f"{name}\n" for name in sorted(names)))
            files.flush_names(*{(new.path / name).parent for name in names})
            files.move(new.path, self.path / files.READY)
            files.flush_names(self.path)
        finally:
            files.remove_folder(new.path)
        self._settle()

    def amended(self) -> AbstractContextManager[RunFolder]:
        """Build the run that is here anew, as `replaced` does, from all of its files but the signature."""
        self._settle()
        return self.replaced(keep={(self.path / name).resolve() for name in self.own() - {files.SIGNATURE}})

    def _is_ready(self) -> bool:
        """Return whether a new run or report is whole, and its files are not yet all in their places."""
        ready = self.path / files.READY
        return any((ready / name).exists() for name in (files.MANIFEST, files.WRITTEN))

    def _settle(self) -> None:
        """Put the files of a new run that is whole in their places, the list of them last."""
        ready = RunFolder(self.inner(files.READY))
        if self._is_ready():
            there, own = ready._present(), ready.own()
            self._refuse_strangers(there)
            is_same = self.read_bytes(files.MANIFEST) == ready.read_bytes(files.MANIFEST)
            for name in self.own() - own - there - ({files.SIGNATURE} if is_same else set()):
                self.remove(name)
            last = files.MANIFEST if files.MANIFEST in there else files.WRITTEN
            for name in there - {last}:
                files.move(ready.path / name, self.path / name)
            files.flush_names(*{(self.path / name).parent for name in own | there})
            files.move(ready.path / last, self.path / last)
            files.flush_names(self.path)
            if last == files.MANIFEST:
                self.remove(files.WRITTEN)
        files.remove_folder(ready.path)

    def _present(self) -> frozenset[str]:
        """Return the names of all files that are here, without links and what marks the folder."""
        found = (path for path in self.path.rglob("*") if path.is_file() and not path.is_symlink())
        names = (path.relative_to(self.path).as_posix() for path in found)
        return frozenset(name for name in names if name not in (files.MARKER, files.WRITTEN))

    def remove(self, name: str) -> None:
        """Remove a file, where it is there and no link."""
        if not _link_on_the_way(self.path, name):
            files.remove(self.path / name)

    def own(self) -> frozenset[str]:
        """Return the names of files that runs wrote here: of the manifest, and of a run that is not whole."""
        names = set()
        if self.held(files.MANIFEST) is not None:
            # Damaged, it names no files.
            with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
                names |= {*_ABOUT, *json.loads(self.read_bytes(files.MANIFEST))["files"].keys()}
            names |= {files.SIGNATURE} if (self.path / files.SIGNATURE).is_file() else set()
        names |= set(self.read_bytes(files.WRITTEN).decode("utf-8", "replace").splitlines())
        return frozenset(name for name in names if _is_inside(name))

    def read_bytes(self, name: str, *, most: int = files.MOST_BYTES) -> bytes:
        """Return what a file holds that may be read, as `held` has it; nothing where there is none."""
        path = self.held(name, most=most)
        return b"" if path is None else path.read_bytes()

    def _refuse_strangers(self, names: Iterable[str]) -> None:
        """Refuse to write over what no run wrote, or through a link."""
        own = self.own()
        for name in names:
            _refuse_link(self.path, name)
            if name not in own and (self.path / name).exists():
                what = marked("was not written by a run, and a run would replace it")
                hint = marked(
                    "move it elsewhere, or choose another --out; finished cells are kept for --resume"
                )
                raise ArtifactError.at(str(self.path / name), what, hint=hint)

    def files(self) -> tuple[str, ...]:
        """Return the paths of the reported files that are there, sorted, with forward slashes; no links."""
        found = (file for pattern in files.REPORTED for file in self.path.glob(pattern) if file.is_file())
        names = (file.relative_to(self.path).as_posix() for file in found)
        return tuple(sorted(name for name in names if not _link_on_the_way(self.path, name)))

    def tables(self) -> tuple[str, ...]:
        """Return the files of the tables that the run has, as this version names them, sorted."""
        parquet = {table.file for table in PARQUET_TABLES}
        names = self._as_now().files(self.files())
        return tuple(name for name in names if name.endswith(".csv") or name in parquet)

    def hashes(self) -> Mapping[str, str]:
        """Return the SHA-256 of every reported file."""
        return {name: files.sha256_of(self.path / name) for name in self.files()}

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write a file atomically.

        Raises
        ------
        ArtifactError
            Where it cannot be written, or a link is in its place.
        """
        self._written.pop(name.removesuffix(".csv"), None)
        files.write_atomically(self.inner(name), data)

    def write_text(self, name: str, text: str) -> None:
        """Write a UTF-8 text file atomically."""
        self.write_bytes(name, text.encode("utf-8"))

    def write_table(self, name: str, frame: pd.DataFrame) -> None:
        """Write a tidy table as ``NAME.csv``; floats keep all their digits.

        Raises
        ------
        HarnessError
            Where rows of a table that is joined have one key.
        """
        for table in JOINED:
            if table.file == f"{name}.csv":
                table.require_unique(frame)
        text = csv_text(frame)
        self.write_text(f"{name}.csv", text)
        if len(frame) <= MOST_AT_HAND:
            self._written[name] = from_csv(text) if len(frame) else as_read(frame)

    def read_table(self, name: str) -> pd.DataFrame:
        """Return a table in the present format; an empty frame without columns where there is none.

        One of the harness that is in parquet alone is read from there. One that this object wrote is at hand,
        unless it is large, and is not read again.

        Raises
        ------
        ArtifactError
            Where the file is no such table.
        """
        if name in self._written:
            return self._written[name]
        if name not in TABLES and any(table.name == name for table in PARQUET_TABLES):
            return self.read_parquet(name)
        frame = self._as_now().table(f"{name}.csv", self._stored)
        return as_read(frame) if self._as_now().is_earlier and len(frame) else frame

    def write_parquet(self, name: str, frame: pd.DataFrame) -> None:
        """Write a large table as ``NAME.parquet``."""
        with files.replacing(self.inner(f"{name}.parquet")) as file:
            frame.to_parquet(file, index=False)

    def read_parquet(self, name: str) -> pd.DataFrame:
        """Return a table of a parquet file as `read_table` does.

        Raises
        ------
        ArtifactError
            Where the file is no such table.
        """
        return self._as_now().table(f"{name}.parquet", self._stored)

    def _stored(self, file: str) -> pd.DataFrame:
        """Return a table as the folder has it."""
        path = self.held(file, most=files.MOST_TABLE_BYTES)
        if path is None:
            return pd.DataFrame()
        with _readable(path):
            if path.suffix == ".parquet":
                return _from_parquet(path)
            frame = from_csv(path.read_text("utf-8"))
        messages = self._messages()
        return coded_texts(frame, messages) if messages else frame

    @property
    def is_earlier(self) -> bool:
        """Whether the run was written in an earlier format."""
        return self._as_now().is_earlier

    def _as_now(self) -> Migrated:
        """Return this folder as one of the present format; one without a manifest is being written in it."""
        if self.held(files.MANIFEST) is None:
            return Migrated({})
        with _readable(self.path / files.MANIFEST):
            text = self.read_bytes(files.MANIFEST).decode("utf-8")
            if text not in self._migrated:
                self._migrated.clear()
                self._migrated[text] = folder_of(text)
        return self._migrated[text]

    def write_manifest(self, manifest: Manifest) -> None:
        """Write the manifest, last of all files, with the hashes of the others, and its own next to it."""
        self._write_manifest(replace(manifest, files=self.hashes()).to_json())

    def amend_manifest(self, *, forced: Sequence[str]) -> None:
        """Write the manifest with the hashes of the files that are here now; its format and all else stay.

        Parameters
        ----------
        forced : files that had changed when a report was forced, in addition to those that it names
        """
        with _readable(self.path / files.MANIFEST):
            content = json.loads(self.read_bytes(files.MANIFEST))
            every = list(dict.fromkeys((*content.get("forced", ()), *forced)))
            self._write_manifest(json_text({**content, "files": self.hashes(), "forced": every}))

    def _write_manifest(self, text: str) -> None:
        self.write_bytes(files.MANIFEST_SUM, files.sum_line(text.encode()))
        self.write_bytes(files.MANIFEST, text.encode())

    def manifest(self) -> Manifest:
        """Return the manifest, of the present format.

        Raises
        ------
        ArtifactError
            Where its format is not read, or naming every key that is missing or of a wrong type.
        """
        with _readable(self.path / files.MANIFEST):
            manifest = manifest_of(self.read_bytes(files.MANIFEST).decode("utf-8"))
        messages = self._messages()
        return coded_manifest(manifest, messages) if messages else manifest

    def _messages(self) -> Messages:
        """Return what was filled into the texts of a folder of format 12; later ones have it in tables."""
        path = self.held(files.MESSAGES)
        if path is None or not self.is_earlier:
            return {}
        with _readable(path):
            return TypeAdapter(Messages).validate_json(path.read_bytes())


def _is_inside(name: str) -> bool:
    """Return whether a listed name is that of a file in the folder; a list may have been tampered with."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\0" not in name


def _link_on_the_way(folder: Path, name: str) -> Path | None:
    """Return the first link among a file within a folder and the folders that it is in there."""
    path = folder
    for part in PurePosixPath(name).parts:
        path /= part
        if path.is_symlink():
            return path
    return None


def _refuse_link(folder: Path, name: str) -> None:
    link = _link_on_the_way(folder, name)
    if link is not None:
        what = Coded(
            "is a link to {readlink}, and links inside a run folder are not followed",
            readlink=link.readlink(),
        )
        raise ArtifactError.at(
            str(link), what, hint=Coded("remove the link, or {elsewhere}", elsewhere=_ELSEWHERE)
        )


def _from_parquet(path: Path) -> pd.DataFrame:
    """Read a parquet file unless it would unpack to more than is read, as a packed one of few bytes may.

    Raises
    ------
    ArtifactError
        Where it would.
    """
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        held = file.metadata
        n_bytes = sum(held.row_group(at).total_byte_size for at in range(held.num_row_groups))
        n_bytes = max(n_bytes, 8 * held.num_rows * held.num_columns)
    if n_bytes > files.MOST_TABLE_BYTES:
        what = Coded("unpacks to {n_bytes} bytes", n_bytes=f"{n_bytes:,}")
        expected = Coded("at most {most_table_bytes} bytes", most_table_bytes=f"{files.MOST_TABLE_BYTES:,}")
        raise ArtifactError.at(str(path), what, expected, marked("take a whole copy of the folder"))
    return pd.read_parquet(path)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what a library raises on a damaged file into an ArtifactError."""
    try:
        yield
    except (OSError, ValueError, TypeError, RecursionError) as error:
        problem = Problem(
            str(path),
            Coded("is damaged: {error}", error=error),
            hint=marked("take a whole copy of the folder, or run the study again"),
        )
        raise ArtifactError(problem) from error

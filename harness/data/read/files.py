"""The data of a study: files, found, local and regular, read by their format; datasets; simulated panels."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pandas as pd

from harness.data.data_spec import DataSpec, FileSpec
from harness.data.messages import few
from harness.data.read import source as sources
from harness.data.read.clean import interpret
from harness.data.read.columnar import PARQUET
from harness.data.read.contiguity import with_neighbours
from harness.data.read.source import DataFile, Dataset, FileReader, Reading, Source, Table
from harness.data.shape.merge import append, merge
from harness.data.shipped import harness_readers
from harness.errors import DataError, PluginError, near_names
from harness.language import Coded, marked

PICKLES = frozenset({".pkl", ".pickle", ".joblib", ".pt", ".pth", ".npy", ".npz", ".rds", ".rdata"})

# Largest file that is read; text takes about ten times its size in memory.
MAX_BYTES = 1 << 29


def read_source(source: Source, reader: FileReader, *, title: str = "") -> Table:
    """Return the table in the bytes of a file.

    Parameters
    ----------
    title : of the table, for the report

    Raises
    ------
    DataError
        Where the file is broken or empty, or is not what its spec says.
    """
    reading, source = reader.read(source), source.of_sheet
    if not isinstance(reading, Reading):
        raise PluginError.returned(reading, "a harness.plugin.Reading", by=f"reader {reader.name}: read")
    sources.check_header(list(reading.frame.columns), source.origin)
    sources.refuse_empty(reading.frame, source.origin)
    reading = interpret(replace(reading, frame=sources.numbered(reading.frame)), source)
    digest, found = hashlib.sha256(source.content + source.catalog).hexdigest(), reading
    table = Table(found.frame, source.origin, title, "", digest, found.notes)
    return replace(table, labels=found.labels, records=found.records)


_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


@dataclass(frozen=True)
class DataFolder:
    """Where the files that a study names lie.

    Attributes
    ----------
    root : folder that relative paths start at
    allow_outside : whether files may lie outside of it, links followed
    readers : of their formats, by name
    """

    root: Path
    allow_outside: bool = False
    readers: Mapping[str, FileReader] = field(
        default_factory=lambda: {reader.name: reader for reader in harness_readers()}
    )

    def find(self, requested: str) -> Path:
        """Return the resolved path of a file, given as written.

        Raises
        ------
        DataError
            Where the path is a URL, leaves the folder and may not, or is no readable regular file.
        """
        if _URL.match(requested):
            hint = marked("download it first, and give the path of the copy")
            raise DataError.at(
                requested, marked("an address, not a file"), marked("a file on this machine"), hint
            )
        try:
            path = (self.root / requested).resolve()
            str(path).encode()  # as the run folder writes it
        except (OSError, RuntimeError, ValueError) as error:
            is_text = isinstance(error, UnicodeError)
            hint = marked("rename file and folders in UTF-8, or say PYTHONUTF8=1 if they are so named")
            unusable = Coded("is no usable path: {error}", error=error)
            raise DataError.at(
                ascii(requested), unusable, marked("a path in UTF-8"), hint if is_text else ""
            ) from error
        if not self.allow_outside and not path.is_relative_to(self.root.resolve()):
            what = marked("lies outside of the spec's folder")
            hint = marked("move the file, name it with --data, or say --allow-outside")
            expected = marked("a path within the spec's folder, links followed")
            raise DataError.at(requested, what, expected, hint)
        _refuse_irregular(path, requested)
        return path

    def reader_of(self, path: Path, origin: str) -> FileReader:
        """Return what reads a file that was found.

        Raises
        ------
        DataError
            Where the file is of no known format, or too large.
        """
        suffix = path.suffix.lower()
        with path.open("rb") as file:
            suffix = ".xlsx" if suffix == ".xls" and file.read(4) == b"PK\3\4" else suffix
        by_suffix = {
            own: reader for reader in reversed(tuple(self.readers.values())) for own in reader.suffixes
        }
        if suffix not in by_suffix:
            what = marked("files ending in '{suffix}' are not read")
            if suffix in PICKLES:
                what = marked(
                    "files ending in '{suffix}' are not read; files of this kind can run code when they are "
                    "read"
                )
            what = Coded(what, suffix=suffix)
            expected = ", ".join(own for reader in self.readers.values() for own in reader.suffixes)
            raise DataError.at(origin, what, expected, marked("export the data as csv or parquet"))
        size = path.stat().st_size
        if size > MAX_BYTES:
            what = Coded(
                "{size} MB, which may take {memory} GB in memory",
                size=f"{size / 2**20:,.0f}",
                memory=f"{size / 2**30 * 10:,.0f}",
            )
            hint = marked("keep the rows and columns of the study, or store them as parquet")
            raise DataError.at(
                origin, what, Coded("at most {most} MB", most=f"{MAX_BYTES / 2**20:,.0f}"), hint
            )
        return by_suffix[suffix]

    def read(self, spec: FileSpec, *, entity: str, time: str, path: Path | None = None) -> Table:
        """Return the table in a file that a spec names.

        Parameters
        ----------
        spec : where the file lies, and how text and workbooks are read
        entity, time : columns of names, which are read as text, and of periods
        path : of a file that was found, to be read instead

        Raises
        ------
        DataError
            Where the file is not found, of no known format, too large, broken or empty.
        """
        path = path or self.find(str(spec.path))
        origin = self.name_of(path)
        reader = self.reader_of(path, origin)
        paths = [path, *([self.find(spec.catalog)] if spec.catalog else [])]
        contents = [file.read_bytes() for file in paths]
        source = Source(contents[0], origin, entity, time, spec, b"".join(contents[1:]))
        table = read_source(source, reader, title=path.name)
        digests = [hashlib.sha256(content).hexdigest() for content in contents]
        files = (DataFile(one, self.name_of(one), own) for one, own in zip(paths, digests, strict=True))
        return replace(table, files=tuple(files))

    def name_of(self, path: Path) -> str:
        """Return the path within the folder, or the name alone: no report tells of a home folder."""
        root = self.root.resolve()
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def find_anywhere(requested: Path) -> Path:
    """Return the resolved path of a file of the command line.

    Raises
    ------
    DataError
        As `DataFolder.find` does.
    """
    return DataFolder(Path.cwd(), allow_outside=True).find(str(requested))


def _refuse_irregular(path: Path, requested: str) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        there = [neighbour.name for neighbour in path.parent.iterdir()] if path.parent.is_dir() else []
        relative = marked("check the path; a relative one starts at the spec's folder")
        hint, what = near_names(path.name, there) or relative, marked("there is no such file")
        raise DataError.at(requested, what, marked("an existing file"), hint) from error
    except OSError as error:
        raise DataError.at(
            requested, Coded("cannot be reached: {reason}", reason=error.strerror), marked("a readable file")
        ) from error
    if not stat.S_ISREG(mode):
        what = marked("is a folder") if stat.S_ISDIR(mode) else marked("is a device or pipe")
        raise DataError.at(requested, what, marked("a regular file"), marked("name the file itself"))
    if not os.access(path, os.R_OK):
        raise DataError.at(
            where=requested, what=marked("may not be read"), hint=marked("ask for the permission to read it")
        )


FRAME_FILE = "data.parquet"


@dataclass(frozen=True)
class FrameFile:
    """Data that are no file yet.

    Attributes
    ----------
    content : of the parquet file that they would be
    """

    content: bytes


def frame_file(frame: pd.DataFrame) -> FrameFile:
    """Return a table as a parquet file: named levels of its index are columns, other indices are left out.

    Equal tables give equal bytes under one version of pyarrow, so their hash tells tables apart.

    Raises
    ------
    DataError
        Where a column has no text for a name, or the name of another, or cells of several types.
    """
    import pyarrow as pa
    from pyarrow import parquet

    levels = [name for name in frame.index.names if name is not None]
    sources.check_header([*levels, *frame.columns], FRAME_FILE)
    table = frame.reset_index(levels)
    buffer = io.BytesIO()
    try:
        arrow = pa.Table.from_pandas(table, preserve_index=False)
    except (pa.ArrowException, TypeError) as error:
        what = Coded("cells cannot be stored: {names}", names="; ".join(map(str, error.args)))
        expected = marked("one type for all cells of a column")
        raise DataError.at(FRAME_FILE, what, expected, marked("convert the column")) from error
    parquet.write_table(arrow.replace_schema_metadata(None), buffer)
    return FrameFile(buffer.getvalue())


def read_frame(
    frame: FrameFile, spec: FileSpec, *, entity: str, time: str, origin: str = FRAME_FILE
) -> Table:
    """Return a script's table, as that of a file is."""
    return read_source(Source(frame.content, origin, entity, time, spec), PARQUET, title=FRAME_FILE)


def read_table(
    spec: DataSpec,
    *,
    folder: DataFolder,
    given: Path | FrameFile | None,
    datasets: Mapping[str, Dataset],
    entity: str,
    time: str,
) -> Table:
    """Read the data of a study: its first source, and the files that are joined to it.

    Parameters
    ----------
    spec : where the data come from, unless `given` says otherwise
    folder : where the files lie that the spec names
    given : the file of the command line, which may lie anywhere, or a script's table; it replaces the spec's
        source
    datasets : by name
    entity, time : columns of names, which csv files hold as text whatever it looks like, and of periods

    Raises
    ------
    DataError
        Where there is no source, no such dataset, or the file cannot be read; with all that was found.
    PluginError
        Where a dataset fails to load.
    """
    keys = {"entity": entity, "time": time}
    read = partial(folder.read, entity=entity, time=time)
    if isinstance(given, FrameFile):
        table = read_frame(given, spec, **keys)
    elif given is not None:
        table = read(spec, path=find_anywhere(given))
    elif spec.path is not None:
        table = read(spec)
    elif spec.dataset is not None:
        table = _read_dataset(spec.dataset, datasets)
    elif spec.simulate is not None:
        source = Coded("SIMULATED by {simulation}; these are not observed data", simulation=spec.simulate)
        title = Coded("{where}: {what}", where=marked("SIMULATED"), what=spec.simulate.title)
        table = _table_of(spec.simulate.draw(), spec.simulate.name, title, source, simulated=True)
    else:
        names = ", ".join(sorted(datasets))
        expected = Coded("path, dataset or simulate; datasets here are {names}", names=names)
        raise DataError.at("data", marked("this spec names no data"), expected, marked("give --data FILE"))
    others = [read(file) for file in spec.append]
    if others:
        table = append(table, others, **keys)
    for at, file in enumerate(spec.merge):
        table = merge(table, read(file), file, **keys, path=f"data.merge[{at}]")
    pairs = spec.contiguity
    if pairs is None:
        return table
    # The reader takes one column as names, which it leaves as they are written.
    by_one, by_other = (
        folder.read(pairs, entity=column, time="") for column in (pairs.entity, pairs.neighbour)
    )
    return with_neighbours(table, by_one, by_other, pairs)


def _read_dataset(name: str, datasets: Mapping[str, Dataset]) -> Table:
    if name not in datasets:
        hint = near_names(name, datasets) or marked("see harness plugins for what each one offers")
        what = Coded("there is no dataset '{name}'", name=name)
        raise DataError.at("data.dataset", what, few(sorted(datasets)), hint)
    dataset = datasets[name]
    try:
        frame = dataset.load()
    except Exception as error:
        raise PluginError.at(
            Coded("dataset '{name}'", name=name), Coded("cannot be loaded: {error}", error=error)
        ) from error
    return _table_of(frame, name, dataset.title, dataset.source)


def _table_of(frame: object, origin: str, title: str, source: str, *, simulated: bool = False) -> Table:
    if not isinstance(frame, pd.DataFrame):
        by = f"simulation {origin}: draw" if simulated else f"dataset {origin}: load"
        raise PluginError.returned(frame, "a pandas DataFrame", by=by)
    frame = frame.set_axis(sources.check_header(list(frame.columns), origin), axis="columns")
    sources.refuse_empty(frame, origin)
    digest = hashlib.sha256(frame.to_csv(index=False, lineterminator="\n").encode()).hexdigest()
    return Table(sources.numbered(frame), origin, title, source, digest, simulated=simulated)

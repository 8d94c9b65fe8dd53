"""From a spec's source, or the file given on the command line, to a table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from harness.data.data_spec import ContiguityFile, DataSpec
from harness.data.dataset import Dataset
from harness.data.file_spec import FileSpec
from harness.data.messages import few
from harness.data.read.contiguity import read_contiguity
from harness.data.read.files import FRAME_FILE, DataFolder, FrameFile, find_anywhere, read_bytes, read_file
from harness.data.read.layout import check_header
from harness.data.read.source import numbered
from harness.data.read.table import Table, refuse_empty
from harness.data.shape.merge import append, merge
from harness.data.simulate.simulation import Simulation
from harness.errors import DataError, PluginError, Problem, near_names


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
    files = _Files(folder, entity, time)
    table = _first(spec, files, given, datasets)
    if spec.append:
        table = append(table, [files.read(file) for file in spec.append], entity=entity, time=time)
    for at, file in enumerate(spec.merge):
        table = merge(table, files.read(file), file, entity=entity, time=time, place=f"data.merge[{at}]")
    if spec.contiguity is not None:
        table = _with_neighbours(table, spec.contiguity, folder)
    return table


@dataclass(frozen=True)
class _Files:
    """Files of a study: where they may lie, and which columns hold names and periods.

    Attributes
    ----------
    folder : where they lie
    entity, time : the keys
    """

    folder: DataFolder
    entity: str
    time: str

    def read(self, file: FileSpec) -> Table:
        """Read a file that the spec names."""
        return self.read_path(self.folder.find(str(file.path)), file)

    def read_path(self, path: Path, spec: FileSpec) -> Table:
        """Read a file, wherever it lies, as a spec says."""
        origin = self.folder.name_of(path)
        return read_file(path, origin=origin, spec=spec, entity=self.entity, time=self.time)

    def read_frame(self, frame: FrameFile, spec: FileSpec) -> Table:
        """Read a script's table."""
        place = Path(FRAME_FILE)
        return read_bytes(
            frame.content, place, origin=FRAME_FILE, spec=spec, entity=self.entity, time=self.time
        )


def _with_neighbours(table: Table, file: ContiguityFile, folder: DataFolder) -> Table:
    path = folder.find(str(file.path))
    found = read_contiguity(path, origin=folder.name_of(path), spec=file)
    return replace(
        table,
        contiguity=found.contiguity,
        sha256=hashlib.sha256(f"{table.sha256}{found.file.sha256}".encode()).hexdigest(),
        notes=(*table.notes, *found.notes),
        files=(*table.files, found.file),
        records=(*table.records, found.record),
    )


def _first(
    spec: DataSpec, files: _Files, given: Path | FrameFile | None, datasets: Mapping[str, Dataset]
) -> Table:
    if isinstance(given, FrameFile):
        return files.read_frame(given, spec)
    if given is not None:
        return files.read_path(find_anywhere(given), spec)
    if spec.path is not None:
        return files.read(spec)
    if spec.dataset is not None:
        return _read_dataset(spec.dataset, datasets)
    if spec.simulate is not None:
        return _simulated(spec.simulate)
    raise DataError(
        Problem(
            where="data",
            what="this spec names no data",
            expected=f"path, dataset or simulate; datasets here are {', '.join(sorted(datasets))}",
            hint="give --data FILE",
        )
    )


def _read_dataset(name: str, datasets: Mapping[str, Dataset]) -> Table:
    if name not in datasets:
        hint = near_names(name, datasets) or "see harness plugins for what each one offers"
        raise DataError(
            Problem("data.dataset", f"there is no dataset '{name}'", few(sorted(datasets)), hint),
        )
    dataset = datasets[name]
    try:
        frame = dataset.load()
    except Exception as error:
        raise PluginError(Problem(f"dataset '{name}'", f"cannot be loaded: {error}")) from error
    frame = frame.set_axis(check_header(list(frame.columns), name), axis="columns")
    refuse_empty(frame, name)
    return Table(numbered(frame), name, title=dataset.title, source=dataset.source, sha256=_digest_of(frame))


def _simulated(simulation: Simulation) -> Table:
    frame = simulation.draw()
    return Table(
        numbered(frame),
        origin=simulation.name,
        title=f"SIMULATED: {simulation.title}",
        source=f"SIMULATED by {simulation}; nobody observed these data",
        sha256=_digest_of(frame),
        simulated=True,
    )


def _digest_of(frame: pd.DataFrame) -> str:
    return hashlib.sha256(frame.to_csv(index=False, lineterminator="\n").encode()).hexdigest()

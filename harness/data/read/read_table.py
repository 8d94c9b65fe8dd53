"""From a spec's source, or the file given on the command line, to a table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from harness.data.data_spec import DataSpec
from harness.data.dataset import Dataset
from harness.data.messages import few
from harness.data.read.contiguity import with_neighbours
from harness.data.read.files import DataFolder, FrameFile, find_anywhere, read_frame
from harness.data.read.layout import check_header
from harness.data.read.source import numbered
from harness.data.read.table import Table, refuse_empty
from harness.data.shape.merge import append, merge
from harness.data.simulate.simulation import Simulation
from harness.errors import DataError, PluginError, near_names
from harness.language import Message, marked


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
    table = _first(spec, folder, given, datasets, entity=entity, time=time)
    others = [folder.read(file, entity=entity, time=time) for file in spec.append]
    if others:
        table = append(table, others, entity=entity, time=time)
    for at, file in enumerate(spec.merge):
        other = folder.read(file, entity=entity, time=time)
        table = merge(table, other, file, entity=entity, time=time, place=f"data.merge[{at}]")
    return table if spec.contiguity is None else with_neighbours(table, folder, spec.contiguity)


def _first(
    spec: DataSpec,
    folder: DataFolder,
    given: Path | FrameFile | None,
    datasets: Mapping[str, Dataset],
    *,
    entity: str,
    time: str,
) -> Table:
    if isinstance(given, FrameFile):
        return read_frame(given, spec, entity=entity, time=time)
    if given is not None:
        return folder.read(spec, entity=entity, time=time, path=find_anywhere(given))
    if spec.path is not None:
        return folder.read(spec, entity=entity, time=time)
    if spec.dataset is not None:
        return _read_dataset(spec.dataset, datasets)
    if spec.simulate is not None:
        return _simulated(spec.simulate)
    raise DataError.at(
        where="data",
        what="this spec names no data",
        expected=f"path, dataset or simulate; datasets here are {', '.join(sorted(datasets))}",
        hint="give --data FILE",
    )


def _read_dataset(name: str, datasets: Mapping[str, Dataset]) -> Table:
    if name not in datasets:
        hint = near_names(name, datasets) or "see harness plugins for what each one offers"
        raise DataError.at("data.dataset", f"there is no dataset '{name}'", few(sorted(datasets)), hint)
    dataset = datasets[name]
    try:
        frame = dataset.load()
    except Exception as error:
        raise PluginError.at(f"dataset '{name}'", f"cannot be loaded: {error}") from error
    frame = frame.set_axis(check_header(list(frame.columns), name), axis="columns")
    refuse_empty(frame, name)
    return Table(numbered(frame), name, title=dataset.title, source=dataset.source, sha256=_digest_of(frame))


def _simulated(simulation: Simulation) -> Table:
    frame = simulation.draw()
    return Table(
        numbered(frame),
        origin=simulation.name,
        title=Message("{where}: {what}", where=marked("SIMULATED"), what=simulation.title),
        source=Message("SIMULATED by {simulation}; nobody observed these data", simulation=simulation),
        sha256=_digest_of(frame),
        simulated=True,
    )


def _digest_of(frame: pd.DataFrame) -> str:
    return hashlib.sha256(frame.to_csv(index=False, lineterminator="\n").encode()).hexdigest()

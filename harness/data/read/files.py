"""From a spec's source, or the file given on the command line, to a table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from harness.data.dataset import Dataset
from harness.data.frame_file import FRAME_FILE, FrameFile
from harness.data.header import check_header
from harness.data.locate import find_file
from harness.data.locations import few
from harness.data.plan import DataSpec
from harness.data.read.excel import read_excel
from harness.data.read.parquet import read_parquet
from harness.data.read.source import Reading, Source, numbered
from harness.data.read.stata import read_stata
from harness.data.read.text import read_text
from harness.data.simulate.simulation import Simulation
from harness.data.table import Table
from harness.errors import DataError, PluginError, Problem, near_names

READERS: Mapping[str, Callable[[Source], Reading]] = MappingProxyType(
    {
        ".csv": read_text,
        ".tsv": read_text,
        ".txt": read_text,
        ".parquet": read_parquet,
        ".dta": read_stata,
        ".xlsx": read_excel,
    }
)
"""Reader of each kind of file, by its extension."""

PICKLES = frozenset({".pkl", ".pickle", ".joblib", ".pt", ".pth", ".npy", ".npz", ".rds", ".rdata"})

MAX_BYTES = 1 << 29
"""Largest file that is read; text takes about ten times its size in memory."""


def read_table(
    plan: DataSpec,
    *,
    root: Path,
    given: Path | FrameFile | None,
    datasets: Mapping[str, Dataset],
    allow_outside: bool,
    entity: str,
) -> Table:
    """Read the data of a study.

    Parameters
    ----------
    plan : where the data come from, unless `given` says otherwise
    root : folder that a path of the plan is relative to, and must stay within
    given : the file of the command line, which may lie anywhere, or a script's table; it replaces the plan's
        source
    datasets : by name
    allow_outside : whether the plan's path may leave `root`
    entity : column that csv files hold as text, whatever it looks like

    Raises
    ------
    DataError
        Where there is no source, no such dataset, or the file cannot be read; with all that was found.
    PluginError
        Where a dataset fails to load.
    """
    if isinstance(given, FrameFile):
        return _read_bytes(given.content, Path(FRAME_FILE), origin=FRAME_FILE, plan=plan, entity=entity)
    if given is not None:
        path = find_file(str(given), root=Path.cwd(), allow_outside=True)
        return _read_file(path, origin=_origin(path, root), plan=plan, entity=entity)
    if plan.path is not None:
        path = find_file(plan.path, root=root, allow_outside=allow_outside)
        return _read_file(path, origin=_origin(path, root), plan=plan, entity=entity)
    if plan.dataset is not None:
        return _read_dataset(plan.dataset, datasets)
    if plan.simulate is not None:
        return _simulated(plan.simulate)
    raise DataError(
        Problem(
            where="data",
            what="this spec names no data",
            expected=f"path, dataset or simulate; datasets here are {', '.join(sorted(datasets))}",
            hint="give --data FILE",
        )
    )


def _origin(path: Path, root: Path) -> str:
    """Return the path relative to the project, or the name alone: no report tells of a home folder."""
    folder = root.resolve()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def _read_file(path: Path, *, origin: str, plan: DataSpec, entity: str) -> Table:
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise DataError(_unknown_format(origin, suffix))
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise DataError(
            Problem(
                where=origin,
                what=f"{size / 2**20:,.0f} MB, which may take {size / 2**30 * 10:,.0f} GB in memory",
                expected=f"at most {MAX_BYTES / 2**20:,.0f} MB",
                hint="keep the rows and columns of the study, or store them as parquet",
            )
        )
    table = _read_bytes(path.read_bytes(), path, origin=origin, plan=plan, entity=entity)
    return replace(table, path=path)


def _read_bytes(content: bytes, path: Path, *, origin: str, plan: DataSpec, entity: str) -> Table:
    """Return the table in the bytes of a file, whose ending says how to read them."""
    reading = READERS[path.suffix.lower()](Source(content, origin, entity, plan))
    _refuse_empty(reading.frame, origin)
    digest = hashlib.sha256(content).hexdigest()
    return Table(reading.frame, origin, title=path.name, source="", sha256=digest, notes=reading.notes)


def _unknown_format(origin: str, suffix: str) -> Problem:
    danger = "; files of this kind can run code when they are read" if suffix in PICKLES else ""
    return Problem(
        where=origin,
        what=f"files ending in '{suffix}' are not read{danger}",
        expected=", ".join(READERS),
        hint="export the data as csv or parquet",
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
    _refuse_empty(frame, name)
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


def _refuse_empty(frame: pd.DataFrame, origin: str) -> None:
    if frame.empty:
        what = "no columns" if not frame.shape[1] else "0 rows"
        raise DataError(Problem(origin, what, "at least one column and one row", "export the data again"))

"""The rules of preparation steps, datasets and simulated panels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints
from harness.conformance.check import Skipped, Violation, refuse, rule
from harness.conformance.panels import COLUMNS, ordinary_panel
from harness.data.data_spec import FileSpec
from harness.data.dataset import Dataset
from harness.data.key import Key
from harness.data.prepare.step import (
    Calendar,
    Column,
    LearnedStep,
    PanelStep,
    RowStep,
    Step,
    StepGroup,
    TableColumns,
    TableStep,
    single_steps,
)
from harness.data.read.source import FileReader, Source
from harness.data.simulate.simulation import HasTruth, Simulation
from harness.errors import DataError

# Values of columns that a step takes as groups: thirds of the numbers, from the least.
THIRDS = ("high", "low", "middle")


def require_words(member: object, *names: str) -> None:
    """Refuse a member that has nothing to say where the report shows what it says.

    Raises
    ------
    Violation
        Where a value is no text, or an empty one.
    """
    for name in names:
        said = getattr(member, name)
        if not isinstance(said, str) or not said.strip():
            raise Violation(f"`{name}` is {said!r}, and the report shows it")


def require_column(found: object, n_obs: int, *, what: str) -> Floats:
    """Return a result that has to be one number a row.

    Raises
    ------
    Violation
        Where it is no array of numbers, (n_obs,).
    """
    column = np.asarray(found)
    if column.shape != (n_obs,) or column.dtype.kind not in "fiub":
        found_as = f"of shape {column.shape} and type {column.dtype}"
        raise Violation(f"{what} is {found_as}, not ({n_obs},) of numbers")
    return column.astype(np.float64)


def unchanged(columns: Mapping[str, Floats], use: Callable[[Mapping[str, Floats]], Any]) -> Any:  # noqa: ANN401 - what `use` returns
    """Return what comes of using columns, which must be as they were afterwards.

    Raises
    ------
    Violation
        Where a column is changed, or one that is not among them is requested.
    """
    given = {name: values.copy() for name, values in columns.items()}
    try:
        found = use(given)
    except KeyError as error:
        raise Violation(f"asks for {error}, which it does not declare") from error
    for name, values in columns.items():
        refuse(not np.array_equal(given[name], values, equal_nan=True), f"changes its input '{name}'")
    return found


@rule("step")
def row_aligned(member: StepGroup | Step | TableStep) -> str:
    """Check that a column has a number for each row, whatever the order of the rows.

    Prepare the column, and again on the rows in the reverse order.
    """
    turned = np.arange(ordinary_panel().n_obs)[::-1]
    found, again = (_prepared(member, rows) for rows in (turned[::-1], turned))
    for into, cells in found.items():
        refuse(not np.isfinite(cells).any(), f"no row of '{into}' has a value")
        if not np.allclose(cells[turned], again[into], rtol=1e-9, equal_nan=True):
            raise Violation(f"'{into}' is another where the rows come in another order")
    return ", ".join(found)


@rule("step", "row_aligned", name="repeatable")
def equal_columns(member: StepGroup | Step | TableStep) -> None:
    """Check that a step gives the same column each time, and leaves its inputs alone.

    Prepare the column twice.
    """
    rows = np.arange(ordinary_panel().n_obs)
    found, again = (_prepared(member, rows) for _ in range(2))
    for into, cells in found.items():
        if not np.array_equal(cells, again[into], equal_nan=True):
            raise Violation(f"'{into}' differs from one call to the next")


def _prepared(written: StepGroup | Step | TableStep, rows: Ints) -> Mapping[str, Floats]:
    """Return the columns of a step on positive columns, given those alone that each declares as inputs."""
    panel = ordinary_panel().take(rows)
    named = dict(zip(COLUMNS, panel.X.T, strict=True))
    every = {name: np.exp((x - x.mean()) / x.std()) for name, x in named.items()}
    calendar = Calendar(panel.entity.codes, panel.period, {label: int(label) for label in panel.time.labels})
    found: dict[str, Floats] = {}
    if isinstance(written, TableStep):
        expansion = written.expand(_table(written, every))
        steps = expansion.steps
        found = {name: np.asarray(cells, dtype=np.float64) for name, cells in expansion.columns.items()}
    else:
        steps = single_steps(written)
    for step in steps:
        found[step.into] = _one_column(step, every | found, calendar)
    return found


def _table(step: TableStep, every: Mapping[str, Floats]) -> TableColumns:
    """Return columns of numbers, those that the step takes as groups by their thirds too."""
    groups = {}
    for name in step.grouped:
        _require_known(name, every)
        codes = np.searchsorted(np.quantile(every[name], [1 / 3, 2 / 3]), every[name])
        groups[name] = Key(name, THIRDS, codes)
    return TableColumns(groups, step.inputs)


def _require_known(name: str, every: Mapping[str, Floats]) -> None:
    refuse(name not in every, f"asks for '{name}': give it columns of the panel, {', '.join(COLUMNS)}")


def _one_column(step: Step, every: Mapping[str, Floats], calendar: Calendar) -> Floats:
    for name in step.inputs:
        _require_known(name, every)
    columns = {name: every[name] for name in step.inputs}
    found = unchanged(columns, lambda given: _column(step, given, calendar))
    return require_column(found, calendar.entity.size, what=f"'{step.into}'")


def _column(step: Step, columns: Mapping[str, Floats], calendar: Calendar) -> Floats:
    if isinstance(step, LearnedStep):
        return step.learn(columns).compute(columns)
    if isinstance(step, PanelStep):
        reached = {name: Column.of(cells) for name, cells in columns.items()}
        return step.across(reached, calendar).cells
    if isinstance(step, RowStep):
        return step.compute(columns)
    kind = type(step).__name__
    raise Violation(f"{kind} is no RowStep, PanelStep or LearnedStep: it lacks one of their members")


@rule("dataset")
def loads(member: Dataset) -> str:
    """Check that loading gives a table with rows, and columns of different names, the same each time.

    Load twice; what is done to one table must not show in the next.
    """
    require_words(member, "title", "source")
    return _two_tables(member.load(), member.load())


@rule("reader")
def refuses(member: FileReader) -> None:
    """Check that bytes that are no file of the format are refused by a DataError.

    Read a few bytes that no format begins with.
    """
    source = Source(b"\x00\xff\x00 no such file", f"file{member.suffixes[0]}", "entity", "time", FileSpec())
    try:
        frame = member.read(source).frame
    except DataError:
        return
    raise Violation(f"they are read as a table of {frame.shape[0]} rows; see `Source.read_as`")


@rule("reader", "refuses")
def reads(member: FileReader) -> str:
    """Check that a whole file is read as a table with rows, and columns of different names.

    Read the reader's `example` twice.
    """
    refuse(not member.example, "no file was read: give `FileReader` the bytes of a small one as `example`")
    source = Source(member.example, f"file{member.suffixes[0]}", "entity", "time", FileSpec())
    return _two_tables(member.read(source).frame, member.read(source).frame)


@rule("simulation")
def drawn(member: Simulation) -> str:
    """Check that drawing gives a table with rows, and columns of different names, the same each time.

    Draw twice.
    """
    require_words(member, "title")
    return _two_tables(member.draw(), member.draw())


@rule("simulation", "drawn")
def truth(member: Simulation) -> str:
    """Check that an outcome's expected value is known for the rows of the draw, in any order, and used.

    Ask for every column, and for the same rows in the reverse order.
    """
    frame = member.draw()
    known = []
    for outcome in frame.columns:
        try:
            found = member.expected(frame, outcome=outcome)
        except KeyError:
            continue
        truth = require_column(found, len(frame), what=f"the truth of '{outcome}'")
        turned = np.asarray(member.expected(frame[::-1], outcome=outcome))
        if not np.allclose(turned[::-1], truth, rtol=1e-12) or not np.isfinite(truth).all():
            raise Violation(f"the truth of '{outcome}' depends on the order of the rows, or is not finite")
        known.append(str(outcome))
    if not known:
        raise Skipped("no column of the draw has a truth; outcomes are prepared from them")
    unused = "no scenario asks for the truth: declare `outcomes`, `exposure` and `moderators`"
    refuse(not isinstance(member, HasTruth), unused)
    return ", ".join(known)


def _two_tables(first: pd.DataFrame, second: pd.DataFrame) -> str:
    refuse(not isinstance(first, pd.DataFrame), f"gives a {type(first).__name__}, not a pandas DataFrame")
    if first.empty or not first.columns.is_unique:
        raise Violation("the table has no rows, no columns, or two columns of one name")
    refuse(not first.equals(second), "the table differs from one call to the next")
    return f"{len(first)} rows, {len(first.columns)} columns"

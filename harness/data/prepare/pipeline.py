"""The steps that columns follow from, run over the columns of a panel in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats, Ints, Mask
from harness.data.messages import Account, ProblemCollector, RowLocator, StepRecord
from harness.data.panel import Derivation
from harness.data.prepare.step import (
    Calendar,
    Column,
    ExplainedDerivation,
    LearnedStep,
    PanelStep,
    RowStep,
    Step,
    WarningDerivation,
)
from harness.data.read.numbers import require_range
from harness.errors import DataError


@dataclass(frozen=True, eq=False)
class PreparedColumns:
    """Raw and prepared columns.

    Attributes
    ----------
    columns : by name, (n_obs,) each
    derivations : how a prepared column follows from others of its row, by the prepared column's name
    records : what each step did, in order
    """

    columns: Mapping[str, Column]
    derivations: Mapping[str, Derivation]
    records: tuple[StepRecord, ...]


def run_steps(
    raw: Mapping[str, Floats],
    steps: Sequence[Step],
    *,
    calendar: Calendar | None,
    fit_rows: Ints,
    locator: RowLocator,
    problems: ProblemCollector,
) -> PreparedColumns:
    """Compute the columns of all steps whose inputs are there.

    Parameters
    ----------
    raw : by name, (n_obs,) each, NaN where a cell is missing
    steps : in the order of the spec
    calendar : of the rows; None where the keys are broken, and panel steps are passed over
    fit_rows : positions of the rows that learned steps learn from; those that lack an input are left out
    locator : of the rows, for messages
    problems : where steps that have no result in some rows, or learn nothing, are reported; their columns are
        left out
    """
    columns = {name: Column(values, np.zeros(values.shape, dtype=np.bool_)) for name, values in raw.items()}
    derivations: dict[str, Derivation] = {}
    records = []
    for step in steps:
        if not set(step.inputs) <= set(columns) or (isinstance(step, PanelStep) and calendar is None):
            continue
        with problems.collecting():
            if isinstance(step, PanelStep) and calendar is not None:
                column = step.across(columns, calendar)
                account = step.account(columns, column)
            else:
                derivation = _derivation(step, columns, fit_rows, locator)
                column = _derive(derivation, columns)
                notes = derivation.notes if isinstance(derivation, WarningDerivation) else ()
                account = Account(derivation.detail, notes)
                derivations[step.into] = derivation
            require_range(column.cells, name=step.into, locator=locator)
            columns[step.into] = column
            records.append(StepRecord(step.name, step.into, step.inputs, account))
    return PreparedColumns(columns, derivations, tuple(records))


def _derivation(
    step: Step, columns: Mapping[str, Column], fit_rows: Ints, locator: RowLocator
) -> ExplainedDerivation:
    values = {name: columns[name].cells for name in step.inputs}
    if isinstance(step, LearnedStep):
        complete = np.all([np.isfinite(column[fit_rows]) for column in values.values()], axis=0)
        return step.learn({name: column[fit_rows[complete]] for name, column in values.items()})
    if isinstance(step, RowStep):
        _refuse_rows(step, step.impossible(values), values, locator)
        return step
    message = f"{type(step).__name__} is none of the kinds of preparation steps"
    raise TypeError(message)


def _derive(derivation: Derivation, columns: Mapping[str, Column]) -> Column:
    inputs = [columns[name] for name in derivation.inputs]
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused by its range
        values = derivation.compute({name: columns[name].cells for name in derivation.inputs})
    return Column(values, np.any([column.unreached for column in inputs], axis=0))


def _refuse_rows(step: RowStep, impossible: Mask, values: Mapping[str, Floats], locator: RowLocator) -> None:
    if impossible.any():
        shown = {name: column[impossible][0] for name, column in values.items()}
        first = ", ".join(f"{name} = {value:g}" for name, value in shown.items())
        raise DataError.at(
            where=f"{locator.column(step.into, impossible)} (data.prepare, {step.name})",
            what=f"no result in {int(impossible.sum())} of {impossible.size} rows; first {first}",
            expected=step.demand,
            hint="leave the rows out by data.rows, or prepare the column otherwise",
        )


def needed_steps(steps: Sequence[Step], columns: Iterable[str]) -> tuple[Step, ...]:
    """Return the steps, in order, that these columns follow from."""
    wanted = set(columns)
    kept = []
    for step in reversed(steps):
        if step.into in wanted:
            wanted |= set(step.inputs)
            kept.append(step)
    return tuple(reversed(kept))


def raw_columns(steps: Sequence[Step], columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns, each once, that must be in the table for these columns and steps."""
    made = {step.into for step in steps if step.into not in step.inputs}
    asked = [*columns, *(name for step in steps for name in step.inputs)]
    return tuple(dict.fromkeys(name for name in asked if name not in made))


def ancestors(steps: Sequence[Step], column: str) -> frozenset[str]:
    """Return the raw columns that a column follows from; a raw column follows from itself."""
    return frozenset(raw_columns(needed_steps(steps, [column]), [column]))

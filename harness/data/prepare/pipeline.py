"""The steps that columns follow from, run in order, and which regressors follow from others by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.data_spec import Roles
from harness.data.messages import Account, ProblemCollector, RowLocator, StepRecord, describe_column
from harness.data.panel import Derivation
from harness.data.prepare.panel_steps import SpatialLag
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
from harness.errors import DataError, PluginError, Problem
from harness.language import Coded, marked
from harness.tables.preparation import Note


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
    columns = {name: Column.of(values) for name, values in raw.items()}
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
    if not isinstance(step, RowStep):
        message = Coded("{kind} is none of the kinds of preparation steps", kind=type(step).__name__)
        raise TypeError(message)
    impossible = step.impossible(values)
    if impossible.any():
        first = ", ".join(f"{name} = {column[impossible][0]:g}" for name, column in values.items())
        where = Coded(
            "{column} (data.prepare, {name})", column=locator.column(step.into, impossible), name=step.name
        )
        what = Coded(
            "no result in {impossible} of {size} rows; first {first}",
            impossible=int(impossible.sum()),
            size=impossible.size,
            first=first,
        )
        hint = marked("leave the rows out by data.rows, or prepare the column otherwise")
        raise DataError.at(where, what, step.demand, hint)
    return step


def _derive(derivation: Derivation, columns: Mapping[str, Column]) -> Column:
    inputs = {name: columns[name] for name in derivation.inputs}
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused by its range
        values = derivation.compute({name: column.cells for name, column in inputs.items()})
    unreached = np.any([column.unreached for column in inputs.values()], axis=0)
    if np.shape(values) != unreached.shape:
        by = f"column '{derivation.into}': {type(derivation).__name__}.compute"
        raise PluginError.returned(
            values, Coded("a number for each row, {shape}", shape=unreached.shape), by=by
        )
    return Column(values, unreached)


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


@dataclass(frozen=True)
class DerivedColumn:
    """A regressor that follows from others of its row, by one step or by several, one after the other.

    Attributes
    ----------
    into : the regressor
    inputs : columns it follows from: regressors, or columns that stay as they are
    through : prepared columns on the way, in order; the last is `into`
    parts : how each column on the way is computed, once it is known
    """

    into: str
    inputs: tuple[str, ...]
    through: tuple[str, ...]
    parts: tuple[Derivation, ...] = ()

    def derivation(self, derivations: Mapping[str, Derivation]) -> Derivation:
        """Return the steps as one derivation, made of those of the columns on the way."""
        parts = tuple(derivations[name] for name in self.through)
        return parts[0] if len(parts) == 1 else replace(self, parts=parts)

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,), from its inputs."""
        known = dict(columns)
        for part in self.parts:
            known[part.into] = part.compute({name: known[name] for name in part.inputs})
        return known[self.into]


@dataclass(frozen=True)
class DerivedColumns:
    """The regressors of a panel that follow from others.

    Attributes
    ----------
    columns : in the order they are computed; their inputs are all regressors
    notes : regressors that might be thought to follow, and do not
    """

    columns: tuple[DerivedColumn, ...]
    notes: tuple[Note, ...]


def find_derived(roles: Roles, steps: Sequence[Step], problems: ProblemCollector) -> DerivedColumns:
    """Return which regressors follow from other regressors.

    The exposure itself never follows: its counterfactual values are given. A column across periods, such as a
    lag, does not follow either, since a counterfactual of one period leaves the others as they were.

    Parameters
    ----------
    steps : in order
    problems : where a regressor is reported that follows from the exposure and from a column that is no
        regressor, so that a panel of regressors cannot say what it would be
    """
    _refuse_neighbours_outcomes(roles, steps, problems)
    made = {step.into: step for step in steps if not isinstance(step, PanelStep)}
    follows = {*roles.exposure_columns}
    derived, notes = [], []
    for name in (name for name in made if name in roles.regressors and name not in roles.exposure_columns):
        column = _follow_back(name, roles.regressors, made)
        moving = [source for source in column.inputs if source in roles.regressors]
        held = [source for source in column.inputs if source not in roles.regressors]
        if moving and not held:
            derived.append(column)
            follows |= {name} if follows.intersection(moving) else set()
        elif follows.intersection(moving):
            what = Coded(
                "follows from the exposure '{exposure}' and from {held}, no regressor; what it would be at "
                "another exposure cannot be computed",
                exposure=roles.exposure,
                held=", ".join(held),
            )
            expected = marked("columns that follow from regressors alone, or not from the exposure")
            hint = Coded(
                "add {held} to roles.controls, or take '{name}' out", held=", ".join(held), name=name
            )
            problems.add(Problem(describe_column(name, option=roles.path_of(name)), what, expected, hint))
        elif moving:
            message = Coded(
                "It is computed from {moving} and from {held}, which is not a regressor. It keeps "
                "its values when {moving} is changed.",
                moving=", ".join(moving),
                held=", ".join(held),
            )
            notes.append(Note("W-HELD", name, message))
    return DerivedColumns(tuple(derived), (*notes, *_shared_notes(roles, steps, follows)))


def _refuse_neighbours_outcomes(roles: Roles, steps: Sequence[Step], problems: ProblemCollector) -> None:
    """Report neighbours' outcomes that a step would hand to a model, those of test rows among them."""
    for step in steps:
        if not isinstance(step, SpatialLag):
            continue
        source = {step.of, *ancestors(steps, step.of)}
        outcomes = [name for name in roles.outcomes if source & {name, *ancestors(steps, name)}]
        if outcomes and not source & set(roles.regressors):
            where = describe_column(step.into, option="data.prepare, spatial_lag")
            what = Coded(
                "the mean of neighbours' '{of}' tells outcomes '{outcomes}' of rows",
                of=step.of,
                outcomes=outcomes[0],
            )
            expected = marked("a column that is no outcome, nor what one is computed from")
            hint = marked("take the spatial lag of a regressor")
            problems.add(Problem(where, Coded("{what} that are tested on", what=what), expected, hint))


def _follow_back(name: str, regressors: Sequence[str], made: Mapping[str, Step]) -> DerivedColumn:
    inputs: dict[str, None] = {}
    through: dict[str, None] = {}

    def visit(column: str) -> None:
        for source in made[column].inputs:
            if source in regressors or source not in made:
                inputs[source] = None
            else:
                visit(source)
        through[column] = None

    visit(name)
    return DerivedColumn(name, tuple(inputs), tuple(through))


def _shared_notes(roles: Roles, steps: Sequence[Step], follows: set[str]) -> Iterator[Note]:
    """Yield notes on regressors that share raw columns with the exposure, yet do not follow from it."""
    lagged = {step.into for step in steps if isinstance(step, PanelStep) and step.into not in step.inputs}
    sources = {source for name in roles.exposure_columns for source in ancestors(steps, name)}
    for name in roles.regressors:
        shared = sorted(sources & ancestors(steps, name))
        if shared and name not in follows | lagged:
            message = Coded(
                "It is computed from {shared}, as is the exposure. It keeps its values when the "
                "exposure is changed.",
                shared=", ".join(shared),
            )
            yield Note("W-HELD", name, message)

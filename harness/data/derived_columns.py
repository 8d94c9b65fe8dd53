"""Which regressors follow when the exposure, or another regressor, is given other values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.arrays import Floats
from harness.data.messages import ProblemCollector
from harness.data.panel import Derivation
from harness.data.prepare.pipeline import ancestors
from harness.data.prepare.spatial_lag import SpatialLag
from harness.data.prepare.step import PanelStep, Step
from harness.data.roles import Roles
from harness.errors import Problem
from harness.language import Message
from harness.tables.preparation import Note


@dataclass(frozen=True)
class DerivedColumn:
    """A regressor that follows from others of its row, by one step or several.

    Attributes
    ----------
    into : the regressor
    inputs : columns it follows from: regressors, or columns that stay as they are
    through : prepared columns on the way, in order; the last is `into`
    """

    into: str
    inputs: tuple[str, ...]
    through: tuple[str, ...]

    def derivation(self, derivations: Mapping[str, Derivation]) -> Derivation:
        """Return the steps as one derivation, made of those of the columns on the way."""
        if len(self.through) == 1:
            return derivations[self.into]
        return ChainedDerivation(self.into, self.inputs, tuple(derivations[name] for name in self.through))


@dataclass(frozen=True)
class ChainedDerivation:
    """Derivations one after the other, of which the last is the result.

    Attributes
    ----------
    into : column that is computed
    inputs : columns that the first derivations start from
    parts : in order
    """

    into: str
    inputs: tuple[str, ...]
    parts: tuple[Derivation, ...]

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,)."""
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
    problems.add(*_leaking(roles, steps))
    made = {step.into: step for step in steps if not isinstance(step, PanelStep)}
    follows = {*roles.exposure_columns}
    derived, notes = [], []
    for name in made:
        if name not in roles.regressors or name in roles.exposure_columns:
            continue
        column = _follow_back(name, roles.regressors, made)
        moving = [source for source in column.inputs if source in roles.regressors]
        held = [source for source in column.inputs if source not in roles.regressors]
        if moving and not held:
            derived.append(column)
            follows |= {name} if follows.intersection(moving) else set()
        elif follows.intersection(moving):
            problems.add(_incomputable(name, roles, held))
        elif moving:
            notes.append(_held_note(name, moving, held))
    return DerivedColumns(tuple(derived), (*notes, *_shared_notes(roles, steps, follows)))


def _leaking(roles: Roles, steps: Sequence[Step]) -> list[Problem]:
    """Return the neighbours' outcomes that a step would hand to a model, those of test rows among them."""
    found = []
    for step in steps:
        if not isinstance(step, SpatialLag):
            continue
        source = {step.of, *ancestors(steps, step.of)}
        outcomes = [name for name in roles.outcomes if source & {name, *ancestors(steps, name)}]
        if outcomes and not source & set(roles.regressors):
            found.append(
                Problem(
                    where=f"column '{step.into}' (data.prepare, spatial_lag)",
                    what=f"the mean of neighbours' '{step.of}' tells outcomes '{outcomes[0]}' of rows "
                    "that are tested on",
                    expected="a column that is no outcome, nor what one is computed from",
                    hint="take the spatial lag of a regressor",
                )
            )
    return found


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


def _incomputable(name: str, roles: Roles, held: Sequence[str]) -> Problem:
    return Problem(
        where=f"column '{name}' ({roles.path_of(name)})",
        what=f"follows from the exposure '{roles.exposure}' and from {', '.join(held)}, no regressor; "
        "what it would be at another exposure cannot be computed",
        expected="columns that follow from regressors alone, or not from the exposure",
        hint=f"add {', '.join(held)} to roles.controls, or take '{name}' out",
    )


def _held_note(name: str, moving: Sequence[str], held: Sequence[str]) -> Note:
    message = Message(
        "It is computed from {moving} and from {held}, which is no regressor; it keeps its "
        "values where {moving} is given others.",
        moving=", ".join(moving),
        held=", ".join(held),
    )
    return Note("W-HELD", name, message)


def _shared_notes(roles: Roles, steps: Sequence[Step], follows: set[str]) -> list[Note]:
    """Return notes on regressors that share raw columns with the exposure, yet do not follow from it."""
    lagged = {step.into for step in steps if isinstance(step, PanelStep) and step.into not in step.inputs}
    sources = {source for name in roles.exposure_columns for source in ancestors(steps, name)}
    notes = []
    for name in roles.regressors:
        shared = sorted(sources & ancestors(steps, name))
        if shared and name not in follows | lagged:
            message = Message(
                "It is computed from {shared}, as the exposure is; it keeps its values where the "
                "exposure is given others.",
                shared=", ".join(shared),
            )
            notes.append(Note("W-HELD", name, message))
    return notes

"""The section of variables: what each is, how it was prepared, and its moments; grouped by role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import gettext, marked
from harness.report.model.run import Run
from harness.report.sections.section import PackagedSection, SectionContent
from harness.report.text.numbers import count, significant
from harness.tables.preparation import PREPARATION, SUMMARY, VariableRow

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer

ROLES: Mapping[str, str] = {
    "outcome": marked("Outcomes"),
    "exposure": marked("Exposure"),
    "moderator": marked("Moderators"),
    "control": marked("Controls"),
    "instrument": marked("Instruments"),
}
"""Headings of the groups, in their order; a role that is not here has its own name as heading."""

NOISE = 1e-12
"""A mean of so few standard deviations is what rounding leaves of zero."""


@dataclass(frozen=True)
class VariableTableRow:
    """One variable in words; `prepared` names the steps that made it, and is empty for a raw column."""

    label: str
    name: str
    unit: str
    prepared: str
    n_obs: str
    mean: str
    sd: str
    sd_within: str
    sd_between: str
    low: str
    high: str


@dataclass(frozen=True)
class VariableGroup:
    """The variables of one role."""

    heading: str
    rows: tuple[VariableTableRow, ...]


@dataclass(frozen=True)
class Preparation:
    """One step in words."""

    into: str
    step: str
    inputs: str
    detail: str


@dataclass(frozen=True)
class ShownVariables:
    """The variables by role, and the steps that prepared them in their order."""

    groups: tuple[VariableGroup, ...]
    preparation: tuple[Preparation, ...]


class VariablesSection(PackagedSection):
    """What each variable is, how it was prepared, and its moments."""

    name: ClassVar[str] = "variables"
    title: ClassVar[str] = marked("Variables")
    place: ClassVar[int] = 200

    def is_present(self, run: Run, /) -> bool:
        """Return whether the run has moments of variables."""
        return bool(run.rows(SUMMARY))

    def content(self, run: Run, _renderer: FigureRenderer, /) -> SectionContent:
        """Return variables and preparation."""
        return SectionContent(
            ShownVariables(variable_table(run), preparation_table(run)),
            gettext("Variables and how they were prepared"),
        )


def variable_table(run: Run) -> tuple[VariableGroup, ...]:
    """Return the variables by role, in the order of the study."""
    variables = run.rows(SUMMARY)
    roles = [*ROLES, *dict.fromkeys(row.role for row in variables if row.role not in ROLES)]
    groups = (
        VariableGroup(
            gettext(ROLES.get(role, role)), tuple(_row(run, row) for row in variables if row.role == role)
        )
        for role in roles
    )
    return tuple(group for group in groups if group.rows)


def _row(run: Run, row: VariableRow) -> VariableTableRow:
    study = run.manifest.study
    steps = dict.fromkeys(step.step for step in run.rows(PREPARATION) if step.into == row.variable)
    return VariableTableRow(
        label=study.label(row.variable),
        name=row.variable,
        unit=study.unit(row.variable),
        prepared=", ".join(steps),
        n_obs=count(row.n),
        mean=significant(row.mean if abs(row.mean) > NOISE * row.sd else 0.0),
        sd=significant(row.sd),
        sd_within=significant(row.sd_within),
        sd_between=significant(row.sd_between),
        low=significant(row.min),
        high=significant(row.max),
    )


def preparation_table(run: Run) -> tuple[Preparation, ...]:
    """Return the steps in the order in which they ran."""
    study = run.manifest.study
    return tuple(
        Preparation(study.label(row.into), row.step, row.inputs, row.detail) for row in run.rows(PREPARATION)
    )

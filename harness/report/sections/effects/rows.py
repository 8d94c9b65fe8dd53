"""Debiased effects of a run, and the coefficients that stand beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.sections.coefficients import regime_label
from harness.tables.coefficients import COEFFICIENTS, CoefficientRow
from harness.tables.effects import EFFECTS, EffectRow
from harness.text.numbers import plain
from harness.text.plain_text import listed

SINGLE = ("line", "contrast", "derivative")
"""Forms that are numbers; the others are lines over the exposure or a moderator."""

METHODS = {
    "first_differences": marked("First differences"),
    "correlated_random_effects": marked("Correlated random effects"),
    "instrumented": marked("Instrumented"),
}
"""How methods are called."""


IN_SENTENCES = (
    *(marked("first differences"), marked("correlated random effects"), marked("instrumented")),
    *(marked("line"), marked("contrast"), marked("derivative"), marked("curve"), marked("conditional")),
)
"""What sentences call methods and forms: by their names in the table."""

FORMS = {
    "line": marked("slope"),
    "contrast": marked("contrast"),
    "derivative": marked("mean derivative"),
    "curve": marked("curve"),
    "conditional": marked("conditional effect"),
}


@dataclass(frozen=True)
class EffectSubject:
    """What one part of the section is about."""

    outcome: str
    exposure: str

    def named(self, study: StudyRecord, *, with_units: bool = False) -> str:
        """Return it in words."""
        called = study.axis_label if with_units else study.label
        return gettext("{exposure} on {outcome}").format(
            exposure=called(self.exposure), outcome=called(self.outcome)
        )


@dataclass(frozen=True)
class ModelSlope:
    """The coefficient of the exposure in a model, of rows that `where` says; empty for all rows."""

    row: CoefficientRow
    where: str


@dataclass(frozen=True, eq=False)
class SubjectEffects:
    """The debiased effects of one exposure on one outcome.

    Attributes
    ----------
    rows : all of them, also those that only have a reason
    slopes : of the exposure in models where it has one, or one in each regime, in the order of the study
    curved : estimators with powers or products of the exposure, whose coefficients are no effect each
    """

    subject: EffectSubject
    rows: tuple[EffectRow, ...]
    slopes: tuple[ModelSlope, ...]
    curved: tuple[str, ...]

    @property
    def numbers(self) -> tuple[EffectRow, ...]:
        """Effects that are numbers, the pointwise interval of each, and the rows with a reason."""
        return tuple(
            row for row in self.rows if not row.is_done or (row.form in SINGLE and row.band == "pointwise")
        )

    def lines(self, form: str) -> Sequence[tuple[EffectRow, ...]]:
        """Return the lines of one form, all their points and bands."""
        keys = dict.fromkeys(_line(row) for row in self.rows if row.is_done and row.form == form)
        return [
            tuple(row for row in self.rows if row.is_done and row.form == form and _line(row) == key)
            for key in keys
        ]

    @property
    def assumptions(self) -> tuple[tuple[str, str], ...]:
        """The methods that gave an effect, each with what it assumes."""
        found = {
            gettext(METHODS.get(row.method, row.method)): row.assumption for row in self.rows if row.is_done
        }
        return tuple(found.items())


def _line(row: EffectRow) -> tuple[str, str, str, str, str]:
    return row.scenario, row.method, row.learner, row.group, row.moderator


def effects_of(run: Run) -> tuple[SubjectEffects, ...]:
    """Return the debiased effects of a run, by outcome and exposure in the order of the table."""
    rows = run.rows(EFFECTS)
    own = run.manifest.study.exposure
    subjects = dict.fromkeys(EffectSubject(row.outcome, row.exposure or own) for row in rows)
    return tuple(
        SubjectEffects(
            subject,
            tuple(row for row in rows if EffectSubject(row.outcome, row.exposure or own) == subject),
            tuple(_slopes(run, subject)),
            _curved(run, subject),
        )
        for subject in subjects
    )


def _slopes(run: Run, subject: EffectSubject) -> Iterable[ModelSlope]:
    curved = _curved(run, subject)
    for row in _terms(run, subject):
        if row.estimator in curved:
            continue
        if row.term == subject.exposure:
            yield ModelSlope(row, "")
        elif row.term.startswith(f"{subject.exposure} ("):
            regime = row.term[len(subject.exposure) + 2 : -1]
            yield ModelSlope(row, regime_label(run.manifest.study, regime))


def _curved(run: Run, subject: EffectSubject) -> tuple[str, ...]:
    further = (f"{subject.exposure}^", f"{subject.exposure} x ")
    return tuple(dict.fromkeys(row.estimator for row in _terms(run, subject) if row.term.startswith(further)))


def _terms(run: Run, subject: EffectSubject) -> Iterable[CoefficientRow]:
    return (row for row in run.rows(COEFFICIENTS) if row.is_done and row.outcome == subject.outcome)


def slope_name(slope: ModelSlope) -> str:
    """Return what a coefficient is called, with the regime that it is of."""
    return listed([gettext("Coefficient"), *([slope.where] if slope.where else [])])


def effect_name(study: StudyRecord, row: EffectRow) -> str:
    """Return what an effect is called: its method and form, and its place where it has one."""
    parts = [gettext(METHODS.get(row.method, row.method)), gettext(FORMS.get(row.form, row.form))]
    if row.form == "contrast" and math.isfinite(row.at):
        level = study.level_at(row.exposure, row.at)
        parts[-1] = (
            gettext("{level} less {base}").format(level=level, base=study.levels[0])
            if level
            else gettext("{at} less the least value").format(at=plain(row.at))
        )
    return listed([*parts, *([row.group] if row.group else [])])

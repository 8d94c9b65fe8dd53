"""Debiased effects of a run, and the coefficients that stand next to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np

from harness.arrays import Floats, frozen_floats
from harness.findings import lines as run_lines
from harness.findings.lines import Curve, TruthLine, truth_line
from harness.findings.run import Run
from harness.language import marked, rendered, topic
from harness.record.manifest import StudyRecord
from harness.scenarios.effect.weak_instruments import ANDERSON_RUBIN, ConfidenceSet
from harness.tables.coefficients import COEFFICIENTS, CoefficientRow
from harness.tables.effects import EFFECTS, LINEAR, EffectRow
from harness.tables.table import grouped
from harness.text.effects import FORMS, METHODS
from harness.text.numbers import plain
from harness.text.plain_text import listed

gettext = topic("report.effect_rows")


# Forms that are numbers; the others are lines over the exposure or a moderator.
SINGLE = ("line", "contrast", "derivative", "interaction", "binned")

# What sentences call them: by their names in the table.
IN_SENTENCES = (
    *(marked("first differences"), marked("correlated random effects"), marked("instrumented")),
    *(marked("line"), marked("contrast"), marked("derivative"), marked("curve"), marked("conditional")),
    *(marked("interaction"), marked("binned")),
)


# What tells the lines of one form apart.
LINE = ("scenario", "method", "learner", "group", "moderator")


@dataclass(frozen=True, eq=False)
class SubjectEffects:
    """The debiased effects of one exposure on one outcome.

    Attributes
    ----------
    rows : all of them, also those that only have a reason
    slopes : coefficients of the exposure in models where it has one for all rows, in the order of the study
    curved : estimators in which no coefficient is the effect, as with powers or neighbours' means
    """

    outcome: str
    exposure: str
    rows: tuple[EffectRow, ...]
    slopes: tuple[CoefficientRow, ...]
    curved: tuple[str, ...]

    def named(self, study: StudyRecord) -> str:
        """Return exposure and outcome in words."""
        words = gettext("{exposure} on {outcome}")
        return words.format(exposure=study.label(self.exposure), outcome=study.label(self.outcome))

    @property
    def numbers(self) -> tuple[EffectRow, ...]:
        """Effects that are numbers, the pointwise interval of each, and the rows with a reason."""
        return tuple(
            row
            for row in self.rows
            if not row.is_done or (row.form in SINGLE and row.band in ("pointwise", LINEAR))
        )

    def lines(self, form: str) -> Sequence[tuple[EffectRow, ...]]:
        """Return the lines of one form, all their points and bands, in the order of the line."""
        own = grouped((row for row in self.rows if row.is_done and row.form == form), *LINE)
        return [tuple(sorted(rows, key=lambda row: row.at)) for rows in own.values()]

    def confidence_set(self, row: EffectRow) -> ConfidenceSet | None:
        """Return the set of Anderson and Rubin of an instrumented slope; None where there is none."""
        line = attrgetter(*LINE, "form")
        own = (one for one in self.rows if one.band == ANDERSON_RUBIN and line(one) == line(row))
        found = tuple((one.conf_low, one.conf_high) for one in own)
        return tuple(ends for ends in found if not math.isnan(ends[0])) if found else None

    def named_effect(self, study: StudyRecord, row: EffectRow, name: str) -> str:
        """Return the name of an effect, with its learner where there are several."""
        has_several = len({one.learner for one in self.rows if one.is_done}) > 1
        return listed([name, study.estimator_label(row.learner)]) if has_several else name


def effects_of(run: Run) -> tuple[SubjectEffects, ...]:
    """Return the debiased effects of a run, by outcome and exposure in the order of the table."""
    own = run.manifest.study.exposure
    found: dict[tuple[str, str], list[EffectRow]] = {}
    for row in run.rows(EFFECTS):
        found.setdefault((row.outcome, row.exposure or own), []).append(row)
    return tuple(_subject(run, outcome, exposure, tuple(rows)) for (outcome, exposure), rows in found.items())


def _subject(run: Run, outcome: str, exposure: str, rows: tuple[EffectRow, ...]) -> SubjectEffects:
    terms = [row for row in run.rows(COEFFICIENTS, outcome=outcome) if row.is_done]
    further = f"{exposure}^", f"{exposure} x ", f"W × {exposure}"
    curved = tuple(dict.fromkeys(row.estimator for row in terms if row.term.startswith(further)))
    slopes = (row for row in terms if row.estimator not in curved and row.term == exposure)
    return SubjectEffects(outcome, exposure, rows, tuple(slopes), curved)


def effect_name(study: StudyRecord, row: EffectRow) -> str:
    """Return what an effect is called: its method and form, and whose it is."""
    parts = [rendered(METHODS.get(row.method, row.method)), rendered(FORMS.get(row.form, row.form))]
    if row.form == "contrast" and math.isfinite(row.at):
        level = study.level_at(row.exposure, row.at)
        parts[-1] = (
            gettext("{level} less {base}").format(level=level, base=study.levels[0])
            if level
            else gettext("{at} less the least value").format(at=plain(row.at))
        )
    along = [study.label(row.moderator)] if row.moderator else []
    if row.form == "binned":
        is_test = row.band == LINEAR
        along.append(gettext("a line is enough") if is_test else gettext("at {at}").format(at=plain(row.at)))
    return listed([*parts, *along, *([row.group] if row.group else [])])


def model_curves(run: Run, effects: SubjectEffects) -> tuple[tuple[Curve, ...], TruthLine | None]:
    """Return the curves of the models, and the true one, less their means over the rows.

    They are those over the same exposure; none where no scenario gave any.
    """
    is_own = effects.exposure == run.manifest.study.exposure
    scenario = run_lines.leading_scenario(run) if is_own else ""
    rug, truth = run_lines.rug_of(run, scenario), truth_line(run, effects.outcome, scenario, "level")
    curves = (
        replace(curve, estimate=centred(curve.at, curve.estimate, rug), bands=())
        for curve in run_lines.curves_of(run, effects.outcome, scenario, "level")
    )
    return tuple(curves), truth and TruthLine(truth.at, centred(truth.at, truth.truth, rug))


def centred(at: Floats, curve: Floats, exposure: Floats) -> Floats:
    """Return a curve, (n_grid,), less its mean over the rows, whose exposures quantiles stand for."""
    return frozen_floats(curve - np.interp(exposure, at, curve).mean())

"""What the first screen shows of a run: for each outcome sentences of its findings, and two figures."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from harness.findings.gains import Gains
from harness.findings.run import Run
from harness.language import gettext
from harness.record.manifest import DataRecord
from harness.record.study import StudyRecord
from harness.report.drawing.canvas import FigureRenderer, RenderedFigure, house_style
from harness.report.front.figures import front_curve, front_gains
from harness.report.sections.section import featured
from harness.tables.findings import FINDINGS, FindingRow
from harness.text.numbers import count, percent, percent_interval
from harness.text.plain_text import joined

GAIN, EFFECT, CONTRAST, SIGN_CHANGE = "gain", "effect", "contrast", "sign_change"


@dataclass(frozen=True, eq=False)
class FrontOutcome:
    """One outcome: a sentence on gains, their figure, a curve where there is any, one on the effect."""

    label: str
    sentence: str
    gains: RenderedFigure | None
    curve: RenderedFigure | None
    effect: str


@dataclass(frozen=True, eq=False)
class Front:
    """The first screen; `shape` is that of the panel, on one line."""

    shape: str
    outcomes: tuple[FrontOutcome, ...]

    @property
    def figures(self) -> tuple[RenderedFigure, ...]:
        """Every figure of the first screen."""
        return tuple(one for own in self.outcomes for one in (own.gains, own.curve) if one is not None)


def front_of(run: Run) -> Front:
    """Return the first screen of a run."""
    study, gains = run.manifest.study, Gains(run)
    renderer = FigureRenderer(run.manifest.data.simulated)
    with house_style():
        outcomes = tuple(
            FrontOutcome(
                study.label(outcome),
                gain_sentence(run, outcome),
                front_gains(gains, outcome, renderer) if gains.candidates else None,
                front_curve(run, outcome, renderer),
                effect_sentence(run, outcome),
            )
            for outcome in study.outcomes
        )
    return Front(shape(study, run.manifest.data), outcomes)


def shape(study: StudyRecord, data: DataRecord) -> str:
    """Return the shape of the panel on one line."""
    words = gettext(
        "{n_entities} entities ({entity}) × {n_periods} periods ({first_period} to "
        "{last_period}), {n_obs} rows"
    )
    n_entities, n_periods, n_obs = map(count, (data.n_entities, data.n_periods, data.n_obs))
    return words.format(
        n_entities=n_entities,
        n_periods=n_periods,
        n_obs=n_obs,
        first_period=data.first_period,
        last_period=data.last_period,
        entity=study.label(study.entity),
    )


def gain_sentence(run: Run, outcome: str) -> str:
    """Return which estimators are established to predict an outcome better than the study's reference.

    With each stands its least gain under the protocols that keep test rows apart, as its finding has it.
    """
    study, over = run.manifest.study, run.manifest.study.reference_label
    if len(study.estimators) == 1:
        return gettext("{over} is the only estimator; nothing is compared.").format(over=over)
    key = (outcome, GAIN, study.reference)
    rows = [row for row in run.rows(FINDINGS) if (row.outcome, row.finding, row.about) == key]
    found = [row for row in rows if row.estimator]
    if not any(math.isfinite(row.estimate) for row in found):
        return gettext("no gain over {over} could be computed.").format(over=over)
    honest = [protocol for protocol in study.protocols if protocol.keeps_test_rows_apart]
    if not honest:
        return gettext(
            "no gain over {over} can be established: test rows take part in fitting under every protocol."
        ).format(over=over)
    better = [row for row in found if row.is_established]
    if not better:
        return gettext("no estimator is established to predict better than {over}.").format(over=over)
    words = gettext("{estimator} by {number}")
    named = [
        words.format(
            estimator=study.estimator_label(row.estimator),
            number=f"{percent(row.estimate)} {percent_interval(row.conf_low, row.conf_high)}".strip(),
        )
        for row in better
    ]
    unseen = gettext(", entities never seen not tested") if all(one.knows_entities for one in honest) else ""
    return gettext("better than {over}: {named} at least{unseen}.").format(
        over=over, named=joined(named), unseen=unseen
    )


def effect_sentence(run: Run, outcome: str) -> str:
    """Return one finding on the effect, established ones first, or an empty string where there is none.

    A debiased effect of the study's exposure comes before what the leading estimator says of it: whether its
    curve or contrasts move, and where none does, whether a moderator changes the sign. Effects of other
    variables come last.
    """
    study = run.manifest.study
    rows = [row for row in run.rows(FINDINGS) if row.outcome == outcome]
    # The scenario that a finding on an effect is of stands first in what it is about.
    scenarios = [re.split("[:,]", row.about, maxsplit=1)[0] for row in rows]
    own = [row for row, one in zip(rows, scenarios, strict=True) if study.exposure_of(one) == study.exposure]
    leading = [entry.id for entry in featured(run)[:1]]
    kinds = (EFFECT, CONTRAST, SIGN_CHANGE)
    return (
        _first(row for row in own if row.finding in kinds[:2] and not row.estimator)
        or _first(row for row in own if row.finding in kinds and row.estimator in leading)
        or _first(row for row in rows if row.finding in kinds[:2] and not row.estimator)
    )


def _first(rows: Iterable[FindingRow]) -> str:
    ordered = sorted(rows, key=lambda row: not row.is_established)
    return ordered[0].text if ordered else ""

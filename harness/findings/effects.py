"""Findings on effects: debiased ones, tests of a straight line, contrasts, and differences of groups."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from harness.findings.lines import POINTWISE, SIMULTANEOUS, curve_scenarios, curves_of, stretches, true_rows
from harness.findings.run import Run
from harness.record.study import StudyRecord
from harness.tables.effects import EFFECT_TESTS, EFFECTS, EffectRow
from harness.tables.findings import FindingRow
from harness.tables.gain import size_of
from harness.tables.heterogeneity import (
    CONTRASTS,
    HETEROGENEITY,
    HETEROGENEITY_DIFFERENCES,
    ContrastRow,
    DifferenceRow,
)
from harness.text.numbers import in_unit, plain
from harness.text.sentences import Sentence, finding

# Below this many entities, or so many in effect, the report warns of the normal approximation.
FEW_ENTITIES = 40

# Below this share of the exposure's variation the report warns that little is left to learn from.
LITTLE_LEFT = 0.05

# Below this first-stage F the report warns of weak instruments (Staiger and Stock 1997).
WEAK = 10.0

# Forms that are one slope, as the mean slope of a net effect curve is.
SLOPES = ("line", "derivative")

# Name of the test of a straight line among those of the effect's form.
LINEARITY = "linearity"


def debiased_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every debiased effect: of each method, form and learner, group and moderator.

    It is established where its interval excludes zero, the simultaneous band anywhere where it has several
    points, and nothing is warned of: it rests on `FEW_ENTITIES` entities or more, what is left of the
    exposure is spread as among so many, at least `LITTLE_LEFT` of its variation is left, and instruments
    have a first-stage F of `WEAK` or more.
    """
    rows = [row for row in run.rows(EFFECTS) if row.is_done and row.outcome == outcome]
    for _, same in groupby(rows, key=_effect):
        own = list(same)
        together = [row for row in own if row.band == SIMULTANEOUS]
        yield _debiased(run, together or [row for row in own if row.band == POINTWISE])


def _effect(row: EffectRow) -> tuple[str, ...]:
    """Return which effect a row is of."""
    return row.scenario, row.exposure, row.method, row.form, row.learner, row.group, row.moderator


def _debiased(run: Run, rows: Sequence[EffectRow]) -> FindingRow:
    first, study = rows[0], run.manifest.study
    clearest = max(rows, key=_clearness)
    warnings = tuple(_warnings(first, size=size_of(study.level)))
    is_established = any(map(any, map(_signs, rows))) and not warnings
    assumed = [Sentence("assumption", {"text": first.assumption})] * bool(first.assumption)
    where = [study.label(first.moderator)] * bool(first.moderator) + [first.group] * bool(first.group)
    parameters: dict[str, Any] = {
        "exposure": first.exposure,
        "method": first.method,
        "learner": first.learner,
        "form": first.form,
        "estimate": _estimate(clearest),
        "is_established": is_established,
        **({"group": first.group} if first.group else {}),
        **({"moderator": first.moderator} if first.moderator else {}),
        **_along(run, rows, clearest),
        **_not_held(run, first),
    }
    return finding(
        "effect",
        Sentence("debiased", parameters),
        outcome=first.outcome,
        about=", ".join([f"{first.scenario}: {first.form}", first.method, first.learner, *where]),
        is_established=is_established,
        estimate=_estimate(clearest),
        p_value=clearest.p_value,
        against=(*assumed, *_one_method(first), *warnings),
    )


def _one_method(row: EffectRow) -> Iterator[Sentence]:
    """Yield that no other method stands next to one that needs it."""
    if row.method != "instrumented" and math.isnan(row.p_methods):
        yield Sentence("one_method")


def _estimate(row: EffectRow | ContrastRow) -> tuple[float, float, float]:
    return row.estimate, row.conf_low, row.conf_high


def _along(run: Run, rows: Sequence[EffectRow], clearest: EffectRow) -> dict[str, Any]:
    """Return the contrasts of levels; of several points where the effect is told from zero."""
    if clearest.form == "contrast" and run.manifest.study.level_at(clearest.exposure, clearest.at):
        return {"levels": [(row.at, _estimate(row)) for row in rows]}
    if len(rows) == 1:
        return {}
    at = np.array([row.at for row in rows])
    above, below = (np.array(side) for side in zip(*map(_signs, rows), strict=True))
    return {"at": clearest.at, "above": stretches(at, above), "below": stretches(at, below)}


def _signs(row: EffectRow) -> tuple[bool, bool]:
    return row.conf_low > 0.0, row.conf_high < 0.0


def _not_held(run: Run, row: EffectRow) -> dict[str, Any]:
    """Return the mean slopes of curves, and the true one, that the interval of a slope does not hold.

    Nothing where it holds them all, there are none, or the slope is that of some rows.
    """
    if row.form not in SLOPES or row.group or row.moderator:
        return {}
    exposure_of = run.manifest.study.exposure_of
    scenario = next((name for name in curve_scenarios(run) if exposure_of(name) == row.exposure), "")
    kind = "average_effect"
    curves = [float(curve.estimate[0]) for curve in curves_of(run, row.outcome, scenario, kind)]
    beyond = [slope for slope in curves if not row.conf_low <= slope <= row.conf_high]
    true = [one.truth for one in true_rows(run, row.outcome, scenario, kind)]
    truths = [truth for truth in true if not row.conf_low <= truth <= row.conf_high]
    return {
        **({"beyond": beyond, "n_curves": len(curves)} if beyond else {}),
        **({"truths": truths} if truths else {}),
    }


def _clearness(row: EffectRow) -> float:
    """Return how many widths of its interval an effect is from zero."""
    width = row.conf_high - row.conf_low
    if width > 0.0:
        return abs(row.estimate) / width
    return math.inf if width == 0.0 else -math.inf


def _warnings(row: EffectRow, *, size: float) -> Iterator[Sentence]:
    """Yield what keeps an effect from being established."""
    if row.p_methods < size:
        yield Sentence("methods_part", {"p_value": row.p_methods})
    if row.p_learners < size:
        yield Sentence("learners_part", {"p_value": row.p_learners})
    if row.n_entities is not None and row.n_entities < FEW_ENTITIES:
        yield Sentence("few_entities", {"n_entities": row.n_entities, "least": FEW_ENTITIES})
    elif row.n_effective < FEW_ENTITIES:
        yield Sentence("few_effective", {"n_effective": row.n_effective, "least": FEW_ENTITIES})
    if row.share_left < LITTLE_LEFT:
        yield Sentence("little_left", {"share_left": row.share_left})
    if row.first_stage_f < WEAK:
        yield Sentence("weak_instruments", {"first_stage_f": row.first_stage_f})


def linearity_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every test of linearity; a nonlinearity is established where its p-value is below the level."""
    for row in run.rows(EFFECT_TESTS):
        if row.is_done and (row.outcome, row.test) == (outcome, LINEARITY):
            is_bent = row.p_value < size_of(run.manifest.study.level)
            parameters = {"exposure": row.exposure, "p_value": row.p_value, "is_rejected": is_bent}
            yield finding(
                "nonlinearity",
                Sentence("linearity", parameters),
                outcome=outcome,
                estimator=row.estimator,
                about=", ".join(filter(None, (LINEARITY, row.exposure, row.against))),
                is_established=is_bent,
                p_value=row.p_value,
            )


def contrast_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every contrast of every question.

    It is established where its simultaneous interval, which allows for all of the question, excludes zero, to
    the side on which the contrast itself is.
    """
    done = [row for row in run.rows(CONTRASTS) if row.is_done and row.outcome == outcome]
    rows = [row for row in done if row.band == SIMULTANEOUS]
    for _, same in groupby(rows, key=lambda row: (row.scenario, row.estimator)):
        own = tuple(same)
        for row in own:
            yield _contrast(run.manifest.study, row, n_contrasts=len(own))


def value_in_words(levels: Sequence[str], value: str) -> str:
    """Return a value of the exposure as tables have it in words: a level, or a number."""
    return value if levels else plain(float(value))


def _contrast(study: StudyRecord, row: ContrastRow, *, n_contrasts: int) -> FindingRow:
    estimate, where = _estimate(row), _where(study, row)
    is_established = _is_apart(*estimate)
    high, low = (value_in_words(study.levels, value) for value in (row.exposure_to, row.exposure_from))
    parameters: dict[str, Any] = {"high": high, "low": low, "where": where, "estimate": estimate}
    parameters |= {"is_established": is_established}
    return finding(
        "contrast",
        Sentence("contrast", parameters),
        outcome=row.outcome,
        estimator=row.estimator,
        about=f"{row.scenario}{where and f', {where}'}: {high} rather than {low}",
        is_established=is_established,
        estimate=estimate,
        against=[Sentence("one_of_contrasts", {"n_contrasts": n_contrasts})] * (n_contrasts > 1),
    )


def _where(study: StudyRecord, row: ContrastRow) -> str:
    """Return which rows a contrast is over, or at which moderator value; empty for all rows as they are."""
    if row.by:
        return f"{study.label(row.by)} {row.group}"
    if not row.moderator:
        return ""
    return f"{study.label(row.moderator)} {in_unit(plain(row.moderator_at), study.unit(row.moderator))}"


def _is_apart(estimate: float, low: float, high: float) -> bool:
    """Return whether an interval excludes zero, to the side on which the number itself is."""
    return min(low, estimate) > 0.0 or max(high, estimate) < 0.0


def group_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the difference of effects between every pair of groups; one sentence where there can be none.

    It is established where its interval excludes zero, to the side on which the difference itself is. Levels
    are no findings: the level of a group is the curve, which is averaged over all rows, at the exposures of
    the group, and no mean of the group.
    """
    partitions = dict.fromkeys((row.scenario, row.by) for row in run.rows(HETEROGENEITY))
    for partition in partitions:
        for entry in run.manifest.study.estimators:
            key = (*partition, outcome, entry.id, "pooled", "effect")
            rows = [
                row
                for row in run.rows(HETEROGENEITY_DIFFERENCES)
                if row.is_done
                and (row.scenario, row.by, row.outcome, row.estimator, row.mode, row.measure) == key
            ]
            if rows and not any((row.difference, row.conf_low, row.conf_high) != (0, 0, 0) for row in rows):
                # Its form has no other: an estimator has the same effect in all groups, in every draw.
                yield finding(
                    "group_difference",
                    Sentence("one_effect", {"by": partition[1]}),
                    outcome=outcome,
                    estimator=entry.id,
                    about=f"{partition[0]}, {partition[1]}",
                    is_established=False,
                    estimate=(0.0, 0.0, 0.0),
                )
                continue
            for row in rows:
                yield _difference(row, n_pairs=len(rows))


def _difference(row: DifferenceRow, *, n_pairs: int) -> FindingRow:
    difference = row.difference, row.conf_low, row.conf_high
    is_established = _is_apart(*difference)
    parameters = {name: getattr(row, name) for name in ("scenario", "by", "group", "other")}
    parameters |= {"difference": difference, "is_established": is_established}
    return finding(
        "group_difference",
        Sentence("group_difference", parameters),
        outcome=row.outcome,
        estimator=row.estimator,
        about=f"{row.scenario}, {row.by}: {row.group} less {row.other}",
        is_established=is_established,
        estimate=difference,
        against=[Sentence("one_of_pairs", {"n_pairs": n_pairs})] * (n_pairs > 1),
    )

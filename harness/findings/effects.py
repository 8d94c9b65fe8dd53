"""Findings on effects: debiased ones, tests of a straight line, contrasts, and differences of groups."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, takewhile
from typing import Any

import numpy as np

from harness.findings.lines import POINTWISE, SIMULTANEOUS, mean_slopes, stretches, true_rows
from harness.findings.run import Run
from harness.record.study import StudyRecord
from harness.scenarios.effect.scenario import TRUE_SLOPES
from harness.tables.conditional import INTERACTIONS, THRESHOLDS
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
from harness.tables.table import NAN
from harness.text.numbers import in_unit, plain
from harness.text.sentences import FindingKind, Sentence, finding

# Fewest entities with which intervals of debiased slopes were found to hold as often as they say.
FEW_ENTITIES = 30

# Below this share of the exposure's variation the report warns that little is left to learn from.
LITTLE_LEFT = 0.05

# Below this first-stage F the report warns of weak instruments (Staiger and Stock 1997).
WEAK = 10.0

# An H below this is rounding alone.
NO_H = 1e-6

# Forms that are one slope, as the mean slope of a net effect curve is.
SLOPES = tuple(TRUE_SLOPES)

# Names of tests among those of the effect's form: of a straight line, and of each number of thresholds.
LINEARITY = "linearity"
THRESHOLD_TESTS = ("one threshold", "two thresholds", "three thresholds")


# The rows of one debiased effect: its points by the simultaneous band, one row where it is a number.
Debiased = tuple[EffectRow, ...]


def debiased_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the effect that comes first, whatever it says, then every other debiased effect.

    One is established where its interval excludes zero, the simultaneous band anywhere where it has several
    points; where its p-value, adjusted for its family (Holm 1979), is below one less the level; and where
    nothing is warned of, see `_warnings`. The family of the effect that a study declares is the outcomes;
    all others on an outcome, which stand to be chosen from, are one.
    """
    first, declared = first_effect(run, outcome), run.view(_declared_p_values)
    others = [rows for rows in _effects_on(run, outcome) if rows[0].is_done and rows != first]
    if first and declared:
        yield _debiased(run, first, (declared[outcome], len(declared)), is_primary=True)
    elif first:
        others.insert(0, first)
    for rows, p_value in zip(others, _adjusted(map(_p_value, others)), strict=True):
        yield _debiased(run, rows, (p_value, len(others)), is_primary=False)


def first_effect(run: Run, outcome: str) -> Debiased:
    """Return the rows of the effect that comes first, also where they have no number; none without one."""
    one = run.manifest.study.primary
    if one is None:
        return ()
    own = [rows for rows in _effects_on(run, outcome) if not rows[0].group]
    own = [rows for rows in own if (rows[0].scenario, rows[0].learner) == (one.scenario, one.learner)]
    found = (rows for rows in own if (rows[0].method, rows[0].form) == (one.method, one.form))
    # An answer that failed as a whole has no method.
    return next(found, None) or next((rows for rows in own if not rows[0].is_done), ())


def _debiased_effects(run: Run) -> Mapping[str, tuple[Debiased, ...]]:
    """Return by outcome the rows of every effect on it, those of its simultaneous band where it has one."""
    effects: dict[str, dict[tuple[str, ...], dict[str, list[EffectRow]]]] = {}
    for row in run.rows(EFFECTS):
        about = row.scenario, row.exposure, row.method, row.form, row.learner, row.group, row.moderator
        of_outcome = effects.setdefault(row.outcome, {})
        of_outcome.setdefault(about, {}).setdefault(row.band, []).append(row)
    # What failed has no band.
    kinds = SIMULTANEOUS, POINTWISE, ""
    return {
        outcome: tuple(tuple(next(own[kind] for kind in kinds if kind in own)) for own in found.values())
        for outcome, found in effects.items()
    }


def _effects_on(run: Run, outcome: str) -> tuple[Debiased, ...]:
    return run.view(_debiased_effects).get(outcome, ())


def _p_value(rows: Debiased) -> float:
    """Return the p-value of no effect at any point: the least of those that allow for all points."""
    return min((row.p_value for row in rows if math.isfinite(row.p_value)), default=NAN)


def _declared_p_values(run: Run) -> Mapping[str, float]:
    """Return the p-value of the declared effect on each outcome, adjusted for all of them."""
    primary = run.manifest.study.primary
    if primary is None or not primary.is_declared:
        return {}
    outcomes = run.manifest.study.outcomes
    p_values = (_p_value(first_effect(run, outcome)) for outcome in outcomes)
    return dict(zip(outcomes, _adjusted(p_values), strict=True))


def _adjusted(p_values: Iterable[float]) -> list[float]:
    """Return the p-values of a family adjusted by Holm (1979)."""
    from harness.evaluation.gain import holm_adjusted

    adjusted: list[float] = holm_adjusted(np.array(list(p_values))).tolist()
    return adjusted


def _debiased(run: Run, rows: Debiased, family: tuple[float, int], *, is_primary: bool) -> FindingRow:
    """Return the finding on one effect, given its p-value adjusted for its family, and the size of that."""
    first, study = rows[0], run.manifest.study
    kind: FindingKind = "interaction" if first.form == "interaction" else "effect"
    where = [study.label(first.moderator)] * bool(first.moderator) + [first.group] * bool(first.group)
    about = ", ".join([f"{first.scenario}: {first.form}", first.method, first.learner, *where])
    if not first.is_done:
        reason = Sentence("no_effect", {"about": about, "reason": first.reason})
        return finding(
            *(kind, reason),
            outcome=first.outcome,
            about=about,
            is_established=False,
            is_primary=is_primary,
        )
    clearest, warnings = max(rows, key=_clearness), tuple(_warnings(first, size=size_of(study.level)))
    is_apart = any(map(any, map(_signs, rows))) and family[0] < size_of(study.level)
    is_established = is_apart and not warnings
    least = _least_detectable(first, family, size=size_of(study.level)) if len(rows) == 1 else NAN
    parameters: dict[str, Any] = {
        **{name: getattr(first, name) for name in ("exposure", "method", "learner", "form")},
        **{name: given for name in ("group", "moderator") if (given := getattr(first, name))},
        "estimate": _estimate(clearest),
        "p_value": _p_value(rows),
        "family": family,
        "is_primary": is_primary,
        "is_significant": is_apart,
        "is_established": is_established,
        **({} if is_apart else _undecided(study, first, least)),
        **_along(run, rows, clearest, is_established=is_established),
        **_not_held(run, first),
    }
    return finding(
        kind,
        Sentence("debiased", parameters),
        outcome=first.outcome,
        about=about,
        is_established=is_established,
        is_primary=is_primary,
        estimate=_estimate(clearest),
        p_value=_p_value(rows),
        p_adjusted=family[0],
        least_detectable=least,
        against=(
            *[Sentence("assumption", {"text": first.assumption})] * bool(first.assumption),
            *[Sentence("products")] * (kind == "interaction" and is_apart),
            *_one_method(first),
            *warnings,
        ),
    )


def _least_detectable(row: EffectRow, family: tuple[float, int], *, size: float) -> float:
    """Return the least size that the adjusted test of a number finds with a chance of four in five."""
    from harness.evaluation.gain import least_detectable

    df = (row.n_entities or 0) - 1
    return least_detectable(row.std_error, df, size=size, n_tests=family[1]) if df > 0 else NAN


def _undecided(study: StudyRecord, row: EffectRow, least: float) -> Mapping[str, float]:
    """Return that a slope is negligible where its whole interval is, or else what could have been found."""
    negligible = study.negligible.get(row.scenario, NAN)
    if row.form in SLOPES and max(abs(row.conf_low), abs(row.conf_high)) < negligible:
        return {"negligible": negligible}
    return {"least_detectable": least} if math.isfinite(least) else {}


def _one_method(row: EffectRow) -> Iterator[Sentence]:
    """Yield that no other method stands next to one that needs it."""
    if row.method != "instrumented" and math.isnan(row.p_methods):
        yield Sentence("one_method")


def _estimate(row: EffectRow | ContrastRow) -> tuple[float, float, float]:
    return row.estimate, row.conf_low, row.conf_high


def _along(run: Run, rows: Debiased, clearest: EffectRow, *, is_established: bool) -> dict[str, Any]:
    """Return the contrasts of levels; of several points where an established effect is apart from zero."""
    if clearest.form == "contrast" and run.manifest.study.level_at(clearest.exposure, clearest.at):
        return {"levels": [(row.at, _estimate(row)) for row in rows]}
    if len(rows) == 1:
        return {}
    at = np.array([row.at for row in rows])
    above, below = (np.array(side) & is_established for side in zip(*map(_signs, rows), strict=True))
    return {"at": clearest.at, "above": stretches(at, above), "below": stretches(at, below)}


def _signs(row: EffectRow) -> tuple[bool, bool]:
    return row.conf_low > 0.0, row.conf_high < 0.0


def _not_held(run: Run, row: EffectRow) -> dict[str, Any]:
    """Return what the interval of a slope does not hold: mean slopes of models, and the true number.

    The truth of a slope is the mean of true slopes that it estimates, weighted as its rows are
    (`TRUE_SLOPES`). Nothing where it holds them all, there are none, or the slope is that of some rows.
    """
    if row.form not in SLOPES or row.group or row.moderator:
        return {}
    slopes = [curve.mean for curve in mean_slopes(run, row.outcome, row.exposure)]
    beyond = [slope for slope in slopes if not row.conf_low <= slope <= row.conf_high]
    true = true_rows(run, row.outcome, row.scenario, TRUE_SLOPES[row.form])
    own = [one.truth for one in true if one.group in ("", row.method)]
    truths = [truth for truth in own if not row.conf_low <= truth <= row.conf_high]
    return {
        **({"beyond": beyond, "n_curves": len(slopes)} if beyond else {}),
        **({"truths": truths} if truths else {}),
    }


def slope_of(run: Run, outcome: str, exposure: str) -> EffectRow | None:
    """Return the debiased slope of an exposure, that which comes first before others; None without one."""
    effects = (first_effect(run, outcome), *_effects_on(run, outcome))
    slopes = (rows[0] for rows in effects if rows and rows[0].is_done and rows[0].form in SLOPES)
    return next((row for row in slopes if (row.exposure, row.group) == (exposure, "")), None)


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
    if row.is_exploratory:
        yield Sentence("exploratory_curve")
    if row.n_entities is not None and row.n_entities < FEW_ENTITIES:
        yield Sentence("few_entities", {"n_entities": row.n_entities, "least": FEW_ENTITIES})
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
                against=[Sentence("bends")] * is_bent,
            )


def threshold_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield how many thresholds the tests of every threshold model find, and where the model has its own.

    The number is that up to which every test rejects one less at the study's level; that there are any is
    established where it is one or more.
    """
    breaks = [
        row for row in run.rows(THRESHOLDS) if row.is_done and not row.scenario and row.outcome == outcome
    ]
    for (estimator, moderator), same in groupby(breaks, key=lambda row: (row.estimator, row.moderator)):
        places = [(row.at, row.conf_low, row.conf_high) for row in same]
        tests = {
            row.test: row.p_value
            for row in run.rows(EFFECT_TESTS)
            if row.is_done and (row.outcome, row.estimator) == (outcome, estimator)
        }
        p_values = [tests[name] for name in THRESHOLD_TESTS if name in tests]
        if not p_values:
            continue
        found = list(takewhile(lambda p_value: p_value < size_of(run.manifest.study.level), p_values))
        parameters = {"moderator": moderator, "n_found": len(found), "p_values": p_values, "places": places}
        yield finding(
            "threshold",
            Sentence("threshold", parameters),
            outcome=outcome,
            estimator=estimator,
            about=moderator,
            is_established=bool(found),
            estimate=places[0],
            p_value=p_values[0],
            against=[Sentence("breaks")] * bool(found),
        )


def interaction_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every model's measure of interaction (Friedman and Popescu 2008), which establishes nothing.

    Estimated from noisy predictions it is above zero even where there is no interaction. The test is the
    debiased slope of the product, the form ``interaction`` of debiased effects.
    """
    for row in run.rows(INTERACTIONS):
        if (
            row.is_done
            and (row.outcome, row.measure) == (outcome, "friedman_h")
            and math.isfinite(row.estimate)
        ):
            estimate = row.estimate, row.conf_low, row.conf_high
            exposure = run.manifest.study.exposure_of(row.scenario)
            place = {"exposure": exposure, "moderator": row.moderator}
            told = Sentence("friedman_h", place | {"h": estimate})
            yield finding(
                "interaction",
                told if row.estimate > NO_H else Sentence("no_interaction", place),
                outcome=outcome,
                estimator=row.estimator,
                about=f"{row.scenario}: {row.moderator}",
                is_established=False,
                estimate=estimate,
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

    It is established where its interval excludes zero, to the side on which the difference itself is, and
    its p-value is below one less the level, adjusted for all pairs and estimators of the question (Holm
    1979). Levels are no findings: the level of a group is the curve, which is averaged over all rows, at the
    exposures of the group, and no mean of the group.
    """
    for scenario, by in dict.fromkeys((row.scenario, row.by) for row in run.rows(HETEROGENEITY)):
        key = (scenario, by, outcome, "pooled", "effect")
        rows = [
            row
            for row in run.rows(HETEROGENEITY_DIFFERENCES)
            if row.is_done and (row.scenario, row.by, row.outcome, row.mode, row.measure) == key
        ]
        pairs = list(zip(rows, _adjusted(row.p_value for row in rows), strict=True))
        for entry in run.manifest.study.estimators:
            own = [(row, p_value) for row, p_value in pairs if row.estimator == entry.id]
            if own and not any((row.difference, row.conf_low, row.conf_high) != (0, 0, 0) for row, _ in own):
                # Its form has no other: an estimator has the same effect in all groups, in every draw.
                yield finding(
                    "group_difference",
                    Sentence("one_effect", {"by": by}),
                    outcome=outcome,
                    estimator=entry.id,
                    about=f"{scenario}, {by}",
                    is_established=False,
                    estimate=(0.0, 0.0, 0.0),
                )
                continue
            for row, p_value in own:
                yield _difference(run.manifest.study, row, p_value, n_pairs=len(pairs))


def _difference(study: StudyRecord, row: DifferenceRow, p_value: float, *, n_pairs: int) -> FindingRow:
    difference = row.difference, row.conf_low, row.conf_high
    is_established = _is_apart(*difference) and p_value < size_of(study.level)
    parameters = {name: getattr(row, name) for name in ("scenario", "by", "group", "other")}
    parameters |= {"difference": difference, "p_value": p_value, "is_established": is_established}
    return finding(
        "group_difference",
        Sentence("group_difference", parameters),
        outcome=row.outcome,
        estimator=row.estimator,
        about=f"{row.scenario}, {row.by}: {row.group} less {row.other}",
        is_established=is_established,
        estimate=difference,
        p_value=row.p_value,
        p_adjusted=p_value,
        against=[Sentence("one_of_pairs", {"n_pairs": n_pairs})] * (n_pairs > 1),
    )

"""Findings on debiased effects: the one that comes first, all others, and indirect ones through mediators."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from harness.findings.lines import POINTWISE, SIMULTANEOUS, mean_slopes, stretches, true_rows
from harness.findings.run import Run
from harness.record.manifest import StudyRecord
from harness.scenarios.effect.cell import ENTITIES_OF_LEARNERS
from harness.scenarios.effect.scenario import TRUE_SLOPES
from harness.tables.decision import size_of
from harness.tables.effects import EFFECTS, INDIRECT, MEDIATION, EffectRow, MediationRow
from harness.tables.findings import FindingRow
from harness.tables.table import NAN
from harness.text.sentences import FindingKind, Sentence, finding


def holm(p_values: Iterable[float]) -> list[float]:
    """Return the p-values of a family adjusted by Holm (1979)."""
    from harness.evaluation.gain import holm_adjusted

    adjusted: list[float] = holm_adjusted(np.array(list(p_values))).tolist()
    return adjusted


# Fewest entities with which intervals of debiased slopes were found to hold as often as they say.
FEW_ENTITIES = 30

# Below this share of the exposure's variation the report warns that little is left to learn from.
LITTLE_LEFT = 0.05

# Below this first-stage F the report warns of weak instruments (Staiger and Stock 1997).
WEAK = 10.0

# Forms that are one slope, as the mean slope of a net effect curve is.
SLOPES = tuple(TRUE_SLOPES)

# What a sentence says of slopes of models and of the truth.
NOT_HELD = frozenset({"beyond", "n_curves", "truths"})

# The rows of one debiased effect: its points by the simultaneous band, one row where it is a number.
Debiased = tuple[EffectRow, ...]


def debiased_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the effect that comes first, whatever it says, then every other debiased effect.

    One is significant where its interval excludes zero, the simultaneous band anywhere where it has several
    points; where its p-value, adjusted for its family (Holm 1979), is below one less the level; and where
    nothing is warned of, see `_warnings`. The family of the effect that a study declares is the outcomes;
    all others on an outcome, which stand to be chosen from, are one.
    """
    first, declared = first_effect(run, outcome), run.view(_declared_p_values)
    others = [rows for rows in effects_on(run, outcome) if rows[0].is_done and rows != first]
    if first and declared:
        yield _debiased(run, first, (declared[outcome], len(declared)), is_primary=True)
    elif first:
        others.insert(0, first)
    for rows, p_value in zip(others, holm(map(_p_value, others)), strict=True):
        yield _debiased(run, rows, (p_value, len(others)), is_primary=False)


def first_effect(run: Run, outcome: str) -> Debiased:
    """Return the rows of the effect that comes first, also where they have no number; none without one."""
    one = run.manifest.study.primary
    if one is None:
        return ()
    own = [rows for rows in effects_on(run, outcome) if not rows[0].group]
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


def effects_on(run: Run, outcome: str) -> tuple[Debiased, ...]:
    """Return the rows of every debiased effect on one outcome, each effect once."""
    return run.view(_debiased_effects).get(outcome, ())


def primary_sentence(run: Run, rows: Debiased) -> Sentence:
    """Return the sentence of the effect that comes first, or why there is none."""
    outcome = rows[0].outcome
    if not rows[0].is_done:
        return Sentence("no_first_effect", {"reason": rows[0].reason})
    declared = run.view(_declared_p_values)
    family = (declared[outcome], len(declared)) if declared else (_p_value(rows), 1)
    parameters = _parameters(run, rows, family, is_primary=bool(declared))
    return Sentence("debiased", {name: own for name, own in parameters.items() if name not in NOT_HELD})


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
    return dict(zip(outcomes, holm(p_values), strict=True))


def _debiased(run: Run, rows: Debiased, family: tuple[float, int], *, is_primary: bool) -> FindingRow:
    """Return the finding on one effect, given its p-value adjusted for its family, and the size of that."""
    first, study = rows[0], run.manifest.study
    kind: FindingKind = "interaction" if first.form == "interaction" else "effect"
    where = [study.label(first.moderator)] * bool(first.moderator) + [first.group] * bool(first.group)
    about = ", ".join([f"{first.scenario}: {first.form}", first.method, first.learner, *where])
    if not first.is_done:
        reason = Sentence("no_effect", {"about": about, "reason": first.reason})
        return finding(
            *(kind, reason), outcome=first.outcome, about=about, is_established=False, is_primary=is_primary
        )
    parameters = _parameters(run, rows, family, is_primary=is_primary)
    is_apart, warnings = parameters["is_significant"], tuple(_warnings(first, size=size_of(study.level)))
    return finding(
        kind,
        Sentence("debiased", parameters),
        outcome=first.outcome,
        about=about,
        is_established=is_apart and not warnings,
        is_primary=is_primary,
        estimate=parameters["estimate"],
        p_value=_p_value(rows),
        p_adjusted=family[0],
        least_detectable=_least(study, rows, family),
        against=(
            *[Sentence("assumption", {"text": first.assumption})] * bool(first.assumption),
            *[Sentence("products")] * (kind == "interaction" and is_apart),
            *[Sentence("one_method")] * (first.method != "instrumented" and math.isnan(first.p_methods)),
            *warnings,
        ),
    )


def _parameters(run: Run, rows: Debiased, family: tuple[float, int], *, is_primary: bool) -> dict[str, Any]:
    """Return what the sentence on one effect holds."""
    first, study = rows[0], run.manifest.study
    size, clearest = size_of(study.level), max(rows, key=_clearness)
    is_apart = any(map(any, map(_signs, rows))) and family[0] < size
    is_established = is_apart and not any(_warnings(first, size=size))
    return {
        **{name: getattr(first, name) for name in ("exposure", "method", "learner", "form")},
        **{name: given for name in ("group", "moderator") if (given := getattr(first, name))},
        "estimate": _estimate(clearest),
        "family": family,
        "is_primary": is_primary,
        "is_significant": is_apart,
        **({} if is_apart else _undecided(study, first, _least(study, rows, family))),
        **_along(run, rows, clearest, is_established=is_established),
        **_not_held(run, first),
    }


def _least(study: StudyRecord, rows: Debiased, family: tuple[float, int]) -> float:
    """Return the least size that the adjusted test of a number finds with a chance of four in five."""
    from harness.evaluation.gain import least_detectable

    row, df, size = rows[0], (rows[0].n_entities or 0) - 1, size_of(study.level)
    is_number = len(rows) == 1 and df > 0
    return least_detectable(row.std_error, df, size=size, n_tests=family[1]) if is_number else NAN


def _undecided(study: StudyRecord, row: EffectRow, least: float) -> Mapping[str, float]:
    """Return that a slope is negligible where its whole interval is, or else what could have been found."""
    negligible = study.negligible.get(row.scenario, NAN)
    if row.form in SLOPES and max(abs(row.conf_low), abs(row.conf_high)) < negligible:
        return {"negligible": negligible}
    return {"least_detectable": least} if math.isfinite(least) else {}


def _estimate(row: EffectRow) -> tuple[float, float, float]:
    return row.estimate, row.conf_low, row.conf_high


def _along(run: Run, rows: Debiased, clearest: EffectRow, *, is_established: bool) -> dict[str, Any]:
    """Return the contrasts of levels; of several points where an established effect is apart from zero."""
    if clearest.form == "contrast" and run.manifest.study.level_at(clearest.exposure, clearest.at):
        return {"levels": [(row.at, _estimate(row)) for row in rows]}
    if len(rows) == 1:
        return {"at": clearest.at} if math.isfinite(clearest.at) else {}
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
    slopes = mean_slopes(run, row.outcome, row.exposure).values()
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
    effects = (first_effect(run, outcome), *effects_on(run, outcome))
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
        of_learner = Sentence("exploratory_learner", {"least": ENTITIES_OF_LEARNERS})
        yield Sentence("exploratory_curve") if row.form == "curve" else of_learner
    if row.n_entities is not None and row.n_entities < FEW_ENTITIES:
        yield Sentence("few_entities", {"n_entities": row.n_entities, "least": FEW_ENTITIES})
    if row.share_left < LITTLE_LEFT:
        yield Sentence("little_left", {"share_left": row.share_left})
    if row.first_stage_f < WEAK:
        yield Sentence("weak_instruments", {"first_stage_f": row.first_stage_f})


def mediation_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every indirect effect; all on an outcome are one family (Holm 1979).

    One is significant where its p-value, adjusted for the family, is below one less the level.
    """
    rows = [row for row in run.rows(MEDIATION) if row.outcome == outcome and is_indirect(row)]
    for row, p_value in zip(rows, holm(row.p_value for row in rows), strict=True):
        is_apart = p_value < size_of(run.manifest.study.level)
        n_entities = row.n_entities or 0
        has_few = n_entities < FEW_ENTITIES
        few = {"n_entities": n_entities, "least": FEW_ENTITIES}
        estimate = row.estimate, row.conf_low, row.conf_high
        yield finding(
            "mediation",
            Sentence(
                "indirect_effect",
                {
                    **{name: getattr(row, name) for name in ("exposure", "mediator", "method", "learner")},
                    "estimate": estimate,
                    "is_significant": is_apart,
                    "rho_zero": row.rho_zero,
                    **({"share": row.share} if math.isfinite(row.share) else {}),
                },
            ),
            outcome=outcome,
            about=", ".join((f"{row.scenario}: {row.mediator}", row.method, row.learner)),
            is_established=is_apart and not has_few,
            estimate=estimate,
            p_value=row.p_value,
            p_adjusted=p_value,
            against=[Sentence("mediator_as_random"), *[Sentence("few_entities", few)] * has_few],
        )


def is_indirect(row: MediationRow) -> bool:
    """Return whether a row is an indirect effect without residual correlation."""
    return row.is_done and (row.path, row.rho) == (INDIRECT, 0.0)

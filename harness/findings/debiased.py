"""Findings on debiased effects: the one that comes first, all others, and indirect ones through mediators."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from harness.findings.lines import mean_slopes, stretches, true_rows
from harness.findings.run import Run
from harness.record.decisions import Effect, clearness, effects_by_outcome, first_of, p_value_of
from harness.record.manifest import StudyRecord
from harness.scenarios.effect.cell import ENTITIES_OF_LEARNERS
from harness.scenarios.effect.scenario import TRUE_SLOPES
from harness.tables.decision import NEGLIGIBLE, SIGNIFICANT, family_size, size_of
from harness.tables.effects import EFFECTS, MEDIATION, SLOPES, EffectRow, MediationRow
from harness.tables.findings import FindingRow
from harness.tables.table import NAN
from harness.text.sentences import FindingKind, Sentence, finding

# Fewest entities with which intervals of debiased slopes were found to hold as often as they say.
FEW_ENTITIES = 30

# Below this share of the exposure's variation the report warns that little is left to learn from.
LITTLE_LEFT = 0.05

# Below this first-stage F the report warns of weak instruments (Staiger and Stock 1997).
WEAK = 10.0

# What a sentence says of slopes of models and of the truth.
NOT_HELD = frozenset({"beyond", "n_curves", "truths"})


def debiased_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the effect that comes first, whatever it says, then every other debiased effect.

    One is established where it is above or below zero and nothing is warned of, see `_warnings`.
    """
    first = first_effect(run, outcome)
    if first:
        yield _debiased(run, first, is_primary=_is_declared(run))
    for rows in effects_on(run, outcome):
        if rows[0].is_done and rows != first:
            yield _debiased(run, rows, is_primary=False)


def _is_declared(run: Run) -> bool:
    primary = run.manifest.study.primary
    return primary is not None and primary.is_declared


def first_effect(run: Run, outcome: str) -> Effect:
    """Return the rows of the effect that comes first, also where they have no number; none without one."""
    return first_of(effects_on(run, outcome), run.manifest.study.primary)


def _effects(run: Run) -> Mapping[str, tuple[Effect, ...]]:
    return effects_by_outcome(run.rows(EFFECTS))


def effects_on(run: Run, outcome: str) -> tuple[Effect, ...]:
    """Return the rows of every debiased effect on one outcome, each effect once."""
    return run.view(_effects).get(outcome, ())


def primary_sentence(run: Run, rows: Effect) -> Sentence:
    """Return the sentence of the effect that comes first, or why there is none."""
    if not rows[0].is_done:
        return Sentence("no_first_effect", {"reason": rows[0].reason})
    parameters = _parameters(run, rows, is_primary=_is_declared(run))
    return Sentence("debiased", {name: own for name, own in parameters.items() if name not in NOT_HELD})


def _debiased(run: Run, rows: Effect, *, is_primary: bool) -> FindingRow:
    """Return the finding on one effect."""
    first, study = rows[0], run.manifest.study
    kind: FindingKind = "interaction" if first.form == "interaction" else "effect"
    where = [study.label(first.moderator)] * bool(first.moderator) + [first.group] * bool(first.group)
    about = ", ".join([f"{first.scenario}: {first.form}", first.method, first.learner, *where])
    if not first.is_done:
        reason = Sentence("no_effect", {"about": about, "reason": first.reason})
        return finding(
            *(kind, reason), outcome=first.outcome, about=about, is_established=False, is_primary=is_primary
        )
    parameters = _parameters(run, rows, is_primary=is_primary)
    is_apart, warnings = parameters["is_significant"], tuple(_warnings(first, size=size_of(study.level)))
    return finding(
        kind,
        Sentence("debiased", parameters),
        outcome=first.outcome,
        about=about,
        is_established=is_apart and not warnings,
        is_primary=is_primary,
        estimate=parameters["estimate"],
        p_value=p_value_of(rows),
        p_adjusted=first.p_adjusted,
        least_detectable=_least(study, rows),
        against=(
            *[Sentence("assumption", {"text": first.assumption})] * bool(first.assumption),
            *[Sentence("products")] * (kind == "interaction" and is_apart),
            *[Sentence("one_method")] * (first.method != "instrumented" and math.isnan(first.p_methods)),
            *warnings,
        ),
    )


def _parameters(run: Run, rows: Effect, *, is_primary: bool) -> dict[str, Any]:
    """Return what the sentence on one effect holds."""
    first, study = rows[0], run.manifest.study
    clearest, is_apart = max(rows, key=clearness), first.decision in SIGNIFICANT
    is_established = is_apart and not any(_warnings(first, size=size_of(study.level)))
    return {
        **{name: getattr(first, name) for name in ("exposure", "method", "learner", "form")},
        **{name: given for name in ("group", "moderator") if (given := getattr(first, name))},
        "estimate": _estimate(clearest),
        "family": (first.p_adjusted, family_size(first.family)),
        "is_primary": is_primary,
        "is_significant": is_apart,
        **({} if is_apart else _undecided(study, rows)),
        **_along(run, rows, clearest, is_established=is_established),
        **_not_held(run, first),
    }


def _least(study: StudyRecord, rows: Effect) -> float:
    """Return the least size that the adjusted test of a number finds with a chance of four in five."""
    from harness.evaluation.gain import least_detectable

    row, size = rows[0], size_of(study.level)
    is_number = len(rows) == 1 and row.df > 0.0
    n_tests = family_size(row.family)
    return least_detectable(row.std_error, row.df, size=size, n_tests=n_tests) if is_number else NAN


def _undecided(study: StudyRecord, rows: Effect) -> Mapping[str, float]:
    """Return that a slope is negligible, or else what could have been found."""
    if rows[0].decision == NEGLIGIBLE:
        return {"negligible": study.negligible[rows[0].scenario]}
    least = _least(study, rows)
    return {"least_detectable": least} if math.isfinite(least) else {}


def _estimate(row: EffectRow) -> tuple[float, float, float]:
    return row.estimate, row.conf_low, row.conf_high


def _along(run: Run, rows: Effect, clearest: EffectRow, *, is_established: bool) -> dict[str, Any]:
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
    """Yield every indirect effect."""
    for row in run.rows(MEDIATION, outcome=outcome):
        if row.is_indirect:
            yield _indirect(row)


def _indirect(row: MediationRow) -> FindingRow:
    is_apart, n_entities = row.decision in SIGNIFICANT, row.n_entities or 0
    has_few = n_entities < FEW_ENTITIES
    few = {"n_entities": n_entities, "least": FEW_ENTITIES}
    estimate = row.estimate, row.conf_low, row.conf_high
    return finding(
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
        outcome=row.outcome,
        about=", ".join((f"{row.scenario}: {row.mediator}", row.method, row.learner)),
        is_established=is_apart and not has_few,
        estimate=estimate,
        p_value=row.p_value,
        p_adjusted=row.p_adjusted,
        against=[Sentence("mediator_as_random"), *[Sentence("few_entities", few)] * has_few],
    )

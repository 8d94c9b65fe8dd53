"""What rows of tables say, decided once all of them are there: families, adjusted p-values, words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from harness.record.manifest import PrimaryRecord, StudyRecord
from harness.tables import heterogeneity
from harness.tables.accuracy import IMPORTANCE
from harness.tables.coefficients import COEFFICIENTS, DIAGNOSTICS
from harness.tables.curves import CURVES
from harness.tables.decision import (
    SIGNIFICANT,
    UNTESTED,
    Decision,
    decide,
    decide_by_intervals,
    decide_test,
    family_name,
    size_of,
)
from harness.tables.effects import (
    DECIDED_TESTS,
    EFFECT_TESTS,
    EFFECTS,
    MEDIATION,
    POINTWISE,
    SIMULTANEOUS,
    SLOPES,
    EffectRow,
    EffectTestRow,
    MediationRow,
)
from harness.tables.table import NAN, read_rows
from harness.tables.variations import VARIATION_EFFECTS

if TYPE_CHECKING:
    import pandas as pd

# The rows of one effect: its points by the simultaneous band, one row where it is a number.
Effect = tuple[EffectRow, ...]


def holm(p_values: Iterable[float]) -> list[float]:
    """Return the p-values of a family adjusted by Holm (1979); a missing one stays missing."""
    import numpy as np

    from harness.evaluation.gain import holm_adjusted

    adjusted: list[float] = holm_adjusted(np.array(list(p_values))).tolist()
    return adjusted


def about(row: EffectRow) -> tuple[str, ...]:
    """Return what tells an effect from the others of a run."""
    asked = row.outcome, row.scenario, row.exposure
    return (*asked, row.method, row.form, row.learner, row.group, row.moderator)


def effects_by_outcome(rows: Iterable[EffectRow]) -> Mapping[str, tuple[Effect, ...]]:
    """Return by outcome the rows of every effect on it, those of its simultaneous band where it has one."""
    effects: dict[str, dict[tuple[str, ...], dict[str, list[EffectRow]]]] = {}
    for row in rows:
        of_outcome = effects.setdefault(row.outcome, {})
        of_outcome.setdefault(about(row), {}).setdefault(row.band, []).append(row)
    # What failed has no band.
    kinds = SIMULTANEOUS, POINTWISE, ""
    return {
        outcome: tuple(
            tuple(next(bands[kind] for kind in kinds if kind in bands)) for bands in by_key.values()
        )
        for outcome, by_key in effects.items()
    }


def first_of(effects: Iterable[Effect], primary: PrimaryRecord | None) -> Effect:
    """Return the effect on an outcome that comes first, also where it has no number; none without one."""
    if primary is None:
        return ()
    asked = primary.scenario, primary.learner
    requested = [
        rows for rows in effects if not rows[0].group and (rows[0].scenario, rows[0].learner) == asked
    ]
    named = (rows for rows in requested if (rows[0].method, rows[0].form) == (primary.method, primary.form))
    # An answer that failed as a whole has no method.
    return next(named, None) or next((rows for rows in requested if not rows[0].is_done), ())


def p_value_of(rows: Effect) -> float:
    """Return the p-value of no effect at any point: the least of those that allow for all points."""
    return min((row.p_value for row in rows if math.isfinite(row.p_value)), default=NAN)


def clearness(row: EffectRow) -> float:
    """Return how many widths of its interval an effect is from zero."""
    width = row.conf_high - row.conf_low
    if width > 0.0:
        return abs(row.estimate) / width
    return math.inf if width == 0.0 else -math.inf


def decided(table: pd.DataFrame, name: str, study: StudyRecord) -> pd.DataFrame:
    """Return a table of a run with what its rows say; one without decisions stays as it is.

    Parameters
    ----------
    table : all rows of the run
    name : of the table
    """
    decide_table = DECIDED.get(name)
    return table if decide_table is None or table.empty else decide_table(table, study)


def _by_interval(table: pd.DataFrame, study: StudyRecord, *, estimate: str = "estimate") -> pd.DataFrame:
    numbers = (table[name].astype(float) for name in (estimate, "conf_low", "conf_high"))
    return table.assign(decision=decide_by_intervals(*numbers, size=size_of(study.level)))


def _curves(table: pd.DataFrame, study: StudyRecord) -> pd.DataFrame:
    """Return curves with what their slopes say, at each point and in the mean; of levels zero is nothing."""
    found = _by_interval(table, study)
    return found.assign(
        decision=found["decision"].where(found["kind"].isin(["slope", "average_effect"]), UNTESTED)
    )


def _effects(table: pd.DataFrame, study: StudyRecord) -> pd.DataFrame:
    """Return effects with their family, their p-value adjusted for it (Holm 1979), and what both say.

    The family of the effect that a study declares is the outcomes; all others on an outcome, which stand to
    be chosen from, are one. One is above or below zero where its interval excludes zero, the simultaneous
    band anywhere where it has several points, and its adjusted p-value is below one less the level. All rows
    of an effect have the same, but for intervals by other tests, on which nothing is decided.
    """
    rows, size = read_rows(table, EffectRow, table=EFFECTS.name), size_of(study.level)
    effects = effects_by_outcome(rows)
    is_declared = study.primary is not None and study.primary.is_declared
    families: list[tuple[str, Sequence[Effect], list[float]]] = []
    firsts = {outcome: first_of(effects.get(outcome, ()), study.primary) for outcome in study.outcomes}
    if is_declared:
        declared = list(firsts.values())
        families.append((family_name("outcomes", len(declared)), declared, holm(map(p_value_of, declared))))
    for outcome, of_outcome in effects.items():
        first = firsts.get(outcome, ())
        others = [
            one
            for one in of_outcome
            if (one is first and not is_declared) or (one is not first and one[0].is_done)
        ]
        families.append((family_name("effects", len(others)), others, holm(map(p_value_of, others))))
    decided_by = {
        about(one[0]): (family, p_value, _decision(one, p_value, study, size=size))
        for family, members, p_values in families
        for one, p_value in zip(members, p_values, strict=True)
        if one
    }
    of_rows = [
        decided_by.get(about(row), ("", NAN, UNTESTED)) if row.band in OF_EFFECTS else ("", NAN, UNTESTED)
        for row in rows
    ]
    return table.assign(
        p_adjusted=[p_value for _, p_value, _ in of_rows],
        family=[family for family, *_ in of_rows],
        decision=[decision for *_, decision in of_rows],
    )


# Bands of the effect itself; a failed one has none.
OF_EFFECTS = frozenset({POINTWISE, SIMULTANEOUS, ""})


def _decision(rows: Effect, p_adjusted: float, study: StudyRecord, *, size: float) -> Decision:
    """Return what an effect says: its clearest point above or below zero, or else its clearest point."""
    margin = study.negligible.get(rows[0].scenario, NAN) if rows[0].form in SLOPES else NAN
    words = [
        decide(*(row.estimate, row.conf_low, row.conf_high, p_adjusted), by="both", size=size, margin=margin)
        for row in sorted(rows, key=clearness, reverse=True)
    ]
    return next((word for word in words if word in SIGNIFICANT), words[0])


def _mediation(table: pd.DataFrame, study: StudyRecord) -> pd.DataFrame:
    """Return paths with what they say, the indirect effects on an outcome as one family (Holm 1979)."""
    rows, size = read_rows(table, MediationRow, table=MEDIATION.name), size_of(study.level)
    p_adjusted, family = [NAN] * len(rows), [""] * len(rows)
    decision: list[Decision] = [
        decide(row.estimate, row.conf_low, row.conf_high, by="interval") if row.rho == 0.0 else UNTESTED
        for row in rows
    ]
    for outcome in dict.fromkeys(row.outcome for row in rows):
        indirect = [at for at, row in enumerate(rows) if row.is_indirect and row.outcome == outcome]
        for at, p_value in zip(indirect, holm(rows[at].p_value for at in indirect), strict=True):
            row = rows[at]
            p_adjusted[at], family[at] = p_value, family_name("indirect_effects", len(indirect))
            numbers = row.estimate, row.conf_low, row.conf_high, p_value
            decision[at] = decide(*numbers, by="p", size=size)
    return table.assign(p_adjusted=p_adjusted, family=family, decision=decision)


def _tests(table: pd.DataFrame, study: StudyRecord) -> pd.DataFrame:
    """Return tests with what those say that a rule decides on."""
    rows, size = read_rows(table, EffectTestRow, table=EFFECT_TESTS.name), size_of(study.level)
    decisions = [
        decide_test(row.p_value, size=size) if row.test in DECIDED_TESTS else UNTESTED for row in rows
    ]
    return table.assign(decision=decisions)


def _diagnostics(table: pd.DataFrame, study: StudyRecord) -> pd.DataFrame:
    size, p_values = size_of(study.level), table["p_value"].astype(float)
    return table.assign(decision=[decide_test(p_value, size=size) for p_value in p_values])


def _differences(table: pd.DataFrame, study: StudyRecord) -> pd.DataFrame:
    """Return differences between groups, their effects by one model adjusted for the question (Holm 1979)."""
    rows, size = (
        read_rows(table, heterogeneity.DifferenceRow, table=heterogeneity.HETEROGENEITY_DIFFERENCES.name),
        size_of(study.level),
    )
    families: dict[tuple[str, str, str], list[int]] = {}
    for position, row in enumerate(rows):
        if row.is_done and (row.mode, row.measure) == ("pooled", "effect"):
            families.setdefault((row.scenario, row.by, row.outcome), []).append(position)
    p_adjusted, decisions = [NAN] * len(rows), [UNTESTED] * len(rows)
    for family in families.values():
        for position, p_value in zip(
            family, holm(rows[position].p_value for position in family), strict=True
        ):
            row, p_adjusted[position] = rows[position], p_value
            numbers = row.difference, row.conf_low, row.conf_high, p_value
            decisions[position] = decide(*numbers, by="both", size=size)
    return table.assign(p_adjusted=p_adjusted, decision=decisions)


def _contrasts(table: pd.DataFrame, _study: StudyRecord) -> pd.DataFrame:
    """Return contrasts, decided on by the interval that holds for all of a question at once."""
    decisions = [
        decide(row.estimate, row.conf_low, row.conf_high, by="interval")
        if row.band == SIMULTANEOUS
        else UNTESTED
        for row in read_rows(table, heterogeneity.ContrastRow, table=heterogeneity.CONTRASTS.name)
    ]
    return table.assign(decision=decisions)


# What decides on the rows of a table, by its name.
DECIDED: Mapping[str, Callable[[pd.DataFrame, StudyRecord], pd.DataFrame]] = {
    EFFECTS.name: _effects,
    MEDIATION.name: _mediation,
    EFFECT_TESTS.name: _tests,
    DIAGNOSTICS.name: _diagnostics,
    heterogeneity.HETEROGENEITY_DIFFERENCES.name: _differences,
    heterogeneity.CONTRASTS.name: _contrasts,
    COEFFICIENTS.name: _by_interval,
    CURVES.name: _curves,
    heterogeneity.HETEROGENEITY.name: partial(_by_interval, estimate="effect"),
    heterogeneity.CONDITIONAL_EFFECTS.name: partial(_by_interval, estimate="effect"),
    IMPORTANCE.name: partial(_by_interval, estimate="importance"),
    VARIATION_EFFECTS.name: _by_interval,
}

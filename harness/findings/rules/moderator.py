"""Findings along moderators: changes of sign of an effect, thresholds, and interactions of models."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, takewhile

import numpy as np

from harness.arrays import Mask
from harness.findings import lines
from harness.findings.finding import SourceNumbers, finding
from harness.findings.rules.curve import NONE
from harness.findings.run import Run
from harness.findings.sentence import (
    NO_ESTIMATE,
    Estimate,
    MeasuredId,
    PValue,
    Sentence,
    Stretches,
    VariableId,
    WholeShare,
)
from harness.tables import heterogeneity
from harness.tables.decision import ABOVE, OPEN, SIGNIFICANT
from harness.tables.effects import EFFECT_TESTS, THRESHOLD_TESTS
from harness.tables.findings import FindingRow
from harness.tables.table import NAN

# An H below this is rounding alone.
NO_H = 1e-6


@dataclass(frozen=True)
class ThresholdCount(Sentence):
    """How many thresholds sequential tests find, and where the model has its own."""

    moderator: MeasuredId
    n_thresholds: int
    p_values: tuple[PValue, ...]
    positions: tuple[Estimate, ...]


@dataclass(frozen=True)
class LooksBroken(Sentence):
    """That what changes smoothly looks like thresholds, too."""


@dataclass(frozen=True)
class FriedmanH(Sentence):
    """A model's measure of interaction (Friedman and Popescu 2008)."""

    exposure: VariableId
    moderator: MeasuredId
    h: Estimate


@dataclass(frozen=True)
class NoInteraction(Sentence):
    """That the form of a model allows no interaction."""

    exposure: VariableId
    moderator: MeasuredId


@dataclass(frozen=True)
class SignPosition:
    """Where a model's effect changes its sign, and the share of draws that have it."""

    at: Estimate
    share_of_draws: WholeShare


@dataclass(frozen=True)
class SignChange(Sentence):
    """Where a model's effect along a moderator is below and above zero, and where it changes sign.

    Attributes
    ----------
    p_value : of both signs, for all values of the moderator together
    """

    moderator: MeasuredId
    below: Stretches = ()
    above: Stretches = ()
    p_value: PValue = NAN
    positions: tuple[SignPosition, ...] = ()


def threshold_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield how many thresholds the tests of every threshold model find, and where the model has its own.

    The number is that up to which every test rejects one less at the study's level; that there are any is
    established where it is one or more.
    """
    breaks = [
        row
        for row in run.rows(heterogeneity.THRESHOLDS)
        if row.is_done and not row.scenario and row.outcome == outcome
    ]
    for (estimator, moderator), same in groupby(breaks, key=lambda row: (row.estimator, row.moderator)):
        positions = tuple(Estimate(row.at, row.conf_low, row.conf_high) for row in same)
        rows = run.rows(EFFECT_TESTS, outcome=outcome, estimator=estimator)
        by_name = {row.test: row for row in rows if row.is_done}
        tests = [by_name[name] for name in THRESHOLD_TESTS if name in by_name]
        if not tests:
            continue
        rejected = list(takewhile(lambda row: row.decision in SIGNIFICANT, tests))
        p_values = tuple(row.p_value for row in tests)
        yield finding(
            "threshold",
            ThresholdCount(moderator, len(rejected), p_values, positions),
            outcome=outcome,
            subject={"estimator": estimator, "moderator": moderator},
            about=moderator,
            estimator=estimator,
            decision=ABOVE if rejected else OPEN,
            numbers=SourceNumbers(positions[0], p_values[0]),
            caveats=[LooksBroken()] * bool(rejected),
        )


def interaction_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every model's measure of interaction (Friedman and Popescu 2008), which establishes nothing.

    Estimated from noisy predictions it is above zero even where there is no interaction. The test is the
    debiased slope of the product, the form ``interaction`` of debiased effects.
    """
    for row in run.rows(heterogeneity.INTERACTIONS, outcome=outcome, measure="friedman_h"):
        if row.is_done and math.isfinite(row.estimate):
            h, exposure = (
                Estimate(row.estimate, row.conf_low, row.conf_high),
                run.manifest.study.exposure_of(row.scenario),
            )
            has_h = row.estimate > NO_H
            yield finding(
                "interaction",
                FriedmanH(exposure, row.moderator, h) if has_h else NoInteraction(exposure, row.moderator),
                outcome=outcome,
                subject={"scenario": row.scenario, "moderator": row.moderator, "estimator": row.estimator},
                about=f"{row.scenario}: {row.moderator}",
                estimator=row.estimator,
                decision=OPEN,
                numbers=SourceNumbers(h),
            )


def sign_change_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield of every conditional effect where it differs significantly from zero, and where it changes sign.

    That it changes its sign is significant where its simultaneous band excludes zero from below at one
    supported moderator value and from above at another, and the effect of the fit itself has that sign there;
    so its p-value is the greater of those of the clearest value on either side. Positions of changes are
    those of the table of thresholds, between stretches whose band excludes zero within the longest supported
    one. A position is not established where it lies outside its interval.
    """
    for effect in run.view(lines.conditional_effects):
        key = effect.key
        if key.outcome == outcome:
            rows = run.rows(heterogeneity.THRESHOLDS, key=key)
            positions = tuple(
                SignPosition(Estimate(row.at, row.conf_low, row.conf_high), row.share_of_draws)
                for row in rows
                if row.is_done and row.scenario and row.kind != NONE
            )
            above, below = (lines.stretches(effect.at, indices) for indices in signs(effect))
            p_value = p_of_both(effect)
            yield finding(
                "sign_change",
                SignChange(key.moderator, below, above, p_value, positions),
                outcome=outcome,
                subject={"scenario": key.scenario, "moderator": key.moderator, "estimator": key.estimator},
                about=f"{key.scenario}: {key.moderator}",
                estimator=key.estimator,
                decision=ABOVE if below and above else OPEN,
                numbers=SourceNumbers(positions[0].at if positions else NO_ESTIMATE, p_value),
            )


def p_of_both(effect: lines.ConditionalEffect) -> float:
    """Return the greater p-value of the clearest effects above and below zero; NaN with one sign alone."""
    band = effect.band(lines.SIMULTANEOUS)
    if band is None:
        return NAN
    known = effect.supported & np.isfinite(band.p_value)
    sides = [known & (effect.estimate > 0.0), known & (effect.estimate < 0.0)]
    if not all(side.any() for side in sides):
        return NAN
    return float(max(band.p_value[side].min() for side in sides))


def signs(effect: lines.ConditionalEffect) -> tuple[Mask, Mask]:
    """Return where a conditional effect is significantly above, and below zero, (n_grid,) each."""
    band = effect.band(lines.SIMULTANEOUS)
    if band is None:
        nowhere = np.zeros(effect.at.size, dtype=np.bool_)
        return nowhere, nowhere
    above = effect.supported & (band.low > 0.0) & (effect.estimate > 0.0)
    below = effect.supported & (band.high < 0.0) & (effect.estimate < 0.0)
    return np.asarray(above), np.asarray(below)

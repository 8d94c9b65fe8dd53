"""The table of what every estimator says about the effect on one outcome."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.report.model.run import Run
from harness.report.sections.verdict.effects import EffectReading, effects
from harness.report.text.numbers import decimals_for, interval, percent, plain, rounded, significant


@dataclass(frozen=True)
class EffectSummaryRow:
    """What one estimator says about the effect, in words; empty texts where it says nothing.

    Attributes
    ----------
    change : of the mean predicted outcome over the supported range of the exposure
    supported_change : the same of the curve over supported rows
    rising, falling : share of that range on which the slope's band lies above, below zero
    """

    label: str
    coefficient: str
    std_error: str
    interval: str
    change: str
    supported_change: str
    rising: str
    falling: str


@dataclass(frozen=True)
class EffectSummary:
    """What every estimator says about the effect on one outcome.

    Attributes
    ----------
    low_at, high_at : the supported range of the exposure; empty where there is no curve
    """

    rows: tuple[EffectSummaryRow, ...]
    low_at: str
    high_at: str

    @property
    def has_supported(self) -> bool:
        """Whether any curve over supported rows reaches both ends of the range."""
        return any(row.supported_change for row in self.rows)


def effect_table(run: Run, outcome: str) -> EffectSummary:
    """Return what every estimator that says anything says about the effect on one outcome."""
    found = effects(run, outcome)
    curves = [effect.curve for effect in found if effect.curve is not None]
    return EffectSummary(
        rows=tuple(_effect_row(effect) for effect in found),
        low_at=plain(curves[0].low_at) if curves else "",
        high_at=plain(curves[0].high_at) if curves else "",
    )


def _effect_row(effect: EffectReading) -> EffectSummaryRow:
    coefficient, curve = effect.coefficient, effect.curve
    decimals = decimals_for([coefficient.std_error]) if coefficient else 0
    return EffectSummaryRow(
        label=effect.estimator.label,
        coefficient=rounded(coefficient.estimate, decimals) if coefficient else "",
        std_error=f"({rounded(coefficient.std_error, decimals)})" if coefficient else "",
        interval=interval(coefficient.conf_low, coefficient.conf_high, decimals) if coefficient else "",
        change=significant(curve.change, 3) if curve else "",
        supported_change=_known(curve.supported_change) if curve else "",
        rising=_share(curve.rising) if curve else "",
        falling=_share(curve.falling) if curve else "",
    )


def _known(value: float) -> str:
    return significant(value, 3) if math.isfinite(value) else ""


def _share(value: float) -> str:
    return percent(value, 0) if math.isfinite(value) else ""

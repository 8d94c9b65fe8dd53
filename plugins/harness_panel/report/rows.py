"""What fits tell of thresholds, of shapes, and of effects by periods since a treatment started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.plugin.reporting import (
    EFFECT_TESTS,
    THRESHOLDS,
    EffectTestRow,
    Run,
    ThresholdRow,
    marked,
    typed,
)

BREAK = "break"
"""Kind of a threshold that a model assumes, unlike a change of sign that curves show."""

PRE_TREND = "pre_trend"

SHAPES: Mapping[str, str] = {
    "linearity": marked("against a straight line"),
    "parabola": marked("against a parabola"),
    "U": marked("a U"),
    "inverted U": marked("an inverted U"),
    "N": marked("an N"),
    "inverted N": marked("an inverted N"),
}
"""Tests of a polynomial's shape, as the report calls them."""


@dataclass(frozen=True)
class NumberTestRow:
    """A test of some number of thresholds against one less."""

    outcome: str
    estimator: str
    n_thresholds: int | None
    statistic: float
    p_value: float
    critical_05: float
    n_draws: int | None


@dataclass(frozen=True)
class LikelihoodRow:
    """The likelihood ratio of the estimated place of one threshold to another place."""

    outcome: str
    estimator: str
    threshold: int | None
    variable: str
    estimate: float
    at: float
    likelihood_ratio: float
    critical_05: float


@dataclass(frozen=True)
class EventRow:
    """The effect some periods since the start, outcome units; limits are missing at the reference."""

    outcome: str
    estimator: str
    event_time: int | None
    estimate: float
    conf_low: float
    conf_high: float
    n_obs: int | None


@dataclass(frozen=True)
class TurningRow:
    """Where a polynomial turns, the exposure's unit, with both intervals; an end may be infinite."""

    outcome: str
    estimator: str
    kind: str
    at: float
    delta_low: float
    delta_high: float
    fieller_low: float
    fieller_high: float


Fit = tuple[str, str]
"""Outcome and estimator."""


@dataclass(frozen=True, eq=False)
class Rivals:
    """All that fits tell of thresholds, shapes and treatments."""

    breaks: tuple[ThresholdRow, ...]
    number_tests: tuple[NumberTestRow, ...]
    likelihoods: tuple[LikelihoodRow, ...]
    events: tuple[EventRow, ...]
    tests: tuple[EffectTestRow, ...]
    turning: tuple[TurningRow, ...]

    def breaks_of(self, fit: Fit) -> tuple[ThresholdRow, ...]:
        """Return the thresholds of one fit."""
        return tuple(row for row in self.breaks if (row.outcome, row.estimator) == fit)

    def tests_of(self, fit: Fit) -> tuple[NumberTestRow, ...]:
        """Return the tests of the number of thresholds of one fit."""
        return tuple(row for row in self.number_tests if (row.outcome, row.estimator) == fit)

    def likelihoods_of(self, fit: Fit) -> tuple[LikelihoodRow, ...]:
        """Return the likelihoods of one fit's thresholds, in the order of the table."""
        return tuple(row for row in self.likelihoods if (row.outcome, row.estimator) == fit)

    def events_of(self, fit: Fit) -> tuple[EventRow, ...]:
        """Return the event study of one fit, in the order of the periods."""
        return tuple(row for row in self.events if (row.outcome, row.estimator) == fit)

    def pre_trend_of(self, fit: Fit) -> EffectTestRow | None:
        """Return the joint test of no effect before the start, None where there is none."""
        return next(iter(self._named(fit, (PRE_TREND,))), None)

    def shapes_of(self, fit: Fit) -> tuple[EffectTestRow, ...]:
        """Return the tests of the shape of one fit."""
        return self._named(fit, tuple(SHAPES))

    def turning_of(self, fit: Fit) -> tuple[TurningRow, ...]:
        """Return where the polynomial of one fit turns."""
        return tuple(row for row in self.turning if (row.outcome, row.estimator) == fit)

    def _named(self, fit: Fit, names: Sequence[str]) -> tuple[EffectTestRow, ...]:
        return tuple(row for row in self.tests if (row.outcome, row.estimator) == fit and row.test in names)


def rivals(run: Run) -> Rivals:
    """Return all that fits of a run tell of thresholds, shapes and treatments."""
    return Rivals(
        breaks=tuple(row for row in run.rows(THRESHOLDS) if row.kind == BREAK and row.is_done),
        number_tests=run.rows(typed("details/threshold_tests", NumberTestRow)),
        likelihoods=run.rows(typed("details/threshold_likelihood", LikelihoodRow)),
        events=run.rows(typed("details/event_study", EventRow)),
        tests=run.rows(EFFECT_TESTS),
        turning=run.rows(typed("details/polynomial_turning_points", TurningRow)),
    )

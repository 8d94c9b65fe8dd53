"""The tables of treatments that start: effects, tests, bounds, comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.plugin import marked
from harness.plugin.reporting import NAN, UNTESTED, Decision, ResultRow, typed

# Effect that is averaged over treated rows, and that of one period since the start.
AVERAGE, EVENT = "average", "event"

# Comparisons with entities that were treated already.
FORBIDDEN = "later_vs_earlier"


@dataclass(frozen=True, kw_only=True)
class DidRow(ResultRow):
    """What is said of one outcome, by one method where there are several."""

    LAST: ClassVar[tuple[str, ...]] = ("scenario", *ResultRow.LAST)

    outcome: str
    exposure: str
    method: str = ""
    scenario: str


@dataclass(frozen=True, kw_only=True)
class DidEffectRow(DidRow):
    """An effect with one of its intervals, outcome units; none where it is of one entity alone.

    `event_time` is periods since the start. `decision` is by the interval, of effects by time the
    simultaneous one, in whose rows it is.
    """

    effect: str
    event_time: int | None
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    band: str
    level: float
    p_value: float
    n_treated: int | None
    n_entities: int | None
    df: float = NAN
    decision: Decision = UNTESTED


@dataclass(frozen=True, kw_only=True)
class CohortEffectRow(DidRow):
    """The effect on entities whose treatment starts in one period, at a time since; limits are pointwise."""

    start: str
    event_time: int | None
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    n_treated: int | None


@dataclass(frozen=True, kw_only=True)
class PreTrendRow(DidRow):
    """A joint test that there is no effect before the start; `decision` is above where it rejects.

    `least_trend` is the trend a period that it finds with a chance of four in five, and `bias` what that adds
    to the average.
    """

    statistic: float
    df1: float
    df2: float
    p_value: float
    least_trend: float = NAN
    bias: float = NAN
    decision: Decision = UNTESTED


@dataclass(frozen=True, kw_only=True)
class DidBoundsRow(DidRow):
    """Bounds of the average effect; `breakdown` is the least `m_bar` at which the interval includes zero."""

    m_bar: float
    set_low: float
    set_high: float
    conf_low: float
    conf_high: float
    breakdown: float


@dataclass(frozen=True, kw_only=True)
class CohortComparisonRow(DidRow):
    """A comparison that the two-way estimate is a mean of; `other` is empty for those never treated."""

    comparison: str
    start: str
    other: str
    weight: float
    estimate: float


PLACE = ("outcome", "scenario", "method")

DID_EFFECTS = typed(
    "did_effects",
    DidEffectRow,
    (*PLACE, "effect", "event_time", "band"),
    marked("effects of a treatment by periods since its start, and their average, by method"),
    measures=("estimate", "std_error"),
)
DID_COHORTS = typed(
    "did_cohorts",
    CohortEffectRow,
    (*PLACE, "start", "event_time"),
    marked("effects of a treatment by the period of its start and periods since, by method"),
    measures=("estimate", "std_error"),
)
DID_TESTS = typed(
    "did_tests",
    PreTrendRow,
    PLACE,
    marked("joint tests of no effect before the start, by method"),
    measures=("statistic",),
)
DID_BOUNDS = typed(
    "did_bounds",
    DidBoundsRow,
    (*PLACE, "m_bar"),
    marked("bounds of the average effect under violations of parallel trends"),
    measures=("conf_low", "conf_high"),
)
DID_COMPARISONS = typed(
    "did_comparisons",
    CohortComparisonRow,
    ("outcome", "scenario", "comparison", "start", "other"),
    marked("comparisons of cohorts that the two-way estimate is a mean of, with their weights"),
    measures=("weight", "estimate"),
)
TABLES = DID_EFFECTS, DID_COHORTS, DID_TESTS, DID_BOUNDS, DID_COMPARISONS

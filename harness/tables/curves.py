"""Net effect curves, where they turn, and where the data support them."""

from __future__ import annotations

from dataclasses import dataclass

from harness.tables.decision import UNTESTED, Decision
from harness.tables.table import NAN, AnswerRow, answers, listed, typed


@dataclass(frozen=True, kw_only=True)
class CurveRow(AnswerRow):
    """One point of a curve with the limits of one of its bands.

    `p_value` is of a slope of zero there, allowing for all supported points, where the band does; NaN
    elsewhere. `level` and `unit` say how the band was made; `mean_level` is what to add to an accumulated
    local effect to set it next to levels; `share_of_rows` is of those with others near them there, NaN where
    all count. `decision` is on slopes and mean slopes, by these limits.
    """

    kind: str
    at: float
    estimate: float
    conf_low: float
    conf_high: float
    band: str
    n_draws: int | None
    supported: bool
    p_value: float = NAN
    share_of_rows: float = NAN
    mean_level: float = NAN
    level: float = NAN
    unit: str = ""
    decision: Decision = UNTESTED


@dataclass(frozen=True, kw_only=True)
class TurningPointRow(AnswerRow):
    """One interior extreme of one curve, or the finding that it has none.

    `at` has its interval over the draws that have the turning point, which are `share_of_draws` of all;
    `estimate` is the curve there, outcome units. Only what `is_established` may be stated as a finding.
    """

    kind: str
    at: float
    conf_low: float
    conf_high: float
    share_of_draws: float
    estimate: float = NAN
    is_established: bool
    n_draws: int | None = None


@dataclass(frozen=True, kw_only=True)
class SupportRow:
    """How many rows and entities are near one exposure."""

    scenario: str = ""
    at: float
    n_obs: int | None
    n_entities: int | None
    supported: bool


@dataclass(frozen=True, kw_only=True)
class RugRow:
    """One quantile of the exposure as observed."""

    scenario: str = ""
    exposure: float


@dataclass(frozen=True, kw_only=True)
class BinRow:
    """One bin of the exposure with the mean outcome of its rows.

    `at` is the mean exposure. `variation` is ``raw``, or ``within_entity`` or ``within_entity_and_time``
    where `estimate` holds effects and controls fixed at their means. Limits allow for dependence within
    entities; NaN for a bin of one entity.
    """

    outcome: str
    scenario: str = ""
    variation: str
    bin: int | None
    at: float
    estimate: float
    conf_low: float
    conf_high: float
    level: float
    n_obs: int | None


CURVES = answers(
    "curves",
    CurveRow,
    ("kind", "band", "at"),
    "net effect curves, curves over supported rows, slopes and accumulated local effects with their bands",
)
CURVE_DRAWS = listed(
    "curve_draws",
    "outcome estimator draw at estimate scenario status reason reason_code",
    "outcome estimator scenario draw at",
    "the curve at ten exposures in the fit (draw 0) and in every draw shared by all estimators",
)
TURNING_POINTS = answers(
    "turning_points",
    TurningPointRow,
    ("kind",),
    "minima and maxima of the curves, and whether they are significant",
    measures=("at",),
)
SUPPORT = typed("support", SupportRow, ("scenario", "at"), "rows and entities near each point of a curve")
BINNED_SCATTER = typed(
    "binned_scatter",
    BinRow,
    ("outcome", "scenario", "variation", "bin"),
    "mean outcomes by bins of the exposure, raw and within entities, with intervals",
)
RUG = typed("rug", RugRow, ("scenario",), "quantiles of the exposure as observed")


@dataclass(frozen=True, kw_only=True)
class TruthRow:
    """What the true response answers to a scenario at one place; places that a kind lacks are empty."""

    outcome: str
    scenario: str
    kind: str
    at: float
    moderator_at: float = NAN
    group: str = ""
    truth: float


@dataclass(frozen=True, kw_only=True)
class TruthErrorRow:
    """How far one estimator is from the truth of one kind, and how often its pointwise intervals hold it."""

    outcome: str
    estimator: str
    scenario: str
    kind: str
    rmse: float
    coverage: float
    n_points: int | None
    n_found: int | None = None


TRUTH = typed(
    "truth",
    TruthRow,
    ("outcome", "scenario", "kind", "at", "moderator_at", "group"),
    "simulated data only: the true response in each scenario",
)
TRUTH_ERRORS = typed(
    "truth_errors",
    TruthErrorRow,
    ("outcome", "estimator", "scenario", "kind"),
    "simulated data only: errors of each estimator against the truth, and coverage of its intervals",
    measures=("rmse",),
)

"""Effects by group, their differences, levels by group, and contrasts of an exposure with few values."""

from __future__ import annotations

from dataclasses import dataclass

from harness.tables.table import NAN, AnswerRow, answers


@dataclass(frozen=True, kw_only=True)
class OfGroupRow(AnswerRow):
    """A row about a group of a column, or all rows."""

    by: str
    group: str


@dataclass(frozen=True, kw_only=True)
class GroupRow(OfGroupRow):
    """One group: median level of the curve over its rows and mean effect, each with its interval."""

    mode: str
    median: float
    effect: float
    conf_low: float
    conf_high: float
    n_obs: int | None
    n_entities: int | None
    median_low: float
    median_high: float
    n_draws: int | None = None


@dataclass(frozen=True, kw_only=True)
class DifferenceRow(OfGroupRow):
    """What one group's median or effect is more than another's; the p-value is of this pair alone."""

    other: str
    mode: str
    measure: str
    difference: float
    conf_low: float
    conf_high: float
    p_value: float = NAN


@dataclass(frozen=True, kw_only=True)
class LevelRow(OfGroupRow):
    """One quantile of the levels of a group's rows."""

    mode: str
    quantile: float
    level: float


@dataclass(frozen=True, kw_only=True)
class ContrastRow(OfGroupRow):
    """The difference of mean predictions between two values of the exposure, with one of its intervals."""

    moderator: str
    moderator_at: float
    exposure_from: str
    exposure_to: str
    estimate: float
    conf_low: float
    conf_high: float
    band: str
    n_obs_from: int | None
    n_obs_to: int | None
    n_draws: int | None


HETEROGENEITY = answers(
    "heterogeneity", GroupRow, ("by", "group", "mode"), "effects by group", measures=("effect",)
)
HETEROGENEITY_DIFFERENCES = answers(
    "heterogeneity_differences",
    DifferenceRow,
    ("by", "group", "other", "mode", "measure"),
    "differences between groups with their intervals",
    measures=("difference",),
)
HETEROGENEITY_ROWS = answers(
    "heterogeneity_rows",
    LevelRow,
    ("by", "group", "mode", "quantile"),
    "quantiles of the predictions in every group",
)
CONTRASTS = answers(
    "contrasts",
    ContrastRow,
    ("by", "group", "moderator", "moderator_at", "exposure_from", "exposure_to", "band"),
    "contrasts between categories of the exposure, by group and at moderator values",
    measures=("estimate",),
)

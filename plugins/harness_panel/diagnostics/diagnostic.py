"""Tests of a fit, each with its source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.plugin import EstimationError, Panel, Problem
from harness_panel.results.model_fit import by_columns

Distribution = Literal["F", "chi2", "noncentral chi2", "normal"]
"""``normal`` tests both tails, the others the upper one."""


@dataclass(frozen=True)
class Diagnostic:
    """A test of what an estimator assumes.

    Attributes
    ----------
    name : such as ``hausman``
    null : what is true if the statistic is small
    statistic : the number
    distribution, df : what the statistic follows under the null; of a noncentral chi2 the second is its
        noncentrality
    source : of the test
    caution : why the p-value deserves less trust than others; empty where it does not
    """

    name: str
    null: str
    statistic: float
    distribution: Distribution
    df: tuple[float, ...]
    source: str
    caution: str = ""

    @property
    def p_value(self) -> float:
        """Probability of a statistic at least as extreme under the null, in [0, 1]."""
        from scipy import stats

        if self.distribution == "normal":
            return float(2.0 * stats.norm.sf(abs(self.statistic)))
        tail = {"F": stats.f, "chi2": stats.chi2, "noncentral chi2": stats.ncx2}[self.distribution]
        return float(tail.sf(self.statistic, *self.df))


@dataclass(frozen=True)
class Refusal:
    """A test that these rows cannot carry, and why."""

    name: str
    reason: str


Check = Callable[[], Diagnostic]
"""A test that is ready to be computed; it raises an `EstimationError` where these rows cannot carry it."""


def outcome_of(name: str, check: Check) -> Diagnostic | Refusal:
    """Return a test computed, or why it cannot be."""
    try:
        return check()
    except EstimationError as error:
        return Refusal(name, error.problems[0].what)


def unweighted(check: Check, *, is_weighted: bool) -> Check:
    """Return a test that is defined for rows that count alike, refused where they do not."""

    def refuse() -> Diagnostic:
        raise EstimationError(Problem("weights", "the test is not defined for weighted rows"))

    return refuse if is_weighted else check


_COLUMNS = (
    *("test", "null_hypothesis", "statistic", "distribution", "df1", "df2", "p_value", "source"),
    *("caution", "status", "reason"),
)


def diagnostic_columns(outcomes: Iterable[Diagnostic | Refusal]) -> Mapping[str, Sequence[object]]:
    """Return tests as a tidy table by columns; one that was refused has its reason and no numbers."""
    return by_columns(_COLUMNS, map(_row, outcomes))


def _row(outcome: Diagnostic | Refusal) -> tuple[object, ...]:
    if isinstance(outcome, Refusal):
        return (outcome.name, *[None] * 8, "refused", outcome.reason)
    df1, df2, *_ = *outcome.df, None, None
    return (
        *(outcome.name, outcome.null, outcome.statistic, outcome.distribution, df1, df2),
        *(outcome.p_value, outcome.source, outcome.caution, "ok", ""),
    )


def effect_tests(
    rows: Panel, tests: Iterable[tuple[str, str, float, float]], *, exposure: str
) -> Mapping[str, Sequence[object]]:
    """Return tests of an effect's form, as `harness.plugin.HasResultRows` has them.

    Parameters
    ----------
    tests : name, null, statistic and p-value of each
    """
    names = ("exposure", "test", "against", "statistic", "p_value", "n_entities")
    return by_columns(names, ((exposure, *test, rows.n_entities) for test in tests))

"""Named statistics and tests of a fit, each with the definition that makes it comparable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness import EstimationError, Problem

Distribution = Literal["F", "chi2", "normal"]
"""``normal`` tests both tails, the others the upper one."""


@dataclass(frozen=True)
class Statistic:
    """A number that describes a fit.

    Attributes
    ----------
    name : such as ``r2_within``
    value : in the unit that `definition` says
    definition : how it is computed, in one line
    """

    name: str
    value: float
    definition: str


@dataclass(frozen=True)
class Diagnostic:
    """A test of what an estimator assumes.

    Attributes
    ----------
    name : such as ``hausman``
    null : what is true if the statistic is small
    statistic : the number
    distribution, df : what the statistic follows under the null
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
        tail = stats.f if self.distribution == "F" else stats.chi2
        return float(tail.sf(self.statistic, *self.df))


@dataclass(frozen=True)
class Refusal:
    """A test that these rows cannot carry, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Check:
    """A test by name, ready to be computed."""

    name: str
    compute: Callable[[], Diagnostic]

    def outcome(self) -> Diagnostic | Refusal:
        """Compute the test, or say why it cannot be."""
        try:
            return self.compute()
        except EstimationError as error:
            return Refusal(self.name, error.problems[0].what)


def refused(name: str, reason: str) -> Check:
    """Return a test that is not computed, and why."""

    def refuse() -> Diagnostic:
        raise EstimationError(Problem(name, reason))

    return Check(name, refuse)


def unweighted(check: Check, *, is_weighted: bool) -> Check:
    """Return a test that is defined for rows that count alike, refused where they do not."""
    return refused(check.name, "the test is not defined for weighted rows") if is_weighted else check


Columns = Mapping[str, Sequence[object]]


def statistic_columns(statistics: Iterable[Statistic]) -> Columns:
    """Return statistics as a tidy table by columns."""
    rows = list(statistics)
    return {
        "statistic": [one.name for one in rows],
        "value": [one.value for one in rows],
        "definition": [one.definition for one in rows],
    }


def diagnostic_columns(outcomes: Iterable[Diagnostic | Refusal]) -> Columns:
    """Return tests as a tidy table by columns; one that was refused has its reason and no numbers."""
    rows = [_row(one) for one in outcomes]
    names = (
        *("test", "null_hypothesis", "statistic", "distribution", "df1", "df2", "p_value", "source"),
        *("caution", "status", "reason"),
    )
    return {name: [row.get(name) for row in rows] for name in names}


def _row(one: Diagnostic | Refusal) -> Mapping[str, object]:
    if isinstance(one, Refusal):
        return {"test": one.name, "status": "refused", "reason": one.reason}
    return {
        "test": one.name,
        "null_hypothesis": one.null,
        "statistic": one.statistic,
        "distribution": one.distribution,
        "df1": one.df[0] if one.df else None,
        "df2": one.df[1] if len(one.df) > 1 else None,
        "p_value": one.p_value,
        "source": one.source,
        "caution": one.caution,
        "status": "ok",
        "reason": "",
    }

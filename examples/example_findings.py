"""A rule on the table of `example_scenario.py`: whether predicted effects have both signs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.plugin import hookimpl
from harness.plugin.findings import Estimate, FindingRow, Rule, Sentence, finding
from harness.plugin.reporting import Run, marked


@dataclass(frozen=True)
class OneSign(Sentence):
    """That the effects of all rows have one sign."""


@dataclass(frozen=True)
class BothSigns(Sentence):
    """That some rows have effects above zero, and some below: median, least and greatest quantile."""

    spread: Estimate


def spread_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield of every estimator whether the quantiles of its effects have both signs; nothing is tested."""
    rows = run.frame("effect_spread")
    rows = rows[(rows["outcome"] == outcome) & (rows["status"] == "ok")]
    for (estimator, scenario), subset in rows.groupby(["estimator", "scenario"], sort=False):
        effects = subset["effect"]
        spread = Estimate(float(effects.median()), float(effects.min()), float(effects.max()))
        yield finding(
            "effect_spread",
            BothSigns(spread) if spread.low < 0.0 < spread.high else OneSign(),
            outcome=outcome,
            subject={"scenario": str(scenario), "estimator": str(estimator)},
            about=str(scenario),
            estimator=str(estimator),
        )


SPREAD = Rule(
    "effect_spread",
    spread_findings,
    tables=("effect_spread",),
    codes={
        OneSign: marked("{estimator}: predicted effects have one sign in all rows."),
        BothSigns: marked("{estimator}: predicted effects have both signs, {spread}."),
    },
)


@hookimpl
def harness_findings() -> list[Rule]:
    """Return the rules of this plugin."""
    return [SPREAD]

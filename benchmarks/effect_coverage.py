"""Measure how often intervals of debiased effects hold the truth, and print rows of the page on effects.

Run in a checkout as ``OMP_NUM_THREADS=1 python benchmarks/effect_coverage.py KIND FIRST LAST --out FILE``,
with a kind of `KINDS`. The panels are FIRST to LAST; the estimates of each are appended to the file, a line
of JSON a panel, and panels that it has are not estimated again. ``effect_slopes.csv``, ``effect_curves.csv``
and ``effect_few_entities.csv`` have the shares of both methods, a row a kind.

A row for each method and true effect, of one draw of folds and of the median over `--repeats`: the share of
panels whose nominal 95 % interval holds the truth, with exact binomial limits; the mean and the standard
deviation of the error in standard errors; seconds of the processor a panel.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from harness import Panel
from harness.data.simulate.small_panels import InteractionPanel, SCurve, SmallPanel
from harness.estimators.guard import attempt
from harness.plugin import Estimator
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.effect.terms import Form
from harness.scenarios.scenario import Subject, framed
from harness.scenarios.task import answered_in_parts, run_part
from harness_neural.mlp import Mlp
from harness_rab.rab import Rab
from harness_sklearn.splines import Splines

if TYPE_CHECKING:
    import pandas as pd

SLOPE = 0.5
NETWORK = Mlp(sizes_around=0)
N_DRAWS = 20
STEP = 1e-5


@dataclass(frozen=True)
class Estimate:
    """One effect of one panel.

    Attributes
    ----------
    repeats : draws of folds that it is the median over
    truth : the true effect
    seconds : of the processor, of all effects of the panel
    """

    panel: int
    method: str
    repeats: int
    truth: float
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether the interval holds the truth."""
        return self.conf_low <= self.truth <= self.conf_high


Truths = Iterator[tuple[Panel, float]]
"""Panels with their true effects."""


def confounded(panel: int) -> Truths:
    """Yield a panel with a nonlinear confounder; intervals of another slope hold it in the same panels."""
    from effect_panels import confounded_panel

    yield confounded_panel(panel, partial(np.multiply, SLOPE)), SLOPE


def few(n_entities: int, n_periods: int, panel: int) -> Truths:
    """Yield a panel with few entities, whose noise lasts on both sides."""
    from effect_panels import confounded_panel

    size = {"n_entities": n_entities, "n_periods": n_periods}
    yield confounded_panel(panel, partial(np.multiply, SLOPE), **size, lasting=(0.5, 0.8)), SLOPE


def derivative(simulated: type[SmallPanel], panel: int) -> Truths:
    """Yield a panel of cities drawn from many, and their mean slope."""
    from effect_panels import cities_of_many

    yield cities_of_many(simulated, panel)


@dataclass(frozen=True, eq=False)
class Kind:
    """What is measured: panels by number, a learner and a form."""

    panels: Callable[[int], Truths]
    learner: Estimator
    form: Form = "line"

    def estimates(self, panel: int, *, repeats: int) -> list[Estimate]:
        """Return the effects of a panel, of one draw of folds and of the median over some."""
        numbers = sorted({1, repeats})
        scenarios = {number: EffectScenario(repeats=number, forms=(self.form,)) for number in numbers}
        start, rows = process_time(), []
        for drawn, truth in self.panels(panel):
            question = Subject(drawn, self.learner, "learner", panel)
            found = {
                part.label: attempt(partial(run_part, part)) for part in scenarios[repeats].parts(question)
            }
            for number, scenario in scenarios.items():
                table = framed(scenario.concluded(question, found))["effects"]
                rows += [(number, truth, table.iloc[at]) for at in range(len(table))]
        seconds = process_time() - start
        return [_estimate(panel, *row, seconds) for row in rows]


def _estimate(panel: int, repeats: int, truth: float, row: pd.Series, seconds: float) -> Estimate:
    return Estimate(
        *(panel, row["method"], repeats, truth),
        estimate=float(row["estimate"]),
        std_error=float(row["std_error"]),
        conf_low=float(row["conf_low"]),
        conf_high=float(row["conf_high"]),
        seconds=seconds,
    )


@dataclass(frozen=True, eq=False)
class KnownSlopes:
    """What no learner is needed for: the mean over cities of true slopes, clustered by city."""

    simulated: type[SmallPanel]

    def estimates(self, panel: int, *, repeats: int) -> list[Estimate]:
        """Return the mean slope of the rows of either method; there are no folds to draw."""
        from scipy.stats import t

        from effect_panels import cities_of_many

        start = process_time()
        drawn, truth = cities_of_many(self.simulated, panel)
        simulation, exposure = self.simulated(), drawn.column(drawn.exposure)
        up, down = (simulation.response(exposure + move, exposure) for move in (STEP, -STEP))
        slope, rows = (up - down) / (2.0 * STEP), np.arange(drawn.n_obs)
        found = []
        for method, used in (
            ("first_differences", rows[drawn.period > drawn.period.min()]),
            ("correlated_random_effects", rows),
        ):
            city = drawn.entity.codes[used]
            means = np.bincount(city, weights=slope[used]) / np.bincount(city)
            estimate, error = float(means.mean()), float(means.std(ddof=1) / np.sqrt(means.size))
            half = float(t.ppf(0.975, means.size - 1)) * error
            limits = estimate - half, estimate + half
            found.append(Estimate(panel, method, 1, truth, estimate, error, *limits, process_time() - start))
        return found


def _known() -> Estimator:
    from effect_panels import KnownShapes

    learner: Estimator = KnownShapes()
    return learner


@dataclass(frozen=True, eq=False)
class Curves:
    """Whole debiased curves that splines learn, on panels with additive confounders.

    Attributes
    ----------
    confounder, response, n_entities : of `additive_panel`
    """

    confounder: str
    response: str
    n_entities: int

    def estimates(self, panel: int, *, repeats: int) -> list[Estimate]:
        """Return how far a curve is from the truth where it is farthest, which its band holds or not."""
        from effect_panels import additive_panel, beyond_band

        start = process_time()
        drawn = additive_panel(
            panel, n_entities=self.n_entities, confounder=self.confounder, response=self.response
        )
        question = Subject(drawn, Splines(), "learner", panel)
        scenario = EffectScenario(repeats=repeats, forms=("curve",))
        found = answered_in_parts(scenario, question)["effects"]
        farthest, seconds = beyond_band(found, drawn, self.response), process_time() - start
        rows = [farthest.iloc[at] for at in range(len(farthest))]
        return [_estimate(panel, repeats, 0.0, row, seconds) for row in rows]


CURVES = product(("none", "linear", "nonlinear"), ("zero", "bent"), (50, 100, 270))

# Entities and periods of panels with few of them, whose noise lasts on both sides.
FEW = ((20, 9), (30, 9), (30, 20), (50, 9), (100, 9), (270, 9))

KINDS: Mapping[str, Callable[[], Kind | KnownSlopes | Curves]] = {
    **{"_".join(map(str, cell)): partial(Curves, *cell) for cell in CURVES},
    **{f"few_{n}x{t}": partial(Kind, partial(few, n, t), Splines()) for n, t in FEW},
    "splines": lambda: Kind(confounded, Splines()),
    "known": lambda: Kind(confounded, _known()),
    "selection": lambda: Kind(confounded, Splines(smoothing="selection")),
    "mlp": lambda: Kind(confounded, NETWORK),
    "rab": lambda: Kind(confounded, Rab(base=NETWORK, draws=N_DRAWS)),
    "s_curve": lambda: Kind(partial(derivative, SCurve), Splines(), "derivative"),
    "s_curve_known": lambda: KnownSlopes(SCurve),
    "interaction": lambda: Kind(
        partial(derivative, InteractionPanel), Splines(products="moderators"), "derivative"
    ),
}


def row(estimates: list[Estimate]) -> str:
    """Return the cells of one method and true effect."""
    from scipy.stats import binomtest

    held = sum(one.holds for one in estimates)
    limits = binomtest(held, len(estimates)).proportion_ci(0.95, method="exact")
    miss = np.array([(one.estimate - one.truth) / one.std_error for one in estimates])
    cells = [
        str(len(estimates)),
        f"{held / len(estimates):.3f} [{limits.low:.3f}, {limits.high:.3f}]",
        f"{miss.mean():.2f}",
        f"{miss.std():.2f}",
        f"{np.mean([one.seconds for one in estimates]):.1f}",
    ]
    return " | ".join(cells)


def _read(path: Path) -> list[Estimate]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Estimate(**one) for line in lines for one in json.loads(line)]


def main() -> None:
    """Measure and print."""
    import sys

    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("first", type=int)
    parser.add_argument("last", type=int)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=1)
    asked = parser.parse_args()
    kind, wanted = KINDS[asked.kind](), range(asked.first, asked.last + 1)
    for panel in sorted(set(wanted) - {one.panel for one in _read(asked.out)}):
        line = json.dumps([asdict(one) for one in kind.estimates(panel, repeats=asked.repeats)])
        with asked.out.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    estimates = [one for one in _read(asked.out) if one.panel in wanted]
    print("| method | draws of folds | truth | panels | held | bias | spread | s |")
    print("|---|---|---|---|---|---|---|---|")
    # the mean slope of all cities differs between panels in the last digits
    cells = dict.fromkeys((one.method, one.repeats, round(one.truth, 3)) for one in estimates)
    for cell in cells:
        own = [one for one in estimates if (one.method, one.repeats, round(one.truth, 3)) == cell]
        print(f"| {cell[0]} | {cell[1]} | {cell[2]} | {row(own)} |")


if __name__ == "__main__":
    main()

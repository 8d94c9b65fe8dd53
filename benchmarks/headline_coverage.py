"""How often intervals of headline effects hold the truth: ``python benchmarks/headline_coverage.py``.

Estimators and scenarios are called as a run calls them, on panels of the grid with an effect, of one shape.
What was counted is kept, a row an interval, in ``benchmarks/grid/coverage.csv``, and goes on from there.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from harness.data.build import panel_from_frame
from harness.data.data_spec import Roles
from harness.data.panel import Panel
from harness.findings.shape import exact_limits
from harness.plugin import Estimator
from harness.rng import random_stream
from harness.scenarios.full_fit import FullTask, answer_in_process
from harness.scenarios.mediation import MediationScenario
from harness.scenarios.scenario import Subject, framed
from harness.tables.csv_table import csv_text
from harness_causal import DifferenceInDifferences
from harness_panel import DynamicGMM, Instrumental, QuantileEffects, SpatialDurbin
from harness_sklearn import Splines
from shape_grid import COVERED, MEASURED, SEED, SPECS, STUDIES

ROLES = Roles(entity="unit", time="period", outcomes=("y",), exposure="x")

# Roles that a study adds.
FURTHER: Mapping[str, Mapping[str, Any]] = {
    "instruments": {"instruments": ("z",)},
    "spatial": {"latitude": "lat", "longitude": "lon"},
    "mediation": {"mediators": ("m",)},
}

ESTIMATORS: Mapping[str, Estimator] = {
    "instruments": Instrumental(effects=("entity",)),
    "dynamics": DynamicGMM(),
    "spatial": SpatialDurbin(nearest=4),
    "quantiles": QuantileEffects(effects=("entity",)),
}


def of_estimator(name: str, panel: Panel, seed: int) -> pd.DataFrame:
    """Return the rows of the exposure: coefficients, or impacts by the last id of the headline's key."""
    subject = Subject(panel, ESTIMATORS[name], name, seed)
    full = FullTask(subject, {}, panel.exposure, 0.95).run()
    if name == "spatial":
        impacts = full.details["impacts"]
        return impacts[impacts["variable"] == "x"].set_index("impact").loc[["direct", "total"]]
    coefficients = full.coefficients
    assert coefficients is not None, full.reason
    return coefficients[coefficients["term"] == "x"]


def of_treatment(_name: str, panel: Panel, seed: int) -> pd.DataFrame:
    """Return the average effect by the first method."""
    answer = DifferenceInDifferences().quick().answer_of(panel, rng=random_stream(seed, "bands"))
    effects = framed(answer)["did_effects"]
    return effects[(effects["effect"] != "event") & (effects["method"] == "sun_abraham")]


def of_mediation(_name: str, panel: Panel, seed: int) -> pd.DataFrame:
    """Return the total effect by the first method and the default learner."""
    scenario = replace(MediationScenario(), repeats=1, methods=("first_differences",))
    paths = answer_in_process(scenario, Subject(panel, Splines(), "splines", seed))["mediation"]
    return paths[(paths["path"] == "total") & (paths["method"] == "first_differences")]


ROWS: Mapping[str, Callable[[str, Panel, int], pd.DataFrame]] = {
    **dict.fromkeys(ESTIMATORS, of_estimator),
    "staged": of_treatment,
    "mediation": of_mediation,
}


def panel_of(name: str, frame: pd.DataFrame) -> Panel:
    """Return the panel of a study."""
    return panel_from_frame(frame, replace(ROLES, **FURTHER.get(name, {})))


def held(name: str, number: int) -> Mapping[str, int]:
    """Return whether each interval of a panel holds the truth, by the last id of its key."""
    rng = random_stream(SEED, "coverage", name, number)
    drawn = STUDIES[name].draw(COVERED, rng, number, True)
    rows = ROWS[name](name, panel_of(name, drawn.frame), number)
    holds = {}
    for position, (key, truth) in enumerate(drawn.truth.items()):
        low, high = rows[["conf_low", "conf_high"]].to_numpy(dtype=float)[position]
        holds[key.rpartition("=")[2]] = int(low <= truth <= high)
    return holds


def main() -> None:
    """Count what is missing, and write the table of the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=200)
    parser.add_argument("--file", type=Path, default=SPECS / "coverage.csv")
    options = parser.parse_args()
    names = ["study", "number", "interval", "held"]
    if not options.file.exists():
        options.file.write_text(",".join(names) + "\n", encoding="utf-8")
    done = set(pd.read_csv(options.file)[["study", "number"]].itertuples(index=False, name=None))
    with options.file.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number in range(1, options.panels + 1):
            for name in (one for one in ROWS if (one, number) not in done):
                writer.writerows((name, number, *one) for one in held(name, number).items())
                file.flush()
    rows = []
    for key, own in pd.read_csv(options.file).groupby(["study", "interval"], sort=False):
        low, high = exact_limits(int(own["held"].sum()), len(own))
        limits = f"{own['held'].sum()} of {len(own)} [{low:.3f}, {high:.3f}]"
        rows.append(dict(zip(("study", "interval"), key, strict=True)) | {"holds the truth": limits})
    (MEASURED / "headline_coverage.csv").write_text(csv_text(pd.DataFrame(rows)), encoding="utf-8")


if __name__ == "__main__":
    main()

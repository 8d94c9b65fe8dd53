"""What earlier versions got wrong, measured again: ``python benchmarks/measured_again.py``.

Prints the rows of ``docs/measured/measured_again.csv`` that no other script counts: the size of the test of
linearity with few entities and lasting errors, and the power at the effect that a study says it could have
detected where few entities move the exposure. A quarter of an hour on one core.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from harness.calibration.memory import run_in_memory
from harness.calibration.run import calibration_manifest
from harness.data.simulate.simulation import lasting
from harness.findings.run import RULE
from harness.findings.table import findings_of
from harness.rng import random_stream
from harness.running.prepare import prepare
from harness.scenarios.effect.linearity import linearity_test
from harness.tables.findings import FindingRow
from measured import Measured, with_limits
from shape_grid import options_of, registry

SEED, SIZE = 536, 0.05

TABLE = Measured("measured_again.csv", ("what", "earlier", "now"))

# Shares in earlier versions of the test, by entities.
EARLIER = {12: "0.31", 20: "", 40: "0.15 [0.10, 0.22]"}


def linearity_rejections(n_entities: int, n_panels: int) -> int:
    """Return how many panels of eight periods with a straight effect and AR(.8) are rejected."""
    from panels import balanced_panel

    shape, n_rejected = (n_entities, 8), 0
    for number in range(n_panels):
        rng = random_stream(SEED, "linearity", n_entities, number)
        exposure, errors = (lasting(rng.standard_normal(shape), 0.8) for _ in range(2))
        level = rng.standard_normal((n_entities, 1))
        exposure = exposure + level
        outcome = (exposure + level + errors).ravel()
        panel = balanced_panel(shape, outcome=outcome, X=exposure.reshape(-1, 1))
        n_rejected += linearity_test(panel, rng=rng).p_value < SIZE
    return n_rejected


def primary_effect(number: int, effect: float) -> FindingRow:
    """Return the primary effect of a panel of 40 entities of which six move the exposure."""
    rng = random_stream(SEED, "active", number)
    exposure, control, errors = rng.standard_normal((3, 40, 8))
    exposure = exposure * np.where(np.arange(40) < 6, 1.0, 0.05)[:, None]
    outcome = effect * exposure + control + errors + rng.standard_normal((40, 1))
    unit, period = np.indices(exposure.shape)
    columns = {"unit": unit, "period": 2001 + period, "x": exposure, "z": control, "y": outcome}
    frame = pd.DataFrame({name: values.ravel() for name, values in columns.items()})
    options = options_of("active", frame.assign(unit="u" + frame["unit"].astype(str)), number)
    prepared = prepare(options, registry())
    manifest = calibration_manifest(options, prepared, n_panels=1, effect=effect, started=datetime.now(UTC))
    run, _ = run_in_memory(prepared, manifest)
    rows = findings_of(run, tuple(registry().of(RULE).values()))
    return next(row for row in rows if row.finding == "effect")


def detected(n_panels: int) -> tuple[float, int]:
    """Return the mean effect that panels without one could have detected, and how many others find it."""
    least = [primary_effect(number, 0.0).least_detectable for number in range(n_panels)]
    effect = float(np.mean(least))
    p_values = (primary_effect(number, effect).p_value for number in range(n_panels, 2 * n_panels))
    return effect, sum(p_value < SIZE for p_value in p_values)


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield what was measured, what it was earlier, and what it is."""
    for n_entities, earlier in EARLIER.items():
        what = f"straight effects rejected as nonlinear, {n_entities} entities x 8 periods, errors AR(.8)"
        yield what, earlier, with_limits(linearity_rejections(n_entities, 1000), 1000)
    effect, n_found = detected(200)
    what = f"found of an effect, {effect:.2f}, said to be detectable in 80 %, 6 of 40 entities active"
    yield what, "0.62 [0.47, 0.76]", with_limits(n_found, 200)


if __name__ == "__main__":
    TABLE.write(rows())

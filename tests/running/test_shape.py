"""Error rates by the shape of a panel: interpolation, its limits, and what lies outside."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from harness.calibration.grid import CELLS, GAINS, KINDS
from harness.data.build import panel_from_frame
from harness.data.roles import Roles
from harness.running.shape import Shape, exact_limits, rates_at, shape_of, shape_rates
from harness.tables.findings import ERROR_RATES

LOW = Shape(entities=10.0, periods=5.0, autocorrelation=0.0, tails=1.0, between=0.5)
HIGH = replace(LOW, entities=1000.0)
COUNTS = ["n_panels", "n_false", "n_true", "n_found"]


def cells(*shapes_and_counts):
    rows = [
        {"cell": f"c{at}", **asdict(shape), "finding": "gain", **dict(zip(COUNTS, counts, strict=True))}
        for at, (shape, counts) in enumerate(shapes_and_counts)
    ]
    return pd.DataFrame(rows)


TWO = cells((LOW, (50, 5, 50, 10)), (HIGH, (50, 0, 50, 40)))


def test_a_simulated_shape_has_its_own_rate_and_limits():
    (row,) = rates_at(LOW, TWO)
    assert row["error_rate"] == pytest.approx(0.1)
    assert row["power"] == pytest.approx(0.2)
    assert (row["n_panels"], row["nearest"], row["distance"]) == (50, "c0", pytest.approx(0.0))
    own = binomtest(5, 50).proportion_ci(0.95, method="exact")
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((own.low, own.high))


def test_half_way_in_logs_is_the_mean_of_as_many_panels_as_both_have():
    (row,) = rates_at(replace(LOW, entities=100.0), TWO)
    assert (row["error_rate"], row["power"]) == pytest.approx((0.05, 0.5))
    assert (row["n_panels"], row["distance"]) == (100, pytest.approx(0.5))


def test_four_corners_lie_on_a_plane():
    corners = [
        (replace(LOW, entities=n, between=b), (100, false, 100, 50))
        for n, b, false in ((10, 0, 0), (1000, 0, 10), (10, 1, 4), (1000, 1, 14))
    ]
    (row,) = rates_at(replace(LOW, entities=1000.0, between=0.25), cells(*corners))
    assert row["error_rate"] == pytest.approx(0.11)


@pytest.mark.parametrize(
    ("changes", "outside"),
    [
        ({"entities": 5.0}, "entities"),
        ({"entities": 2000.0, "between": 0.9}, "entities, between"),
        ({"tails": float("nan")}, "tails"),
        ({"entities": 9.0}, ""),
    ],
)
def test_nothing_is_extrapolated(changes, outside):
    (row,) = rates_at(replace(LOW, **changes), TWO)
    assert row.get("outside", "") == outside
    assert ("error_rate" in row) == (not outside)


@pytest.mark.parametrize(("n_found", "n_panels"), [(0, 40), (3, 40), (40, 40)])
def test_limits_are_those_of_the_binomial_test(n_found, n_panels):
    own = binomtest(n_found, n_panels).proportion_ci(0.95, method="exact")
    assert exact_limits(n_found, n_panels) == pytest.approx((own.low, own.high))


def test_the_shape_of_a_panel_is_what_it_was_drawn_with():
    cell = next(cell for cell in CELLS if cell.name == "500x18-r0.9-normal-b0.95")
    frame = cell.draw(np.random.default_rng(1), has_effect=False)
    roles = Roles(entity="unit", time="period", outcomes=("y",), exposure="x", controls=("m", "z"))
    shape = shape_of(panel_from_frame(frame, roles))
    assert (shape.entities, shape.periods) == (500.0, pytest.approx(16.2, abs=0.2))
    # Demeaning eighteen periods takes some of an autocorrelation of .9.
    assert 0.65 < shape.autocorrelation < 0.9
    assert shape.tails == pytest.approx(1.0, abs=0.05)
    assert shape.between == pytest.approx(0.95, abs=0.01)


def test_the_shipped_table_has_every_shape_and_kind():
    cell = next(cell for cell in CELLS if cell.name == "30x5-r0-normal-b0")
    frame = cell.draw(np.random.default_rng(1), has_effect=False)
    roles = Roles(entity="unit", time="period", outcomes=("y",), exposure="x", controls=("m", "z"))
    rates = shape_rates([panel_from_frame(frame, roles)])
    assert tuple(rates.columns) == ERROR_RATES.columns
    assert rates["finding"].tolist() == [*GAINS, *KINDS]
    assert set(rates["nearest"]) <= {cell.name for cell in CELLS}

"""Means of neighbours, and roles of coordinates and instruments: read, prepared, checked, and refused."""

from __future__ import annotations

import numpy as np
import pytest

from harness.data.data_spec import DataSpec
from harness.data.prepare.panel_steps import SpatialLag
from harness.data.prepare.row_steps import Log
from harness.data.roles import Roles
from harness.errors import DataError

TEXT = """id,year,y,x,lat,lon
a,1,1,10,0,0
b,1,2,20,0,1
c,1,4,40,0,3
a,2,1,11,0,0
b,2,2,21,0,1
c,2,4,41,0,3
"""


def lagged(of="x", nearest=1):
    return SpatialLag("near", of, "lat", "lon", nearest=nearest)


def test_it_is_the_mean_of_the_nearest_rows_of_the_period(build_text):
    roles = Roles("id", "year", ("y",), "x", (), ("near",))
    spec = DataSpec(path="panel.csv", prepare=(lagged(),))
    panel = build_text(TEXT, roles=roles, spec=spec).panel("y")
    assert panel.column("near").tolist() == [20.0, 21.0, 10.0, 11.0, 20.0, 21.0]
    two = DataSpec(path="panel.csv", prepare=(lagged(nearest=2),))
    panel = build_text(TEXT, roles=roles, spec=two).panel("y")
    assert panel.column("near").tolist() == [30.0, 31.0, 25.0, 26.0, 15.0, 16.0]


def test_outcomes_of_neighbours_are_refused(build_text):
    roles = Roles("id", "year", ("ly",), "x", (), ("near",))
    for of in ("y", "ly"):
        spec = DataSpec(path="panel.csv", prepare=(Log("ly", "y"), lagged(of)))
        with pytest.raises(DataError, match="tells outcomes 'ly' of rows that are tested on"):
            build_text(TEXT, roles=roles, spec=spec)


def test_coordinates_and_instruments_are_those_of_the_panels_rows(build_text):
    roles = Roles("id", "year", ("y",), "x", instruments=("lon",), latitude="lat", longitude="lon")
    panel = build_text(TEXT, roles=roles).panel("y")
    assert panel.instruments == ("lon",)
    np.testing.assert_array_equal(panel.Z[:, 0], [0, 0, 1, 1, 3, 3])
    np.testing.assert_array_equal(panel.coordinates[:, 1], [0, 0, 1, 1, 3, 3])
    taken = panel.take(np.array([2, 5]))
    assert taken.Z.tolist() == [[1.0], [3.0]]
    assert taken.coordinates.tolist() == [[0.0, 1.0], [0.0, 3.0]]
    joined = panel.joined(taken)
    assert joined.Z.shape == (8, 1)
    assert joined.coordinates.shape == (8, 2)
    assert build_text(TEXT).panel("y").coordinates is None


def test_a_latitude_beyond_the_pole_is_refused(build_text):
    roles = Roles("id", "year", ("y",), "x", latitude="x", longitude="lon")
    text = TEXT.replace("c,1,4,40", "c,1,4,140")
    with pytest.raises(DataError, match=r"1 of 6 values are no latitude in degrees"):
        build_text(text, roles=roles)

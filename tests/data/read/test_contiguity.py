"""A file of neighbours: read, checked, matched with the data, and used by the spatial lag of a regressor."""

import numpy as np
import pytest

from harness.data.build import PanelBuilder
from harness.data.data_spec import ContiguityFile, DataSpec
from harness.data.panel import Panel
from harness.data.prepare.panel_steps import SpatialLag
from harness.data.roles import Roles
from harness.errors import DataError
from spec_tables import table_of

# Cities 01 - 02 - 03 in a row, 04 alone; 03 has no row in the second year.
DATA = """id,year,y,x
01,1,1,10
02,1,2,20
03,1,3,40
04,1,4,80
01,2,5,11
02,2,6,22
04,2,7,88
"""
PAIRS = "from,to,km\n01,02,1\n02,03,3\n"
ROLES = Roles("id", "year", ("y",), "x")


@pytest.fixture
def build(tmp_path):
    """Return the builder of data beside a file of pairs."""

    def build(pairs=PAIRS, *, weight=None, prepare=(), roles=ROLES, missing="error"):
        table, spec = read_pairs(tmp_path, pairs, weight, prepare, missing)
        return PanelBuilder.build(table, spec, roles)

    return build


def read_pairs(folder, pairs=PAIRS, weight=None, prepare=(), missing="error"):
    """Return the table of the data beside a file of pairs, and the spec of both."""
    (folder / "panel.csv").write_text(DATA)
    (folder / "pairs.csv").write_text(pairs)
    file = ContiguityFile(path="pairs.csv", entity="from", neighbour="to", weight=weight)
    spec = DataSpec(path="panel.csv", contiguity=file, prepare=prepare, missing=missing)
    table = table_of(spec, folder)
    return table, spec


def dense(panel: Panel):
    links = panel.contiguity.links(panel.entity, panel.period)
    weights = np.zeros((panel.n_obs, panel.n_obs))
    weights[links.rows, links.others] = links.weights
    return weights


def test_neighbours_are_those_of_the_file_that_have_a_row_in_the_period(build):
    panel = build().panel("y")
    labels = [panel.entity.labels[code] for code in panel.entity.codes]
    assert labels == ["01", "01", "02", "02", "03", "04", "04"]
    assert dense(panel).tolist() == [
        [0, 0, 1, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, 0, 0],
        [0.5, 0, 0, 0, 0.5, 0, 0],
        [0, 1, 0, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0],
    ]
    assert dense(build(weight="km").panel("y"))[2].tolist() == [0.25, 0, 0, 0, 0.75, 0, 0]


def test_the_file_is_one_of_the_files_of_the_data(build):
    builder = build()
    (record,) = [one for one in builder.read if one.step == "contiguity"]
    assert record.account.detail == "2 pairs of 3 entities"
    assert [note.message for note in builder.notes if note.code == "W-NEIGHBOURS"] == [
        "1 of the 4 entities in the data have no neighbours: 04."
    ]


def test_a_spatial_lag_is_the_mean_over_the_neighbours_of_the_file(build):
    roles = Roles("id", "year", ("y",), "x", (), ("near",))
    panel = build(prepare=(SpatialLag("near", "x"),), roles=roles, missing="drop").panel("y")
    assert panel.column("near").tolist() == [20.0, 22.0, 25.0, 11.0, 20.0]
    weighted = build(weight="km", prepare=(SpatialLag("near", "x"),), roles=roles, missing="drop").panel("y")
    assert weighted.column("near").tolist() == [20.0, 22.0, 0.25 * 10 + 0.75 * 40, 11.0, 20.0]


def test_a_lag_without_neighbours_or_places_is_refused(build_text):
    roles = Roles("id", "year", ("y",), "x", (), ("near",))
    spec = DataSpec(path="panel.csv", prepare=(SpatialLag("near", "x"),))
    with pytest.raises(DataError, match="nothing says who is near whom"):
        build_text(DATA, roles=roles, spec=spec)
    with pytest.raises(ValueError, match="together, or neither"):
        SpatialLag("near", "x", latitude="x")


def test_pairs_may_stand_once_or_twice(build):
    both = "from,to,km\n01,02,1\n02,01,1\n02,03,3\n03,02,3\n"
    np.testing.assert_array_equal(dense(build(both).panel("y")), dense(build().panel("y")))
    assert len([note for note in build(both).notes if note.code == "W-NEIGHBOURS"]) == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "01,02,1\n02,01,1\n02,03,3\n",
            "1 of 2 pairs are listed in one direction only and are used in both: 02 and",
        ),
        ("01,02,1\n01,02,1\n02,03,3\n", "1 duplicate rows count once: 01 and 02."),
        (
            "01,02,1\n02,03,3\n03,99,1\n",
            "1 of its 4 entities are not in the data; 1 of its 3 pairs are dropped",
        ),
    ],
    ids=["one direction", "repeated", "unknown"],
)
def test_what_is_odd_is_counted(build, rows, message):
    notes = [note.message for note in build(f"from,to,km\n{rows}", weight="km").notes]
    assert any(note.startswith(message) for note in notes)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ("from,to,km\n01,02,1\n02,02,1\n", "1 of 2 entities are neighbours of themselves"),
        ("from,to,km\n01,02,0\n", "1 of 1 weights are zero, negative or missing"),
        ("from,km\n01,1\n", r"column 'to' \(data.contiguity.neighbour\)"),
        ("from,to,km\n", "no rows|0 rows"),
    ],
    ids=["itself", "zero", "no column", "no rows"],
)
def test_what_is_wrong_is_refused(build, pairs, message):
    with pytest.raises(DataError, match=message):
        build(pairs, weight="km")

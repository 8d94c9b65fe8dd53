"""Files joined by their keys, and a file of neighbours: what matches, and what is refused with numbers."""

import re

import numpy as np
import pytest

from harness.data.build import PanelBuilder
from harness.data.data_spec import ContiguityFile, DataSpec, FileSpec, Join, Reshape, Roles
from harness.data.panel import Panel
from harness.data.prepare.panel_steps import SpatialLag
from harness.data.shape.panel_notes import leakage_notes
from harness.errors import DataError
from spec_tables import table_of

PANEL = "id,year,y,region\n北京,2011,1,north\n北京,2012,2,north\n上海,2011,3,south\n上海,2012,4,south\n"
MORE = "id,year,x\n上海,2011年,30\n 北京,2011年,10\n北京,2012年,20\n上海,2012年,40\n"
REGIONS = "region,coast\nnorth,0\nsouth,1\n"


@pytest.fixture
def joined(tmp_path, read_bytes):
    def join(other: str, *, panel: str = PANEL, **options):
        (tmp_path / "other.csv").write_text(other, encoding="utf-8")
        asked = Join(path="other.csv", **options)
        return read_bytes(panel.encode(), spec=DataSpec(path="panel.csv", merge=(asked,)))

    return join


def test_files_are_joined_by_entity_and_period(joined):
    table = joined(MORE)
    assert table.frame["x"].tolist() == [10, 20, 30, 40]
    assert table.frame.index.tolist() == [2, 3, 4, 5]
    assert [file.origin for file in table.files] == ["panel.csv", "other.csv"]
    assert table.records[-1].account.detail == "1:1 on id, year: 4 rows match"
    assert table.notes == ()


def test_a_table_of_regions_is_looked_up(joined):
    table = joined(REGIONS, on=("region",))
    assert table.frame["coast"].tolist() == [0, 0, 1, 1]
    assert table.records[-1].account.detail == "m:1 on region: 4 rows match"


@pytest.mark.parametrize(
    ("how", "entities", "fates"),
    [
        ("left", ["北京", "北京", "上海", "上海"], ("kept", "left out")),
        ("inner", ["北京", "上海", "上海"], ("left out", "left out")),
        ("outer", ["北京", "北京", "上海", "上海", "广州"], ("kept", "kept")),
    ],
)
def test_rows_without_a_match_are_counted_and_listed(joined, how, entities, fates):
    table = joined(MORE.replace("北京,2012年,20", "广州,2012年,50"), how=how)
    assert table.frame["id"].tolist() == entities
    (note,) = table.notes
    assert note.code == "W-UNMATCHED"
    assert note.message == (
        f"1 rows of panel.csv have no match in other.csv, {fates[0]} (北京, 2012); "
        f"1 rows of other.csv have no match in panel.csv, {fates[1]} (广州, 2012)."
    )
    if how == "left":
        assert np.isnan(table.frame["x"].tolist()[1])


def refused(joined, other, **options):
    with pytest.raises(DataError) as caught:
        joined(other, **options)
    assert caught.value.where == "other.csv (data.merge[0])"
    assert caught.value.hint
    return caught.value.what


def test_duplicate_keys_are_refused_with_their_lines(joined):
    what = refused(joined, MORE + "北京,2011,11\n")
    assert what == (
        "1 keys (id, year) of other.csv occur more than once, so that the match is 1:m: "
        "北京, 2011 in lines 3, 6"
    )


def test_periods_that_do_not_overlap_are_refused(joined):
    what = refused(joined, MORE.replace("2011", "2021").replace("2012", "2022"))
    assert what == "periods do not overlap: 2011 to 2012 in panel.csv, 2021 to 2022 in other.csv"


def test_a_column_that_is_not_there_is_refused(joined):
    with pytest.raises(DataError) as caught:
        joined(REGIONS, on=("regoin",))
    assert caught.value.where == "panel.csv: column 'regoin' (data.merge[0])"
    assert caught.value.what == "there is no such column"


def test_units_that_differ_are_refused_with_the_factor(joined):
    what = refused(joined, "id,year,y\n北京,2011,10000\n北京,2012,20000\n上海,2011,30000\n上海,2012,40000\n")
    assert what == (
        "'y' is in both files, with other values in 4 of 4 matched rows; those of other.csv are 10^4 times "
        "as large in 4 of them, so the units differ (data.merge[0]: scale: {y: 1e-4})"
    )


def test_a_column_with_other_values_is_refused(joined):
    what = refused(joined, MORE.replace("x", "y"))
    assert "with other values in 4 of 4 matched rows" in what


def appended(tmp_path, read_bytes, other, **options):
    (tmp_path / "later.csv").write_text(other, encoding="utf-8")
    spec = DataSpec(path="panel.csv", append=(FileSpec(path="later.csv", **options),))
    return read_bytes(PANEL.encode(), spec=spec)


def test_files_of_other_years_are_put_below(tmp_path, read_bytes):
    table = appended(tmp_path, read_bytes, "id,year,y\n北京,2013年,1.5\n上海,2013年,3.5\n")
    assert table.frame["y"].tolist() == [1, 2, 3, 4, 1.5, 3.5]
    assert table.frame.index.tolist()[-1] == "later.csv:3"
    assert table.records[-1].account.detail == "2 rows of 2 entities, 2013 to 2013; without region"
    assert table.notes == ()


def test_units_that_differ_between_years_are_warned_of(tmp_path, read_bytes):
    table = appended(tmp_path, read_bytes, "id,year,y\n北京,2013,15000\n上海,2013,35000\n")
    (note,) = table.notes
    assert (note.code, note.where) == ("W-UNITS", "y")
    assert "2.5 in panel.csv and 2.5e+04 in later.csv, a ratio of 10,000" in note.message


@pytest.mark.parametrize(
    ("text", "options", "what"),
    [
        ("id,2011,2012\na,1,2\n", {"columns": "{period}年", "into": "y"}, "no column is named like"),
        ("id,year,2011\na,1,1\n", {"into": "y"}, "has a column 'year' already"),
        ("id,2011,2012\na,1,2\n", {"into": "year"}, "are to be called 'year', as another column is"),
        ("id,x,2011\na,1,1\n", {"into": "x"}, "are to be called 'x', as another column is"),
        (
            "id,name,2011\na,gdp,1\na,gdp,2\n",
            {"variable": "name"},
            "2 cells say a variable of the same entity and period more than once, first 'gdp' of a in 2011 "
            "(rows 2, 3)",
        ),
    ],
)
def test_what_cannot_be_reshaped(read_bytes, text, options, what):
    with pytest.raises(DataError) as caught:
        read_bytes(text.encode(), spec=DataSpec(path="panel.csv", reshape=Reshape(**options)))
    assert what in caught.value.what


def test_a_row_for_each_variable_of_a_year(read_bytes):
    text = "id,year,name,v\na,2011,gdp,1\na,2011,co2,2\na,2012,gdp,3\nb,2011,co2,5\n"
    asked = Reshape(variable="name", value="v")
    frame = read_bytes(text.encode(), spec=DataSpec(path="panel.csv", reshape=asked)).frame
    assert frame["id"].tolist() == ["a", "a", "b"]
    np.testing.assert_array_equal(frame["gdp"], [1, 3, np.nan])
    np.testing.assert_array_equal(frame["co2"], [2, np.nan, 5])


N_OBS = 400
RNG = np.random.default_rng(8)
POPULATION, PER_HEAD = np.exp(RNG.standard_normal((2, N_OBS)))
NOISE = RNG.standard_normal(N_OBS)
CO2 = POPULATION * PER_HEAD


def named(outcome, **regressors):
    """Return what notes say that the outcome is."""
    exposure, *controls = regressors
    roles = Roles("id", "year", ("co2",), exposure, controls=tuple(controls))
    notes = tuple(leakage_notes({"co2": outcome} | regressors, roles))
    assert {(note.code, note.where) for note in notes} <= {("W-LEAK", "co2")}
    said = re.compile(
        r"The outcome co2 (?:is, exactly or nearly, a function of (.+)"
        r"|equals (.+) up to constants)\. Any"
    )
    return [next(filter(None, said.match(note.message).groups())) for note in notes]


@pytest.mark.parametrize(
    ("outcome", "control"),
    [
        (CO2, 1000.0 * CO2),
        (CO2, -np.sqrt(CO2)),
        (NOISE, NOISE + 0.01 * RNG.standard_normal(N_OBS)),
        ((NOISE > 0.0).astype(float), 3.0 * (NOISE > 0.0)),
    ],
    ids=["units", "root", "measured again", "two values"],
)
def test_a_function_of_the_outcome_is_named(outcome, control):
    assert named(outcome, x=RNG.standard_normal(N_OBS), control=control) == ["control"]


@pytest.mark.parametrize(
    ("outcome", "first", "second", "what"),
    [
        (CO2, POPULATION, PER_HEAD, "first × second"),
        (PER_HEAD, CO2, POPULATION, "first / second"),
        (NOISE * PER_HEAD, -PER_HEAD, NOISE, "first × second"),
        (np.where(np.arange(N_OBS) % 5, CO2, 1.1 * CO2), POPULATION, PER_HEAD, "first × second"),
    ],
    ids=["product", "quotient", "signs", "of another edition in a fifth of the rows"],
)
def test_a_product_or_quotient_of_two_is_named(outcome, first, second, what):
    assert named(outcome, x=RNG.standard_normal(N_OBS), first=first, second=second) == [what]


@pytest.mark.parametrize(
    ("outcome", "what"),
    [
        (CO2 + POPULATION + NOISE, "first + second + third"),
        (2.0 * CO2 - 0.5 * POPULATION + NOISE + 7.0, "2 first - 0.5 second + 1 third"),
        (3.0 * CO2 / POPULATION**2 * np.exp(NOISE), "first × fourth / second^2"),
    ],
    ids=["sum", "weighted sum", "powers"],
)
def test_a_sum_or_product_of_several_is_named(outcome, what):
    regressors = {"first": CO2, "second": POPULATION, "third": NOISE, "fourth": np.exp(NOISE)}
    assert named(outcome, x=RNG.standard_normal(N_OBS), **regressors) == [what]


def test_a_few_large_rows_that_many_regressors_explain_are_no_sum():
    rng = np.random.default_rng(5)
    columns = {f"x{at}": np.r_[np.zeros(390), 1e6 * rng.random(10)] + rng.random(400) for at in range(12)}
    outcome = np.r_[np.zeros(390), 1e6 * rng.random(10)] + rng.random(400)
    assert named(outcome, **columns) == []


@pytest.mark.parametrize(
    ("outcome", "control"),
    [(NOISE, NOISE + 0.05 * RNG.standard_normal(N_OBS)), (CO2, POPULATION), (NOISE, np.zeros(N_OBS))],
    ids=["measured badly", "a factor", "constant"],
)
def test_what_goes_with_the_outcome_is_not(outcome, control):
    assert named(outcome, x=RNG.standard_normal(N_OBS), control=control) == []


@pytest.mark.parametrize("seed", range(20))
def test_no_panel_of_noise_has_a_note(seed):
    rng = np.random.default_rng(seed)
    columns = {f"x{at}": values for at, values in enumerate(rng.standard_t(2, (12, 60)))}
    assert named(rng.standard_t(2, 60), **columns) == []


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

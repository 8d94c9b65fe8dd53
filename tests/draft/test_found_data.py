"""What `harness init` sees of files: how they are read, and that the drafted study runs without an edit."""

import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import harness
from command import printed
from harness.data.build import PanelBuilder
from harness.data.data_spec import FileSpec
from harness.data.read.files import DataFolder
from harness.data.read.source import DATASET, READER, FileForm, Source
from harness.draft.described import described_sheets
from harness.draft.draft import Answers, absorbing
from harness.draft.found_data import find_data, options_of, sniff
from harness.installed import installed
from harness.study.spec.entry import LadderEntry, drafted_entries
from harness.study.spec.load import load_study
from spec_tables import as_workbook, table_of

# Files in the manner of yearbooks and databases, and their clean twin.
MESSY = Path(__file__).parent / "messy"
CITIES = ("北京", "天津", "石家庄", "唐山", "秦皇岛", "邯郸")
YEARS = tuple(range(2011, 2017))
NAMES = {"gdp": "地区生产总值", "co2": "碳排放", "share": "第三产业比重"}


def clean():
    return pd.read_csv(MESSY / "twin.csv")


def wide(frame, name):
    """Return one variable, a row a city and a column a year."""
    return frame.pivot_table(index="city", columns="year", values=name).loc[list(CITIES)]


def init(folder, *names, outcome, exposure, words=()):
    asked = ["--outcome", outcome, "--exposure", exposure, "--out", folder / "drafted.yaml", *words]
    printed("-p", "no:harness_neural", "init", *(folder / name for name in names), *asked)
    return load_study(folder / "drafted.yaml", catalogs=installed().catalogs).study


def frame_of(study, folder):
    roles = study.roles
    table = table_of(study.data, folder, entity=roles.entity, time=roles.time)
    return PanelBuilder.build(table, study.data, roles).frame()


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    folder = tmp_path_factory.mktemp("twin")
    shutil.copy(MESSY / "twin.csv", folder)
    return frame_of(init(folder, "twin.csv", outcome="co2", exposure="gdp"), folder)


def renamed(frame, study, twin):
    """Return a frame with the twin's names and order of columns."""
    short = {chinese: name for name, chinese in NAMES.items()}
    keys = {study.roles.entity: "city", study.roles.time: "year"}
    return frame.rename(columns=short | keys)[list(twin.columns)]


def form_of(path: Path) -> FileForm:
    reader = DataFolder(path.parent).reader_of(path, path.name)
    return sniff(Source(path.read_bytes(), path.name, "", "", FileSpec()), reader)


@pytest.mark.parametrize("name", sorted(path.name for path in MESSY.iterdir()))
def test_a_messy_file_is_read_as_its_clean_twin_by_what_was_seen(name, twin, tmp_path):
    shutil.copy(MESSY / name, tmp_path)
    is_chinese = name in ("title_and_units.csv", "a_row_a_variable.xlsx")
    outcome, exposure = (NAMES["co2"], NAMES["gdp"]) if is_chinese else ("co2", "gdp")
    study = init(tmp_path, name, outcome=outcome, exposure=exposure)
    found = renamed(frame_of(study, tmp_path), study, twin)
    pd.testing.assert_frame_equal(found, twin, check_exact=False, rtol=1e-12)


def test_files_of_one_variable_each_are_merged(twin, tmp_path):
    frame = clean()
    for name in NAMES:
        (tmp_path / f"{name}.csv").write_text(wide(frame, name).reset_index().to_csv(index=False))
    regions = pd.DataFrame({"city": frame["city"].unique(), "coastal": [0, 1, 0, 1, 1, 0]})
    (tmp_path / "regions.csv").write_text(regions.to_csv(index=False))
    study = init(tmp_path, "co2.csv", "gdp.csv", "share.csv", "regions.csv", outcome="co2", exposure="gdp")
    found = frame_of(study, tmp_path)
    pd.testing.assert_frame_equal(found[list(twin.columns)], twin, rtol=1e-12)
    assert study.roles.controls == ("share", "coastal")
    expected = regions.set_index("city")["coastal"]
    np.testing.assert_array_equal(found["coastal"], expected[found["city"]])


def test_a_row_for_each_entity_period_and_variable_becomes_columns(twin, tmp_path):
    stacked = clean().melt(["city", "year"], var_name="item")
    (tmp_path / "stacked.csv").write_text(stacked.to_csv(index=False))
    study = init(tmp_path, "stacked.csv", outcome="co2", exposure="gdp")
    pd.testing.assert_frame_equal(frame_of(study, tmp_path)[list(twin.columns)], twin, rtol=1e-12)


def test_a_scripts_wide_table_is_seen_too():
    frame = clean()
    table = pd.concat(
        [wide(frame, name).add_prefix(f"{name}_") for name in NAMES], axis="columns"
    ).reset_index()
    text = harness.init(table, outcome="co2", exposure="gdp")
    assert "reshape: {columns: '{variable}_{period}'}" in text
    assert "time: year" in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a;b\n1,5;2\n1.234,5;3\n", {"separator": ";", "decimal": ",", "thousands": "."}),
        ("a,b\n12.5%,1\n3%,2\n", {"percent": "number"}),
        ("a,b\n1,2\n3,4\n", {}),
    ],
    ids=["semicolons", "per cents", "plain"],
)
def test_marks_of_numbers_are_seen(text, said, tmp_path):
    path = tmp_path / "marks.csv"
    path.write_text(text, encoding="utf-8")
    assert options_of(form_of(path).spec) == said


def test_what_effects_determine_is_seen_in_an_unbalanced_panel():
    entity, time = (axis.ravel() for axis in np.indices((7, 5)))
    there = np.arange(35) % 6 != 2
    entity, time = entity[there], time[there]
    level, trend = np.array([3.0, 1, 4, 1, 5, 9, 2])[entity], np.array([2.0, 7, 1, 8, 3])[time]
    both = frozenset({"entity", "time"})
    assert absorbing(level, entity, time) == (frozenset({"entity"}),)
    assert absorbing(trend, entity, time) == (frozenset({"time"}),)
    assert absorbing(level + trend, entity, time) == (both,)
    assert absorbing(level * trend, entity, time) == ()


def test_a_rung_that_says_nothing_of_the_exposure_makes_room():
    effects = {
        "fe": LadderEntry(110, "one", "one", absorbs=frozenset({"entity"})),
        "twfe": LadderEntry(120, "two", "two", absorbs=frozenset({"entity", "time"}), is_drafted=True),
    }
    estimators = {"within": type("Within", (), {"ladder": tuple(effects.values())})}

    def ids(*absorbing):
        return [entry["id"] for entry in drafted_entries(estimators, [frozenset(keys) for keys in absorbing])]

    assert ids() == ["two"]
    assert ids({"entity", "time"}) == ["one"]
    assert ids({"time"}) == ["one"]
    assert ids({"entity"}) == []


def wages():
    """Return thirty men of the wage panel."""
    frame = installed().of(DATASET)["wage_panel"].load()
    return frame[frame["nr"].isin(sorted(frame["nr"].unique())[:30])].reset_index(drop=True)


def as_stata(frame):
    sink = io.BytesIO()
    labels = {name: f"What {name} is" for name in frame.columns}
    jobs = {"occupation": {number: f"job {number}" for number in range(1, 10)}}
    whole = frame.assign(occupation=frame["occupation"].astype(int))
    whole.to_stata(sink, write_index=False, version=118, variable_labels=labels, value_labels=jobs)
    return sink.getvalue()


@pytest.fixture(scope="module")
def drafted(tmp_path_factory):
    """Return the folder in which a file of the wage panel was drafted and run."""
    folder = tmp_path_factory.mktemp("wages")
    (folder / "wages.dta").write_bytes(as_stata(wages()))
    init(folder, "wages.dta", outcome="lwage", exposure="exper")
    spec = folder / "drafted.yaml"
    assert "240 rows of 30 entities in 8 periods" in printed("validate", spec)
    printed("run", spec, "--quick", "--jobs", 1, "--out", folder / "run")
    return folder


def test_a_drafted_spec_of_the_wage_panel_runs_without_an_edit(drafted):
    result = harness.open_run(drafted / "run")
    assert set(result.coefficients["estimator"]) == {"ols", "fe"}
    assert "What lwage is" in result.report.read_text(encoding="utf-8")


def test_experience_is_kept_from_effects_that_determine_it_and_its_square_is_no_control(drafted):
    text = (drafted / "drafted.yaml").read_text(encoding="utf-8")
    assert "# effects of entity and time determine the exposure" in text
    assert "{id: fe, use: fixed_effects, label: Fixed effects (entity), effects: [entity]}" in text
    assert "# left out: expersq (exper squared" in text
    assert "exper: {label: What exper is}" in text


def marked(cells, *, kind):
    """Return the bytes of a table of 20 rows whose column has these cells instead of its first ones."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"city": np.repeat(list("abcd"), 5), "year": [*range(2001, 2006)] * 4})
    frame["y"], frame["x"] = rng.normal(size=(2, 20))
    frame["size"] = [*cells, *(10.0 + rng.normal(size=20))][:20]
    buffer = io.BytesIO()
    match kind:
        case "csv":
            frame.to_csv(buffer, index=False)
        case "xlsx":
            frame.to_excel(buffer, index=False)
        case "dta":
            frame.to_stata(buffer, write_index=False)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("cells", "kind", "seen"),
    [
        pytest.param([-999, -999], "csv", ("-999",), id="csv"),
        pytest.param([-999, -999], "dta", ("-999",), id="dta"),
        pytest.param([-9, -9], "csv", ("-9",), id="others-are-positive"),
        pytest.param([-999], "csv", (), id="once"),
        pytest.param(["..", "large"], "csv", (), id="among-texts"),
    ],
)
def test_marks_of_missing_cells_are_seen_and_their_rows_left_out(cells, kind, seen, tmp_path):
    name = f"cities.{kind}"
    (tmp_path / name).write_bytes(marked(cells, kind=kind))
    study = init(tmp_path, name, outcome="y", exposure="x")
    assert study.data.missing_values == ("", "NA", "NaN", ".", *seen)
    assert study.data.missing == ("drop" if seen else "error")
    frame = frame_of(study, tmp_path)
    assert len(frame) == 20 - len(cells) * bool(seen)
    assert ("size" in frame) == ("large" not in cells)
    if seen:
        assert frame["size"].between(5, 15).all()


@pytest.mark.parametrize(
    ("cells", "said", "numbers"),
    [
        pytest.param(["0,800", "1,130"], {"decimal": ","}, [0.8, 1.13], id="three-decimals-below-one"),
        (["0.800", "1.130", "-0,125"], {"decimal": ","}, [0.8, 1.13, -0.125]),
        (["1.130", "2,5"], {"decimal": ",", "thousands": "."}, [1130, 2.5]),
    ],
)
def test_marks_of_decimals_and_thousands_are_told_apart_by_what_each_can_be(cells, said, numbers, tmp_path):
    frame = pd.read_csv(io.BytesIO(marked([], kind="csv")))
    frame[["y", "x"]] = (100 * frame[["y", "x"]]).round().astype(int)
    frame["size"] = [*cells, *map(str, range(10, 30))][:20]
    frame.to_csv(tmp_path / "cities.csv", index=False, sep=";")
    study = init(tmp_path, "cities.csv", outcome="y", exposure="x")
    assert {"decimal": study.data.decimal, "thousands": study.data.thousands} == {
        "decimal": ".",
        "thousands": None,
    } | said
    np.testing.assert_array_equal(frame_of(study, tmp_path)["size"][: len(cells)], numbers)


REGIONS = pd.DataFrame(
    {"code": [f"0{at}" for at in range(6)], "name": CITIES, "region": ["north", "south"] * 3}
)


def as_printed(frame, name, unit):
    """Return the rows of a sheet with a title in two rows, years across, a row of units, and notes."""
    rows = [[f"3-1 {name}"], ["2011-2016"], ["城市", *(f"{year}年" for year in YEARS)], [None, *([unit] * 6)]]
    rows += [[city.replace("北京", "北 京"), *wide(frame, name).loc[city].tolist()] for city in CITIES]
    return [*rows, [], ["注：按当年价格计算。"], ["数据来源：统计年鉴"]]


def as_long(frame, name):
    return [
        ["城市", "年份", "数值", "单位"],
        *[[*row, name] for row in frame[["city", "year", name]].to_numpy()],
    ]


@pytest.fixture
def init_sheets(tmp_path):
    def run(*names, sheets=()):
        asked = ["--outcome", "co2", "--exposure", "gdp", *(f"--sheet={sheet}" for sheet in sheets)]
        return printed("-p", "no:harness_neural", "init", *(tmp_path / name for name in names), *asked)

    return run


def tables_of(spec, out):
    few = ["estimators=[{id: ols, use: pooled_ols}, {id: fe, use: fixed_effects}]", "report.formats=[]"]
    few += ["evaluation={reference: ols}"]
    few += ["evaluation.protocols=[in_sample]", "scenarios=[]"]
    harness.run(spec, out=out, jobs=1, overrides=few)
    return {name: (out / name).read_bytes() for name in ("coefficients.csv", "accuracy.csv")}


def test_a_yearbook_of_sheets_and_a_file_of_codes_run_as_their_twin(tmp_path, init_sheets):
    frame = clean()
    (tmp_path / "twin.csv").write_text(
        frame.merge(REGIONS, left_on="city", right_on="name").drop(columns="name").to_csv(index=False)
    )
    sheets = {
        "说明": [["编者说明"], ["本书有三张表。"]],
        "co2": as_printed(frame, "co2", "万吨"),
        "gdp": as_printed(frame, "gdp", "亿元"),
        "share": as_printed(frame, "share", "%"),
    }
    (tmp_path / "yearbook.xlsx").write_bytes(as_workbook(sheets))
    REGIONS.to_csv(tmp_path / "codes.csv", index=False)
    told = init_sheets("yearbook.xlsx", "codes.csv")
    assert "sheet '说明' is left out: no column has the values of '城市'" in told
    assert "'code' is no control: another name of the entities" in told
    assert "gdp: {label: gdp, unit: 亿元}" in (tmp_path / "yearbook.yaml").read_text(encoding="utf-8")
    init_sheets("twin.csv")
    ours, twins = (tables_of(tmp_path / f"{name}.yaml", tmp_path / name) for name in ("yearbook", "twin"))
    assert b"share" in ours["coefficients.csv"]
    assert ours == twins


def test_sheets_that_are_chosen_are_read_alone_and_all_are_described(tmp_path, init_sheets):
    frame, names = clean(), ("co2", "gdp", "share")
    book = {"notes": [["editor"]], **{name: as_printed(frame, name, "t") for name in names}}
    (tmp_path / "book.xlsx").write_bytes(as_workbook(book))
    summary = init_sheets("book.xlsx", sheets=["gdp", "co2"])
    assert "sheet 'share' is left out: not chosen" in summary
    assert "controls: none" in summary
    data = load_study(tmp_path / "book.yaml", catalogs=installed().catalogs).study.data
    assert [data.sheet, *(one.sheet for one in data.merge)] == ["co2", "gdp"]
    chosen, readers = (
        Answers(sheets=("gdp",)),
        DataFolder(tmp_path, allow_outside=True, readers=installed().of(READER)),
    )
    data = find_data([tmp_path / "book.xlsx"], chosen, folder=readers)
    shown = {one.name: one for one in described_sheets(data)}
    assert {name: one.reason for name, one in shown.items()}["share"] == "not chosen"
    assert (shown["gdp"].n_rows, shown["gdp"].reason) == (len(CITIES), "")
    assert shown["gdp"].columns == ("城市", *(f"{year}年" for year in YEARS))
    firsts = wide(frame, "gdp").iloc[:3]
    assert [[float(cell) for cell in row[1:]] for row in shown["gdp"].rows] == firsts.to_numpy().tolist()
    (tmp_path / "book.yaml").unlink()
    with pytest.raises(harness.DataError, match="no sheet 'gpd' holds a table"):
        init_sheets("book.xlsx", sheets=["gpd"])


def test_the_only_sheet_of_a_workbook_may_be_named(tmp_path, init_sheets):
    frame = clean()
    (tmp_path / "one.xlsx").write_bytes(as_workbook({"panel": [[*frame], *frame.to_numpy().tolist()]}))
    read = {}
    for name in ("", "panel"):
        init_sheets("one.xlsx", sheets=[name] if name else [])
        study = load_study(tmp_path / "one.yaml", catalogs=installed().catalogs).study
        read[study.data.sheet] = study.roles
        (tmp_path / "one.yaml").unlink()
    assert read.keys() == {None, "panel"}
    assert read[None] == read["panel"]
    with pytest.raises(harness.DataError, match="expected: a workbook with this sheet"):
        init_sheets("one.xlsx", sheets=["panle"])


def test_long_sheets_whose_values_have_no_name_of_their_own_are_named_by_their_sheet(tmp_path, init_sheets):
    frame, names = clean(), ("co2", "gdp", "share")
    (tmp_path / "long.xlsx").write_bytes(as_workbook({name: as_long(frame, name) for name in names}))
    told = init_sheets("long.xlsx")
    assert "controls: share\n" in told
    study = (tmp_path / "long.yaml").read_text(encoding="utf-8")
    assert "{path: long.xlsx, sheet: gdp, rename: {数值: gdp}, columns: [gdp]}" in study
    assert "36 rows of 6 entities in 6 periods" in printed("validate", tmp_path / "long.yaml")


def test_sheets_of_a_year_each_are_rows_of_that_year(tmp_path, init_sheets):
    frame, names = clean(), ["city", "co2", "gdp", "share"]
    frame["share"] = frame["share"].astype(object).where(frame.index != 7, "inf")
    sheets = {f"{year}年": [names, *rows[names].to_numpy().tolist()] for year, rows in frame.groupby("year")}
    (tmp_path / "years.xlsx").write_bytes(as_workbook(sheets))
    told = init_sheets("years.xlsx")
    assert "'share' is no control: 1 of 36 cells are not numbers: 'inf'; correct them" in told
    spec = tmp_path / "years.yaml"
    study = load_study(spec, catalogs=installed().catalogs).study
    assert study.data.period == "2011"
    table = table_of(study.data, tmp_path, entity="city", time="year")
    found = PanelBuilder.build(table, study.data, study.roles).frame().astype({"year": int})
    twin = frame.set_index(["city", "year"])[["co2", "gdp"]]
    pd.testing.assert_frame_equal(found.set_index(["city", "year"])[["co2", "gdp"]].loc[twin.index], twin)
    with pytest.raises(harness.DataError, match="has a column 'co2', and a period is given for all rows"):
        table_of(study.data, tmp_path, entity="city", time="co2")

"""What `harness init` makes of a yearbook: every sheet a column, in a study that runs as its twin."""

from __future__ import annotations

import pandas as pd
import pytest
from click.testing import CliRunner

import harness
from harness.cli import cli
from harness.data.build import PanelBuilder
from harness.installed import installed
from harness.study.spec.load import load_study
from messy_files import CITIES, YEARS, clean, wide
from spec_tables import table_of
from workbooks import as_workbook

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
def init(tmp_path):
    def run(*names):
        paths = [str(tmp_path / name) for name in names]
        asked = ["--outcome", "co2", "--exposure", "gdp"]
        done = CliRunner().invoke(
            cli, ["-p", "no:harness_neural", "init", *paths, *asked], catch_exceptions=False
        )
        assert done.exit_code == 0, done.output
        return done.output

    return run


def tables_of(spec, out):
    few = ["estimators=[{id: ols, use: pooled_ols}, {id: fe, use: fixed_effects}]", "report.formats=[]"]
    few += ["evaluation.protocols=[in_sample]", "scenarios=[]"]
    harness.run(spec, out=out, jobs=1, overrides=few)
    return {name: (out / name).read_bytes() for name in ("coefficients.csv", "accuracy.csv")}


def test_a_yearbook_of_sheets_and_a_file_of_codes_run_as_their_twin(tmp_path, init):
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
    told = init("yearbook.xlsx", "codes.csv")
    assert "sheet '说明' is left out: no column has the values of '城市'" in told
    assert "'code' is no control: another name of the entities" in told
    assert "gdp: {label: gdp, unit: 亿元}" in (tmp_path / "yearbook.yaml").read_text(encoding="utf-8")
    init("twin.csv")
    ours, twins = (tables_of(tmp_path / f"{name}.yaml", tmp_path / name) for name in ("yearbook", "twin"))
    assert b"share" in ours["coefficients.csv"]
    assert ours == twins


def test_long_sheets_whose_values_have_no_name_of_their_own_are_named_by_their_sheet(tmp_path, init):
    frame, names = clean(), ("co2", "gdp", "share")
    (tmp_path / "long.xlsx").write_bytes(as_workbook({name: as_long(frame, name) for name in names}))
    told = init("long.xlsx")
    assert "controls: share\n" in told
    study = (tmp_path / "long.yaml").read_text(encoding="utf-8")
    assert "{path: long.xlsx, sheet: gdp, rename: {数值: gdp}, columns: [gdp]}" in study
    checked = CliRunner().invoke(cli, ["validate", str(tmp_path / "long.yaml")], catch_exceptions=False)
    assert "36 rows of 6 entities in 6 periods" in checked.output


def test_sheets_of_a_year_each_are_rows_of_that_year(tmp_path, init):
    frame, names = clean(), ["city", "co2", "gdp", "share"]
    frame["share"] = frame["share"].astype(object).where(frame.index != 7, "inf")
    sheets = {f"{year}年": [names, *rows[names].to_numpy().tolist()] for year, rows in frame.groupby("year")}
    (tmp_path / "years.xlsx").write_bytes(as_workbook(sheets))
    told = init("years.xlsx")
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

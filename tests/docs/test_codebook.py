"""The codebook has the columns, units and ranges of the spec, and its map reads files of yearbooks."""

from __future__ import annotations

import csv
import io
import json
import re

import pandas as pd
import pytest
from ruamel.yaml import YAML

import harness
from command import ROOT
from doc_pages import blocks_of
from harness.api import prepare_study as prepare
from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.errors import DataError
from harness.installed import installed
from harness.running.options import RunOptions
from harness.study.spec.load import load_study

SPEC = ROOT / "specs" / "digital_carbon.yaml"
PAGES = [(ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("codebook.md", "zh/codebook.md")]


@pytest.fixture(scope="module")
def cities():
    """The simulated panel, in the columns of the template."""
    with (ROOT / "specs" / "digital_carbon_template.csv").open(encoding="utf-8") as file:
        (header,) = csv.reader(file)
    return DigitalCarbon().draw()[header]


def rows_of(page):
    """Return column, name in the yearbook, unit and range of every row of the page's table of columns."""
    found = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?)\|", page, re.MULTILINE)
    return {column: (name.replace(" ", ""), unit, limits.strip()) for column, name, unit, limits in found}


def map_of(page):
    (text,) = (block.content for block in blocks_of(page) if block.language == "yaml")
    return text


def test_the_pages_have_the_columns_units_and_ranges_of_the_spec(cities):
    schema = load_study(SPEC, catalogs=installed().catalogs).study.data.schema
    english, chinese = map(rows_of, PAGES)
    assert sorted(cities) == sorted(DigitalCarbon().draw())
    assert list(english) == list(chinese) == list(cities)
    for column, (name, unit, limits) in english.items():
        rule = schema[column]
        assert limits == (f"{rule.median[0]:g} – {rule.median[1]:g}" if rule.median else ""), column
        assert not rule.unit or unit == rule.unit, column
        assert chinese[column][::2] == (name, limits)
    without = {
        name for name, rule in schema.items() if rule.is_of_numbers and name in cities and not rule.median
    }
    assert without == {"year", "pollution_index", "tfp"}


def test_a_file_with_the_headers_and_units_of_yearbooks_gives_the_same_numbers(cities, tmp_path):
    maps = [YAML(typ="safe").load(map_of(page)) for page in PAGES]
    assert maps[0] == maps[1]
    data = maps[0]["data"]
    new = {name: header for header, name in data["rename"].items()}
    names = {"fdi_dollars": rows_of(PAGES[0])["fdi"][0]} | {
        column: name for column, (name, *_) in rows_of(PAGES[0]).items() if column != "fdi"
    }
    assert new == names
    (rates,) = (block.content for block in blocks_of(PAGES[0]) if block.content.startswith("year,"))
    (tmp_path / "yuan_a_dollar.csv").write_text(rates, encoding="utf-8")
    a_year = pd.read_csv(io.StringIO(rates), index_col="year")["yuan_a_dollar"]
    printed = cities.assign(fdi_dollars=cities["fdi"] / cities["year"].map(a_year)).drop(columns="fdi")
    printed = printed.assign(**{name: printed[name] / factor for name, factor in data["scale"].items()})
    printed.rename(columns=new).to_csv(tmp_path / "cities.csv", index=False)
    (_, body) = map_of(PAGES[0]).split("\n", 1)
    spec = SPEC.read_text(encoding="utf-8").replace("  simulate: {use: digital_carbon}\n  prepare:\n", body)
    (tmp_path / "study.yaml").write_text(spec, encoding="utf-8")
    found = prepare(RunOptions(tmp_path / "study.yaml")).panels.frame()
    expected = prepare(RunOptions(SPEC)).panels.frame()
    pd.testing.assert_frame_equal(found, expected, check_exact=False, rtol=1e-9)


@pytest.mark.parametrize(
    ("column", "factor", "ratio", "likely"),
    [
        ("gas", 1e3, 1080, "1,000 times too large (data: scale: {gas: 0.001})"),
        ("gdp", 1e4, 10500, "10,000 times too large (data: scale: {gdp: 0.0001})"),
        ("loans_pc", 1e4, 11100, "10,000 times too large (data: scale: {loans_pc: 0.0001})"),
        ("fdi", 1 / 6.4588, 0.161, "in dollars, 6.5 yuan each (data: scale: {fdi: 6.5})"),
        ("fdi", 1e4 / 6.4588, 1610, "in dollars, and 10,000 times too large (data: scale: {fdi: 0.00065})"),
    ],
)
def test_a_column_in_another_unit_is_named_with_its_ratio(cities, tmp_path, column, factor, ratio, likely):
    path = tmp_path / "cities.csv"
    cities.assign(**{column: cities[column] * factor}).to_csv(path, index=False)
    with pytest.raises(DataError) as caught:
        prepare(RunOptions(SPEC, data=path))
    (problem,) = caught.value.problems
    assert f"cities.csv: column '{column}' (" in problem.where
    found = float(re.search(r"([\d.,]+) times the middle", problem.what)[1].replace(",", ""))
    assert found == pytest.approx(ratio, rel=0.2)
    assert problem.hint.startswith(f"the numbers seem {likely}")


def test_medians_of_any_draw_lie_within_and_none_a_thousand_times_as_large_or_small():
    schema = load_study(SPEC, catalogs=installed().catalogs).study.data.schema
    ranged = {name: rule.median for name, rule in schema.items() if rule.median}
    for seed in range(1, 7):
        medians = DigitalCarbon(seed=seed).draw()[list(ranged)].median()
        for factor in (1e-8, 1e-4, 1e-3, 1, 1e3, 1e4, 1e8):
            within = {name for name, (low, high) in ranged.items() if low <= factor * medians[name] <= high}
            assert within == (set(ranged) if factor == 1 else set()), (seed, factor)


def test_the_template_filled_runs_without_networks(cities, tmp_path):
    cities.to_csv(tmp_path / "cities.csv", index=False)
    overrides = (
        "estimators=[{id: ols, use: pooled_ols}, {id: fe, use: fixed_effects, effects: [entity, time]}]",
        *("claims=[]", "conclusions=[]", "left_open=[]", "identities=[]", "counterparts={}", "expect=[]"),
        *(
            "scenarios=[]",
            "multiverse=null",
            "method_ladder=null",
            "evaluation.protocols=[in_sample]",
            "report={formats: []}",
        ),
    )
    options = {"out": tmp_path / "run", "quick": True, "overrides": overrides, "progress": False}
    result = harness.run(SPEC, data=tmp_path / "cities.csv", **options)
    assert set(result.gain["estimator"]) == {"ols", "fe"}
    study = json.loads((result.path / "manifest.json").read_text(encoding="utf-8"))["study"]
    assert study["variables"]["tertiary_share"] == {"label": "Tertiary industry", "unit": "per cent of GDP"}
    assert study["variables"]["gas"] == {"label": "Natural gas", "unit": "10⁷ m³"}

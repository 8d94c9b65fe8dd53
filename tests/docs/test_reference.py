"""The reference lists everything there is; pages with measured tables are those of a run."""

import ast
import csv
import dataclasses
import importlib
import inspect
import json
import re
import shutil
from math import isnan
from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

import harness
from command import ROOT
from harness.api import prepare_study as prepare
from harness.cli import cli
from harness.conformance.checks import RULES
from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.estimators import protocol
from harness.installed import KINDS, installed
from harness.registry.catalog import option_key
from harness.running.options import RunOptions
from harness.study.spec.json_schema import field_texts
from harness.study.spec.load import load_study
from ladder_tables import gains_of, printed
from measured import digest
from paper_results import (
    CHINESE,
    COUNTS,
    EDITIONS,
    END,
    ENGLISH,
    counts_text,
    number,
    read_results,
    results_rows,
    shown_results,
)

DOCS = ROOT / "docs"
API_PAGE = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")


@pytest.fixture
def extensions(monkeypatch):
    """The modules that write the reference, importable."""
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))


def section(text, title):
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_every_choice_option_command_and_check_has_its_place(extensions):
    from check_text import check_text
    from command_text import command_text
    from schema_text import SpecText
    from write_reference import PAGES, written

    from harness.study.spec.json_schema import spec_schema

    pages = written()
    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, "python docs/_ext/write_reference.py"
    spec = SpecText(spec_schema(installed().catalogs))
    parts, commands, checks = spec.parts(), command_text(), check_text()
    for kind in ("estimator", "protocol", "scenario", "step", "simulation", "metric"):
        choices = pages[PAGES / f"{kind}s.md"]
        for name, cls in installed().catalogs[kind].members.items():
            own, meanings = section(choices, f"`{name}`"), field_texts(cls)
            for field in dataclasses.fields(cls):
                meaning = meanings[field.name].replace("``", "`").replace("|", "\\|")
                assert f"| `{option_key(field.name)}` |" in own, f"{name}.{field.name}"
                assert meaning in own, f"{name}.{field.name}"
    for name, one in spec.schema["$defs"].items():
        if "properties" in one and "." not in name and name != "step":
            assert all(f"| `{key}` |" in section(parts, name) for key in one["properties"]), name
    titles = {title.lower() for title in re.findall(r"^## (\w+)$", parts, flags=re.MULTILINE)}
    assert set() < set(re.findall(r"\]\(#(\w+)\)", parts)) <= titles
    for name, command in cli.commands.items():
        own = section(commands, f"`harness {name}`")
        options = [word for one in command.params for word in one.opts if word.startswith("-")]
        assert all(f"`{option}" in own for option in options), name
    for kind, rules in RULES.items():
        own = section(checks, f"{kind.capitalize()} checks")
        assert all(f"| `{rule.name}` | {rule.says} |" in own for rule in rules.values())
    report = pages[PAGES / "gain_report.md"]
    assert "| `study.outcomes[].unit` | string | Its unit; empty where it has none. |" in report
    assert "| `gain` | null or `gain` | Null for the reference itself. |" in section(report, "`cell`")


def test_every_capability_and_hook_has_its_place():
    blocks = re.findall(r"^```\{api-reference\} \S+\n(.*?)```", API_PAGE, flags=re.MULTILINE | re.DOTALL)
    shown = set(" ".join(blocks).split())
    capabilities = {
        name
        for name, one in vars(protocol).items()
        if inspect.isclass(one) and one.__module__ == protocol.__name__
    }
    assert capabilities <= shown
    public = {name for name in dir(harness) if inspect.isclass(getattr(harness, name))}
    assert public <= shown
    headings = set(re.findall(r"^## (\w+)$", API_PAGE, flags=re.MULTILINE))
    assert {kind.hook for kind in KINDS} <= headings


SPEC = ROOT / "specs" / "digital_carbon.yaml"
CODEBOOKS = [DOCS / "codebook.csv", DOCS / "zh" / "codebook.csv"]


@pytest.fixture(scope="module")
def cities():
    """The simulated panel, in the columns of the template."""
    with (ROOT / "specs" / "digital_carbon_template.csv").open(encoding="utf-8") as file:
        (header,) = csv.reader(file)
    return DigitalCarbon().draw()[header]


def rows_of(path):
    """Return column, name in the yearbook, unit and range of every row of a codebook."""
    with path.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return {column: (name.replace(" ", ""), unit, limits) for column, name, unit, limits, *_ in rows}


def test_the_codebooks_have_the_columns_units_and_ranges_of_the_spec(cities):
    specs = (*sorted((ROOT / "specs" / "digital_carbon").glob("*.yaml")), SPEC)
    schemas = [load_study(path, catalogs=installed().catalogs).study.data.schema for path in specs]
    schema = {name: rule for one in schemas for name, rule in one.items()}
    english, chinese = map(rows_of, CODEBOOKS)
    assert sorted(cities) == sorted(DigitalCarbon().draw())
    assert list(english) == list(chinese) == list(cities)
    for column, (name, unit, limits) in english.items():
        rule = schema[column]
        assert limits == (f"{rule.median[0]:g} – {rule.median[1]:g}" if rule.median else ""), column
        assert not rule.unit or unit == rule.unit, column
        assert chinese[column][::2] == (name, limits)
    without = {
        name
        for name, rule in schema.items()
        if rule.is_read_as_numbers and name in cities and not rule.median
    }
    assert without == {"year", "pollution_index", "tfp", "longitude", "latitude", "telephones_1984"}


def test_a_file_with_the_headers_and_units_of_yearbooks_gives_the_same_numbers(cities, tmp_path):
    yearbook = (DOCS / "yearbook.yaml").read_text(encoding="utf-8")
    data = YAML(typ="safe").load(yearbook)["data"]
    new = {name: header for header, name in data["rename"].items()}
    names = {"fdi_dollars": rows_of(CODEBOOKS[0])["fdi"][0]} | {
        column: name for column, (name, *_) in rows_of(CODEBOOKS[0]).items() if column != "fdi"
    }
    assert new == names
    shutil.copy(DOCS / "yuan_a_dollar.csv", tmp_path)
    a_year = pd.read_csv(DOCS / "yuan_a_dollar.csv", index_col="year")["yuan_a_dollar"]
    printed = cities.assign(fdi_dollars=cities["fdi"] / cities["year"].map(a_year)).drop(columns="fdi")
    printed = printed.assign(**{name: printed[name] / factor for name, factor in data["scale"].items()})
    printed.rename(columns=new).to_csv(tmp_path / "cities.csv", index=False)
    body = yearbook.partition("data:\n")[2]
    spec = SPEC.read_text(encoding="utf-8").replace("  simulate: {use: digital_carbon}\n  prepare:\n", body)
    (tmp_path / "study.yaml").write_text(spec, encoding="utf-8")
    found = prepare(RunOptions(tmp_path / "study.yaml")).panels.frame()
    expected = prepare(RunOptions(SPEC)).panels.frame()
    pd.testing.assert_frame_equal(found, expected, check_exact=False, rtol=1e-9)


def test_medians_of_any_draw_lie_within_and_none_a_thousand_times_as_large_or_small():
    schema = load_study(SPEC, catalogs=installed().catalogs).study.data.schema
    ranged = {name: rule.median for name, rule in schema.items() if rule.median}
    for seed in range(1, 7):
        medians = DigitalCarbon(seed=seed).draw()[list(ranged)].median()
        for factor in (1e-8, 1e-4, 1e-3, 1, 1e3, 1e4, 1e8):
            within = {name for name, (low, high) in ranged.items() if low <= factor * medians[name] <= high}
            assert within == (set(ranged) if factor == 1 else set()), (seed, factor)


def without_words(rows):
    """Return the rows of a table without what a result is called, which follows the catalogs."""
    return [[row[0], *row[2:]] for row in rows]


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda one: one.language)
def test_printed_results_are_those_of_the_spec_and_hold_where_the_page_says(edition):
    found = read_results(edition)
    assert len(found) > 90
    assert without_words(found) == without_words(results_rows(shown_results(), edition))
    page = edition.path.read_text(encoding="utf-8")
    assert f"{COUNTS}{counts_text(shown_results(), edition)}\n{END}" in page


def test_gains_are_the_same_in_both_languages():
    gains = [
        [[number(cell) for cell in line.strip("| ").split(" | ")[2:]] for line in table.splitlines()[2:]]
        for table in (
            edition.path.read_text(encoding="utf-8").partition("<!-- gains -->\n")[2].split("\n\n")[0].strip()
            for edition in (ENGLISH, CHINESE)
        )
    ]
    assert len(gains[0]) == 9
    assert gains[0] == gains[1]


RELIABILITY_PAGE = ROOT / "docs" / "measured" / "reliability.md"


def test_every_row_names_tests_that_are_there_and_no_fault_is_left_out():
    rows = [
        line for line in RELIABILITY_PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")
    ][1:]
    named = [re.findall(r"`([a-z_/]+\.py)`", row) for row in rows]
    assert len(rows) > 12
    assert [row for row, names in zip(rows, named, strict=True) if not names] == []
    tests = ROOT / "tests"
    shown = {tests / name for names in named for name in names}
    assert [path for path in shown if not path.is_file()] == []
    assert set((tests / "faults").glob("test_*.py")) <= shown


MEASURED = ROOT / "docs" / "measured"

# Slow tests that measure what a table has.
STATISTICAL_TESTS = (
    ROOT / "tests" / "statistics" / "test_bands.py",
    ROOT / "tests" / "plugins" / "harness_panel" / "spatial" / "test_estimator.py",
)

# Tables that no script of this version makes, and the page that says so.
WITHOUT_SCRIPT = {
    "effect_learners.csv": "effects.md",
    "network_countries.csv": "networks.md",
    "network_steps_public.csv": "networks.md",
}


def test_every_measured_table_has_a_script_that_names_it_and_writes_its_columns():
    scripts = [*(ROOT / "benchmarks").glob("*.py"), *STATISTICAL_TESTS]
    texts = [path.read_text(encoding="utf-8") for path in scripts]
    tables = {path.name: path for path in MEASURED.glob("*.csv")}
    assert {name for name in tables if not any(name in text for text in texts)} == WITHOUT_SCRIPT.keys()
    for name, page in WITHOUT_SCRIPT.items():
        assert f"]({name}), no script" in (MEASURED / page).read_text(encoding="utf-8")
    written = [
        [node.value for node in ast.walk(call) if isinstance(node, ast.Constant)]
        for text in texts
        for call in ast.walk(ast.parse(text))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Measured"
    ]
    heads = {name: columns for name, *columns in written if name}
    assert len(heads) >= 12
    for name, columns in heads.items():
        with tables[name].open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == columns


def test_tables_whose_code_is_hashed_are_those_of_this_code():
    made_by = json.loads((MEASURED / "made_by.json").read_text(encoding="utf-8"))
    assert made_by
    for name, origin in made_by.items():
        script = Path(origin["made_by"])
        assert digest(importlib.import_module(script.stem).CODE) == origin["sha256"], f"run {script} again"
        pages = [path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md")]
        assert any(str(script) in page and name in page for page in pages), name


COUNTRIES = ROOT.parent / "shared" / "data" / "country_digital_co2" / "country_digital_co2.parquet"
# Networks of another machine may end in a neighbouring minimum.
NEAR = 0.025


@pytest.mark.slow
@pytest.mark.parametrize(
    ("study", "spec", "data"),
    [("wages", "wage_ladder", None), ("countries", "country_ladder", COUNTRIES)],
    ids=["wages", "countries"],
)
def test_gains_are_those_of_the_run(study, spec, data, tmp_path):
    if data and not data.exists():
        pytest.skip("the country panel is not there")
    run = harness.run(
        ROOT / "specs" / f"{spec}.yaml",
        data=data,
        out=tmp_path / "run",
        quick=True,
        progress=False,
        overrides=("report.formats=[]", "multiverse=null", "claims=[]"),
    )
    gains = gains_of(run.gain)
    for cell, shown in printed(study).items():
        own = [number for number in gains.loc[cell] if not isnan(number)][: len(shown)]
        # Losses have no bound: far below zero the same relative accuracy.
        assert shown == pytest.approx(own, abs=NEAR * max(1.0, *map(abs, own))), cell

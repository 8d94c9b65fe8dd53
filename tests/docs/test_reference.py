"""The reference lists everything there is, with what the code says about it."""

import csv
import dataclasses
import inspect
import re
import shutil

import pandas as pd
import pytest
from ruamel.yaml import YAML

import harness
from command import ROOT
from harness.api import prepare_study as prepare
from harness.cli import cli
from harness.conformance.checks import RULES
from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.errors import DataError
from harness.estimators import protocol
from harness.installed import KINDS, installed
from harness.registry.catalog import option_key
from harness.running.options import RunOptions
from harness.study.spec.json_schema import field_texts
from harness.study.spec.load import load_study

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
    from report_text import report_text
    from schema_text import SpecText

    from harness.report.gain_report import gain_report_schema
    from harness.study.spec.json_schema import spec_schema

    spec = SpecText(spec_schema(installed().catalogs))
    parts, commands, checks = spec.parts(), command_text(), check_text()
    for kind in ("estimator", "protocol", "scenario", "step", "simulation", "metric"):
        choices = spec.choices(kind)
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
    report = report_text(gain_report_schema())
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
    schema = load_study(SPEC, catalogs=installed().catalogs).study.data.schema
    english, chinese = map(rows_of, CODEBOOKS)
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


@pytest.mark.parametrize(
    ("column", "factor", "ratio", "likely"),
    [
        ("gas", 1e3, 1080, "1,000 times too large (data: scale: {gas: 0.001})"),
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

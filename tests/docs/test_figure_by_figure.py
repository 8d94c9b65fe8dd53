"""The page on the published study: what it names is there, and its tables are those of the spec and a run."""

import dataclasses
import re
from math import isnan

import pytest
from ruamel.yaml import YAML

import harness
from command import ROOT
from harness.installed import installed
from harness.tables.registry import PARQUET_TABLES, TABLES
from harness.tables.table import columns_of
from ladder_tables import gains_of, printed
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
PAGE = (DOCS / "figure_by_figure.md").read_text(encoding="utf-8")
SPEC = YAML(typ="safe").load((ROOT / "specs" / "digital_carbon.yaml").read_text(encoding="utf-8"))
# What a run folder has besides its tables.
RUN_FILES = {"report.html", "manifest.json", "surfaces.html", "tables/figure_by_figure.md"}
# Keys by which an entry of a list is named; of steps also their name, with the column they make.
NAMES = ("id", "use", "change", "product")
STEP = re.compile(r"(\w+)(?:\[(\w+)\])?")


def spans(pattern):
    """Return what is written so in the table of definitions."""
    definitions = PAGE.partition("## Where the definitions are")[2].partition("\n## ")[0]
    return sorted(set(re.findall(pattern, definitions)))


def tables():
    """Return the columns of each table of a run folder, by file."""
    pytest.importorskip("torch")
    from harness_neural.figures import MapRow, ProfileRow
    from harness_neural.section import NetworkRow

    rows = {"networks": NetworkRow, "som": MapRow, "som_profile": ProfileRow}
    details = {f"details/{name}.csv": columns_of(row) for name, row in rows.items()}
    own = {table.file: table.columns for table in (*TABLES.values(), *PARQUET_TABLES)}
    return {
        **own,
        **details,
        "details/statistics.csv": ("statistic", "value"),
        "details/learning_curves.csv": ("step", "training_nmse", "selection_nmse"),
    }


def entry(values, name):
    """Return the entry of a list, or the value of a mapping, that a part of a path names."""
    if isinstance(values, dict):
        return values[name]
    kind, into = STEP.fullmatch(name).groups()
    for value in values:
        if any(value.get(key) == name for key in NAMES):
            return value
        if kind in value and into in (None, value[kind].get("into")):
            return value[kind]
    raise KeyError(name)


def in_spec(path):
    """Return the value at a path of the spec, or None where there is none."""
    value = SPEC
    try:
        for part in re.split(r"\.(?![^\[]*\])", path):
            value = entry(value, part)
    except (AttributeError, KeyError, TypeError):
        return None
    return value


def has(value, words):
    """Whether a value is these words, or a list holds them: each entry that is a mapping, several at once."""
    if isinstance(value, list):
        wanted = words.split(", ")
        return any(
            set(wanted) <= set(map(str, one.values())) if isinstance(one, dict) else str(one) == words
            for one in value
        )
    return str(value) == words


def is_there(span):
    """Whether what a code span names is in the spec, in a run folder, an option or a file."""
    head, _, words = span.partition(": ")
    if head in tables():
        return set(words.split(", ")) <= set(tables()[head]) if words else True
    value = in_spec(head)
    if value is not None:
        return has(value, words) if words else True
    if head.startswith("figures/"):
        listed = (DOCS / "for_a_paper.md").read_text(encoding="utf-8")
        drawn = re.findall(r"^\| `([a-z-]+?)(?:-[A-Z-]+)?` \|", listed, re.MULTILINE)
        stem = head.removeprefix("figures/").removesuffix(".svg")
        ids = {one["id"] for key in ("estimators", "scenarios") for one in SPEC[key] if "id" in one}
        rest = {stem.removeprefix(name) for name in drawn if f"{stem}-".startswith(f"{name}-")}
        return any(set(names.split("-")) <= {"", *SPEC["roles"]["outcomes"], *ids} for names in rest)
    owner, _, option = head.partition(".")
    members = {
        name: cls for catalog in installed().catalogs.values() for name, cls in catalog.members.items()
    }
    if owner in members:
        return not option or option in {field.name for field in dataclasses.fields(members[owner])}
    names = {*SPEC["variables"], *SPEC["data"]["schema"], *(one["id"] for one in SPEC["estimators"])}
    return head in names or head in RUN_FILES or head == "--data" or (ROOT / head).exists()


def test_keys_columns_options_and_figures_are_there():
    named = spans(r"`([^`]+)`")
    assert len(named) > 40
    assert [span for span in named if not is_there(span)] == []


@pytest.mark.parametrize(
    "gone",
    [
        *("gain.csv: gains", "details/networks.csv: formulas", "data.prepare.ratio[co2_pc].under"),
        *("roles.controls: tfp_2", "claims: Table 2, co2, gain, 0.7", "som_ann.cluster", "estimators.rnn"),
        *("figures/surface-given_gpd-rab_published.svg", "figures/net-curve-co2.svg", "mystery"),
    ],
)
def test_what_is_not_there_would_be_found(gone):
    assert not is_there(gone)


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

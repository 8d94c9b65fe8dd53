"""The Chinese spec of the city study is the English one in other words, and its report has no English."""

import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ruamel.yaml import YAML

import harness
from harness.estimators.protocol import rivals_of
from harness.installed import installed
from harness.language import from_json, rendered, spaced, spoken
from harness.study.expectations.claims_table import claims_table
from harness.study.expectations.curve_claim import SOURCES
from harness.study.spec.cross_check import tables_offered
from harness.study.spec.load import load_study

SPECS = Path(__file__).parents[2] / "specs"
ENGLISH, CHINESE = SPECS / "digital_carbon.yaml", SPECS / "digital_carbon_zh.yaml"

# What stands in code, or is a file, a warning, an option of the command, an identifier, a call, a cell.
IDENTIFIER = r"[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+"
CODE = re.compile(
    r"`[^`]*`|<(script|style|svg|code)\b.*?</\1>|\w+\([\w=., ]+\)"
    rf"|[\w/]+\.(?:csv|json|html|md|yaml|parquet)|W-[A-Z-]+|--\w+|\w+ · [\w ()]+|cluster \d+|{IDENTIFIER}",
    re.DOTALL,
)
TAG = re.compile(r"<[^>]+>")
WORD = re.compile(r"[A-Za-z]{2}[A-Za-z_0-9]*")

# Methods and quantities that Chinese papers write so, authors, units, and formats of files.
NAMES = frozenset(
    {
        *("OLS", "ANN", "SOM", "RAB", "CO2", "GDP", "MSE", "BFGS", "MiniSom", "sigmoid", "tanh"),
        *("Holm", "Fieller", "Oster", "Cinelli", "Hazlett", "Wald", "km", "kWh", "CSV", "LaTeX"),
        *("AIC", "BIC", "LM", "Moran", "CD", "RESET", "Breusch", "Pagan", "Pesaran", "White", "Wooldridge"),
        *("Simonsohn", "Simmons", "Nelson", "Hansen", "Friedman", "Ramsey", "stata", "log"),
        # The simulation with its options, as Python writes it.
        *("Driscoll", "Kraay", "DigitalCarbon", "noise", "seed"),
    }
)


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def group_names(spec: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the Chinese names of groups by their English ones, by column."""
    steps, english = ([*map(dict.items, one["data"]["prepare"])] for one in (spec, other))
    recoded = [options for step in steps for name, options in step if name == "recode"]
    assert all(options["into"] == options["of"] for options in recoded)
    (mine,), (theirs,) = (
        [options for step in own for name, options in step if name == "classes"] for own in (steps, english)
    )
    classes = dict(zip(theirs["labels"], mine["labels"], strict=True))
    return {options["of"]: options["values"] for options in recoded} | {mine["into"]: classes}


def without_texts(spec: Any) -> Any:
    """Return a spec without what it says to people: labels, units, notes, sources, open questions."""
    del spec["title"], spec["description"], spec["study"], spec["report"]["language"]
    spec["variables"] = sorted(spec["variables"])
    for entry in (*spec["estimators"], spec["method_ladder"], *spec["method_ladder"]["changes"]):
        del entry["label"]
    for rule in spec["data"]["schema"].values():
        rule["unit"] = bool(rule.get("unit"))
    spec["left_open"] = [len(one["sources"]) for one in spec["left_open"]]
    for one in spec["conclusions"]:
        one["text"], one["sources"] = bool(one["text"]), len(one.get("sources", ()))
    for claim in (*spec["claims"], *spec["conclusions"]):
        claim["source"], claim["note"] = re.findall(r"[\d.]+", claim["source"]), bool(claim.get("note"))
    return spec


def test_the_specs_differ_in_words_alone():
    english, chinese = read(ENGLISH), read(CHINESE)
    names = group_names(chinese, english)
    chinese["data"]["prepare"] = [step for step in chinese["data"]["prepare"] if "recode" not in step]
    for step in english["data"]["prepare"]:
        if "classes" in step:
            step["classes"]["labels"] = list(names[step["classes"]["into"]].values())
    for column, known in names.items():
        rule = english["data"]["schema"][column]
        rule["allowed"] = [known[group] for group in rule["allowed"]]
    for claim in english["claims"]:
        if "group" in claim:
            claim["group"] = names[claim["by"]][claim["group"]]
        if "groups" in claim:
            claim["groups"] = [names[claim["by"]][group] for group in claim["groups"]]
    for one in english["expect"]:
        where = one["where"]
        if "group" in where:
            (by,) = (entry["by"] for entry in english["scenarios"] if entry.get("id") == where["scenario"])
            where["group"] = names[by][where["group"]]
    assert (english["report"]["language"], chinese["report"]["language"]) == ("en", "zh")
    assert without_texts(chinese) == without_texts(english)


def english_in(text: str, known: frozenset[str]) -> list[str]:
    """Return the English words of a text that are no names, each with its line."""
    plain = html.unescape(TAG.sub("\n", CODE.sub(" ", text)))
    lines = (line.strip() for line in plain.splitlines())
    return [f"{word}: {line}" for line in lines for word in WORD.findall(line) if word not in known]


def texts_of(spec: Any) -> Iterator[str]:
    yield from (spec["title"], spec["description"], spec["method_ladder"]["label"])
    for entry in (*spec["variables"].values(), *spec["estimators"], *spec["method_ladder"]["changes"]):
        yield entry["label"]
    for entry in (*spec["variables"].values(), *spec["data"]["schema"].values()):
        yield entry.get("unit", "")
    for one in spec["left_open"]:
        yield from (*one["sources"], one["question"], one["taken"])
    for one in spec["conclusions"]:
        yield from (one["text"], *one.get("sources", ()))
    for claim in (*spec["claims"], *spec["conclusions"]):
        yield from (claim["source"], claim.get("note", ""))


def test_the_chinese_spec_and_what_its_claims_say_are_in_chinese():
    spec = read(CHINESE)
    left = [english_in(text, NAMES) for text in texts_of(spec)]
    assert not [one for one in left if one]
    study = load_study(CHINESE, catalogs=installed().catalogs).study
    rows = claims_table(study, {name: pd.DataFrame() for name in SOURCES})
    with spoken("zh"):
        said = [
            rendered(from_json(*pair))
            for column in ("about", "reason")
            for pair in set(zip(rows[column], rows[f"{column}_code"], strict=True))
        ]
    assert len(said) > 50
    assert not [one for text in said if (one := english_in(text, NAMES))]


def test_labels_of_the_ladder_and_of_simple_rivals_and_what_tables_hold_are_in_chinese():
    catalogs = installed().catalogs
    members = catalogs["estimator"].members.values()
    labels = [one.label for member in members for one in (*getattr(member, "ladder", ()), *rivals_of(member))]
    tables = [table.description for table in tables_offered(catalogs).values()]
    with spoken("zh", installed().messages):
        texts = [rendered(text) for text in (*labels, *tables)]
    assert min(len(labels), len(tables)) > 20
    assert not [one for text in texts if (one := english_in(text, NAMES))]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0.088 吨/人 的效应", "0.088 吨/人的效应"),
        ("相对 混合 OLS 的增益", "相对混合 OLS 的增益"),
        ("列 `城 市` 为实体", "列 `城 市` 为实体"),
    ],
)
def test_a_chinese_text_has_no_spaces_among_its_letters(text, shown):
    with spoken("zh"):
        assert spaced(text) == shown


def names_of(spec: Any) -> frozenset[str]:
    """Return the names of columns, recoded values, estimators, protocols and scenarios of the study."""
    entries = [one if isinstance(one, dict) else {"id": one} for one in spec["evaluation"]["protocols"]]
    ids = {one.get("id", one.get("use")) for one in (*entries, *spec["estimators"], *spec["scenarios"])}
    recoded = [step["recode"]["values"] for step in spec["data"]["prepare"] if "recode" in step]
    values = {word for names in recoded for name in names for word in name.split()}
    return NAMES | values | {*spec["variables"], *spec["data"]["schema"], *map(str, ids)}


def english_of_run(folder: Path, known: frozenset[str]) -> list[str]:
    page, appendix, figure_by_figure = (
        (folder / name).read_text(encoding="utf-8")
        for name in ("report.html", "appendix.html", "tables/figure_by_figure.md")
    )
    shown = [one.partition('<section id="reproduce"')[0] for one in (page, appendix)]
    return [word for text in (*shown, figure_by_figure) for word in english_in(text, known)]


# The tests have no font of Chinese.
FIGURES = pytest.mark.filterwarnings("ignore:Glyph")


@FIGURES
@pytest.mark.slow
def test_the_whole_report_in_chinese_has_no_english_words(tmp_path):
    harness.run(CHINESE, out=tmp_path / "run", quick=True, progress=False)
    assert not english_of_run(tmp_path / "run", names_of(read(CHINESE)))

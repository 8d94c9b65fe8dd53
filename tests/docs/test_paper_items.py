"""The page of the published study item by item: what it names is there, and it leaves nothing out."""

import dataclasses
import re
from collections import Counter
from dataclasses import dataclass

import pytest
from ruamel.yaml import YAML

from command import ROOT
from harness.installed import installed
from harness.tables.registry import PARQUET_TABLES, TABLES
from harness_neural.figures import MapRow
from harness_neural.section import NetworkRow

PAGE, CHINESE = (
    (ROOT / "docs" / folder / "paper_items.md").read_text(encoding="utf-8") for folder in ("", "zh")
)
KINDS = ("as printed", "deviation", "partly", "missing")
CHINESE_KINDS = ("同原文", "有差异", "部分", "缺")
PART = re.compile(r"([^.\[]+)(?:\[(\w+)\])?\.?")


def read(path):
    return YAML(typ="safe").load((ROOT / path).read_text(encoding="utf-8"))


SPEC = read("specs/digital_carbon.yaml")
LISTS = {
    "claims": SPEC["claims"],
    "conclusions": SPEC["conclusions"],
    "shapes": read("benchmarks/paper_shapes.yaml"),
}
# Choices by name, whose options rows name.
CHOICES = {
    name: cls
    for kind in ("estimator", "protocol", "scenario", "simulation")
    for name, cls in installed().catalogs[kind].members.items()
}


@dataclass(frozen=True)
class Item:
    """A row of the page."""

    what: str
    printed: str
    here: str
    how: str
    why: str

    @property
    def names(self):
        """What stands as code where the item is, links left out."""
        return re.findall(r"(?<!\[)`([^`]+)`", self.here)


def items(page=PAGE):
    rows = re.findall(r"^\| (.*) \|$", page, flags=re.MULTILINE)
    cells = [row.split(" | ") for row in rows]
    heads = ("what the paper has", "论文内容")
    return [Item(*row) for row in cells if row[0] not in heads and set(row[0]) != {"-"}]


ITEMS = items()


def selected(name):
    """Return the entries that a row such as ``claims: {outcome: co2, quantity: level, at: 0}`` selects."""
    kind, _, keys = name.partition(": ")
    wanted = YAML(typ="safe").load(keys)
    return [one for one in LISTS[kind] if all(one.get(key) == value for key, value in wanted.items())]


def of_lists():
    return [name for item in ITEMS for name in item.names if name.partition(": ")[0] in LISTS]


def columns():
    """Return the columns of every table by name."""
    declared = (table for cls in CHOICES.values() for table in getattr(cls, "tables", ()))
    tables = {**{table.name: table for table in declared}, **TABLES}
    details = {"details/networks": NetworkRow, "details/som": MapRow}
    return {
        **{name: list(table.columns) for name, table in tables.items()},
        **{table.name: list(table.columns) for table in PARQUET_TABLES},
        **{name: [field.name for field in dataclasses.fields(row)] for name, row in details.items()},
    }


COLUMNS = columns()


def entry(node, name, into):
    """Return what a key, or an entry of a list by its id, choice or step, holds."""
    if isinstance(node, dict):
        return node[name]
    entries = [one for one in node if one == name]
    for one in node:
        if isinstance(one, dict):
            entries += (
                [one] if name in (one.get("id"), one.get("use")) else [one[name]] if name in one else []
            )
    (found,) = [one for one in entries if not into or one["into"] == into]
    return found


def value(path):
    """Return what a path names in the spec, or the default of an option of a choice."""
    first, option = path.partition(".")[::2]
    if first in CHOICES:
        return {field.name: field.default for field in dataclasses.fields(CHOICES[first])}[option]
    node = SPEC
    for name, into in PART.findall(path):
        node = entry(node, name, into)
    return node


def is_there(name):
    """Whether a row of a list, a table with columns, a file, a warning, a key or an option is there."""
    first, _, rest = name.partition(": ")
    if first in LISTS and rest.startswith("{"):
        return len(selected(name)) == 1
    if first.endswith(".csv") and first.removesuffix(".csv") in COLUMNS:
        return set(rest.split(", ")) <= set(COLUMNS[first.removesuffix(".csv")])
    if "/" in name:
        return (ROOT / name).is_file()
    if name.startswith("W-"):
        return f"| `{name}` |" in (ROOT / "docs" / "warnings.md").read_text(encoding="utf-8")
    try:
        found = value(first)
    except (KeyError, ValueError):
        return False
    return not rest or found == YAML(typ="safe").load(rest)


def test_the_page_counts_its_items_and_at_most_five_are_missing():
    n = Counter(item.how for item in ITEMS)
    assert set(n) == set(KINDS)
    printed, deviating, partly, missing = (n[kind] for kind in KINDS)
    sentence = (
        f"Of {len(ITEMS)} items {printed} are here as printed, {deviating} with a deviation, {partly} "
        f"partly, and {missing} are missing."
    )
    assert f"<!-- counts -->\n{sentence}\n<!-- end -->" in PAGE
    assert missing <= 5


def test_the_chinese_page_has_the_same_items():
    chinese, kinds = items(CHINESE), dict(zip(KINDS, CHINESE_KINDS, strict=True))
    assert [item.names for item in chinese] == [item.names for item in ITEMS]
    assert [item.how for item in chinese] == [kinds[item.how] for item in ITEMS]
    assert [bool(item.why) for item in chinese] == [bool(item.why) for item in ITEMS]
    numbers = (re.findall(r"^.*\d+ (?:items|项).*$", page, flags=re.MULTILINE) for page in (PAGE, CHINESE))
    assert len({tuple(re.findall(r"\d+", line)) for (line, *_) in numbers}) == 1


def test_every_item_names_what_it_is_here_and_says_why_it_is_not_as_printed():
    assert [item.what for item in ITEMS if (item.here == "–") != (item.how == "missing")] == []
    assert [item.what for item in ITEMS if item.how != "as printed" and not item.why] == []


def test_every_key_table_column_and_file_is_there():
    names = [name for item in ITEMS for name in item.names]
    assert len(names) > 250
    assert [name for name in names if not is_there(name)] == []


@pytest.mark.parametrize(
    "name",
    [
        "claims: {outcome: co2, quantity: level}",
        "claims: {outcome: co2, quantity: level, at: 0.3}",
        "curves.csv: estimate, slope",
        "curve.csv: estimate",
        "specs/digital_carbon/region.yaml",
        "W-NONE",
        "estimators.ann.clusters: 5",
        "estimators.ann.cluster",
        "data.prepare.ratio.over",
        "som_ann.flexibility: 5",
        "som_ann.flexible",
    ],
)
def test_what_is_not_there_or_not_the_only_one_is_seen(name):
    assert not is_there(name)


@pytest.mark.parametrize("kind", LISTS)
def test_every_claim_conclusion_and_shape_has_a_row(kind):
    named = [one for name in of_lists() if name.startswith(f"{kind}: ") for one in selected(name)]
    assert [one for one in LISTS[kind] if one not in named] == []


def test_every_moderator_control_and_indicator_has_a_row():
    named = {name for item in ITEMS for name in item.names}
    indicators = value("data.prepare.factor_index.columns")
    assert {f"data.prepare.factor_index.columns.{name}" for name in indicators} <= named
    for role in ("moderators", "controls"):
        assert {f"roles.{role}.{name}" for name in SPEC["roles"][role]} <= named


def test_every_equation_table_and_figure_has_a_row():
    printed = " ".join(item.printed for item in ITEMS)
    named = set(re.findall(r"(?:Equation|Table|Figure) \d+", printed))
    kinds = {"Equation": 3, "Table": 2, "Figure": 11}
    assert named == {f"{kind} {at}" for kind, n in kinds.items() for at in range(1, n + 1)}

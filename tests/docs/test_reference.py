"""The reference lists everything there is, with what the code says about it."""

from __future__ import annotations

import dataclasses
import inspect
import re

import pytest

import harness
from command import ROOT
from harness.cli import cli
from harness.conformance.checks import RULES
from harness.estimators import protocol
from harness.installed import KINDS, installed
from harness.registry.kind import option_key
from harness.study.spec.json_schema import field_texts

DOCS = ROOT / "docs"
API_PAGE = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def texts():
    """The modules that write the reference."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS / "_ext"))
        import command_text
        import docstring_text
        import schema_text

        yield command_text, docstring_text, schema_text


@pytest.fixture(scope="module")
def spec_text(texts):
    from harness.study.spec.json_schema import spec_schema

    return texts[2].SpecText(spec_schema(installed().catalogs))


def section(text, title):
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("kind", ["estimator", "protocol", "scenario", "step", "simulation", "metric"])
def test_every_option_of_every_choice_is_described(spec_text, kind):
    text = spec_text.choices(kind)
    for name, cls in installed().catalogs[kind].members.items():
        own = section(text, f"`{name}`")
        assert own, name
        for field in dataclasses.fields(cls):
            assert f"| `{option_key(field.name)}` |" in own, f"{name}.{field.name}"
            meaning = field_texts(cls)[field.name].replace("``", "`").replace("|", "\\|")
            assert meaning in own, f"{name}.{field.name}"


def test_every_key_of_every_mapping_of_a_spec_is_described(spec_text):
    text = spec_text.parts()
    assert "| `seed` | a whole number, at least 0" in section(text, "The spec")
    for name, one in spec_text.schema["$defs"].items():
        if "properties" in one and "." not in name and name != "step":
            rows = [f"| `{key}` |" in section(text, name) for key in one["properties"]]
            assert all(rows), name


def test_every_link_within_the_spec_has_its_section(spec_text):
    text = spec_text.parts()
    titles = {title.lower() for title in re.findall(r"^## (\w+)$", text, flags=re.MULTILINE)}
    links = set(re.findall(r"\]\(#(\w+)\)", text))
    assert links
    assert links <= titles


def test_every_field_of_the_gain_report_has_its_row(texts):
    from report_text import report_text

    from harness.report.gain_report import gain_report_schema

    text = report_text(gain_report_schema())
    assert "| `study.outcomes[].unit` | string | Its unit; empty where it has none. |" in text
    assert "| `estimate` | number or null | 1 - MSE / MSE of the reference" in section(text, "`gain`")
    assert "| `gain` | null or `gain` | Null for the reference itself. |" in section(text, "`cell`")


def test_every_option_of_every_command_is_described(texts):
    text = texts[0].command_text()
    for name, command in cli.commands.items():
        own = section(text, f"`harness {name}`")
        assert inspect.cleandoc(command.help).splitlines()[0] in own
        for option in (word for one in command.params for word in one.opts if word.startswith("-")):
            assert f"`{option}" in own, f"{name} {option}"


def test_every_rule_of_the_conformance_battery_is_listed(texts):
    from check_text import check_text

    text = check_text()
    for kind, rules in RULES.items():
        own = section(text, f"{kind.capitalize()} checks")
        assert all(f"| `{rule.name}` | {rule.says} |" in own for rule in rules.values())


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

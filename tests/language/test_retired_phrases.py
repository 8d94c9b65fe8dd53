"""Messages, help texts, docs and docstrings of public names are free of retired phrases (docs/decisions)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from harness.cli import cli
from language_messages import PACKAGES, catalog_of
from source_files import ROOT, tree_of

# By what is said instead. They are sought among the words of a text, without its stops.
ENGLISH = {
    "significant": ("established",),
    "holds for": ("stands under", "stand under"),
    "significantly different from": ("told from", "told apart"),
    "what the number shows": ("trusted", "trusting", "relied on"),
    "information leakage": ("leak", "leaks", "leaked"),
    "fixed effects": ("levels of entities", "level of entities", "level of the entity", "entity s level"),
    "used in training": ("at hand",),
    "the names of the models": ("those find",),
    "not used in training": ("never seen",),
    "one test period": ("seen once",),
    "gain that remains": ("what is left of the gain",),
    "continuous, categorical": ("no dose", "a dose"),
    "at that lag": ("so many periods earlier",),
    "effectively sees the outcome": ("from itself",),
    "read this first": ("thing to know", "things to know"),
    "evidence of nonlinearity": ("that it bends",),
    "conditional on the periods tested": (
        "given these periods",
        "given the periods",
        "given the few periods",
    ),
    "is not a": ("is no regressor", "is no treatment", "is no measure", "is no dose"),
    "a similar warning": ("and the like",),
    "nominal": ("promised",),
    "next to, alongside": ("beside",),
    "rescaled, subsampled": ("carried on", "thinned"),
    "ladder entry": ("rung", "rungs"),
    "non-singleton": ("in company",),
    "absorbs fixed effects": ("takes out levels", "take out levels"),
    "written by hand": ("by hand it looks so",),
    "are named after their true response": ("the truth their names say",),
    "works without JavaScript": ("small script",),
    "the number of checks": ("some thirty things",),
    "must cite a source": ("needs its source",),
    "a genuine gain": ("a gain that is one",),
    "the union wage premium": ("a man s wage",),
}

CHINESE = {
    "显著, 稳健成立, 尚无充分证据": ("确立",),
    "显著异于零": ("与零区分",),
    "解读前须注意": ("采信", "须知"),
    "剩余增益": ("尚存",),
    "信息泄漏": ("泄漏之处",),
    "训练样本内": ("手头",),
    "未参与训练的个体": ("从未见过",),
    "共同支撑区间, 共同支撑样本": ("支持区间", "支持观测"),
    "固定效应": ("控制的效应",),
    "按估计方法": ("逐一估计方法",),
    "未要求分组建模": ("没有要求各组",),
    "以所检验的少数时期为条件": ("给定所",),
    "估计方法": ("估计量",),
    "个体": ("实体",),
}

# Between a Han character and a Latin letter, either first, there is a space.
CLOSE = re.compile(r"[㐀-鿿][A-Za-z]|[A-Za-z][㐀-鿿]")
WORD = re.compile(r"[a-z]+")
PLACE = re.compile(r"\{[^{}]*\}|%\(\w+\)s")

# Texts in code, which name options and columns as they are.
CODE = re.compile(r"^```.*?^```$|``[^`]+``|`[^`]+`|\]\([^)]+\)|^[\w, ]+ :", re.MULTILINE | re.DOTALL)

# Modules whose names, imported as themselves, are public.
PUBLIC = [ROOT / "harness/__init__.py", *sorted((ROOT / "harness/plugin").glob("*.py"))]


def of_catalogs() -> Iterator[tuple[str, str]]:
    """Yield each message and its translation."""
    for package in PACKAGES:
        for message in catalog_of(package, "zh"):
            ids, strings = (_forms(message.id), _forms(message.string))
            yield from ((f"{package}: {ids[0]}", text) for text in (*ids, *strings) if text)


def _forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def of_commands(command: click.Command = cli, name: str = "harness") -> Iterator[tuple[str, str]]:
    """Yield the help of a command, its options and its subcommands."""
    yield name, command.help or ""
    for parameter in command.params:
        yield f"{name} {parameter.name}", getattr(parameter, "help", None) or ""
    for word, inner in getattr(command, "commands", {}).items():
        yield from of_commands(inner, f"{name} {word}")


def of_docs() -> Iterator[tuple[str, str]]:
    """Yield each page of the documentation, without code."""
    pages = [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        yield page.relative_to(ROOT).as_posix(), CODE.sub("", page.read_text(encoding="utf-8"))


def of_public_names() -> Iterator[tuple[str, str]]:
    """Yield the docstrings of public names and of their public members, without code."""
    for module in PUBLIC:
        for node in ast.walk(tree_of(module)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("harness."):
                path = ROOT / f"{node.module.replace('.', '/')}.py"
                for name in node.names:
                    yield from _docstrings(path, name.name)
    hooks = ROOT / "harness/registry/hooks.py"
    yield hooks.name, ast.get_docstring(tree_of(hooks)) or ""


def _docstrings(path: Path, name: str) -> Iterator[tuple[str, str]]:
    for found in tree_of(path).body:
        if getattr(found, "name", "") == name:
            for node in (found, *getattr(found, "body", ())):
                if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                    yield f"{path.name} {name}.{node.name}", CODE.sub("", ast.get_docstring(node) or "")


PLACES = pytest.mark.parametrize("texts", [of_catalogs, of_commands, of_docs, of_public_names])


@PLACES
def test_no_retired_phrase_is_said(texts):
    found = []
    for where, text in texts():
        words = f" {' '.join(WORD.findall(PLACE.sub(' ', text.lower())))} "
        found += [
            f"{where}: {old!r}, say: {new}"
            for new, all_old in ENGLISH.items()
            for old in all_old
            if f" {old} " in words
        ]
        found += [
            f"{where}: {old!r}, say: {new}"
            for new, all_old in CHINESE.items()
            for old in all_old
            if old in text
        ]
    assert not found, "\n".join(found)


def test_a_space_stands_between_han_and_latin():
    texts = ((where, CODE.sub("", PLACE.sub("", text))) for where, text in of_catalogs())
    assert not [f"{where}: {match[0]}" for where, text in texts if (match := CLOSE.search(text))]

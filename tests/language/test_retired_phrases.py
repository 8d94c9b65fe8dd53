"""Every message is in every catalog, and no text says a retired phrase (docs/decisions)."""

import ast
import copy
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from ruamel.yaml import YAML

from harness.cli import cli
from harness.language import (
    DOTS,
    ENGLISH,
    LINES,
    TOPIC,
    Coded,
    chained,
    from_json,
    in_series,
    languages,
    marked,
    npgettext,
    quoted,
    rendered,
    spoken,
    to_json,
    topic,
)
from language_messages import PACKAGES, catalog_of, messages, places, template_of
from source_files import ROOT, tree_of

RETIRED = YAML(typ="safe").load(Path(__file__).with_name("retired_phrases.yaml"))


# What no Chinese text has: half-width stops after Han, half-width or mixed brackets around it, a space next
# to a full-width stop or inside quotes, none between Han and Latin letters or digits, straight quotes. These
# are the rules of autocorrect.
REFUSED = re.compile(
    r"[㐀-鿿](?:[,;:!?](?![\w/])|\.(?!\w))|\([^()（）\n]*[㐀-鿿][^()（）\n]*\)|\([^()（）\n]*）|（[^()（）\n]*\)"
    r"| [，。；：、？！）”]|[，。；：、？！（“] (?=[^\s|])|[㐀-鿿][A-Za-z0-9]|[A-Za-z0-9%][㐀-鿿]"
    r"|[㐀-鿿]\"|\"[㐀-鿿]"
)
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
            for new, all_old in RETIRED["english"].items()
            for old in all_old
            if f" {old} " in words
        ]
        found += [
            f"{where}: {old!r}, say: {new}"
            for new, all_old in RETIRED["chinese"].items()
            for old in all_old
            if old in text
        ]
    assert not found, "\n".join(found)


def test_chinese_is_set_by_the_rules():
    fact = "1e8 亿, 1e4 万"  # sizes and their names, which code reads
    pages = (ROOT / "README.zh.md", *(ROOT / "docs" / "zh").glob("*.md"))
    texts = [*of_catalogs(), *((page.name, page.read_text(encoding="utf-8")) for page in pages)]
    shown = ((where, PLACE.sub("\0", CODE.sub("\0", text))) for where, text in texts if text != fact)
    assert not [f"{where}: {match[0]}" for where, text in shown if (match := REFUSED.search(text))]


def test_both_readmes_have_the_same_code_estimators_and_numbers():
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md"))
    spec = re.compile(r"^```yaml$.*?^```$", re.MULTILINE | re.DOTALL)
    assert spec.findall(english) == spec.findall(chinese)
    for start in ("pip install", "harness init", "harness run cities.yaml", ".venv/bin/tox"):
        assert start in english
        assert start in chinese
    tables = [text.partition("| `use:` |")[2].partition("##")[0] for text in (english, chinese)]
    assert len({frozenset(re.findall(r"`([a-z_]+)`", table)) for table in tables}) == 1
    gains = [
        text.partition("<!-- city gains -->")[2].partition("<!-- end -->")[0] for text in (english, chinese)
    ]
    assert len({tuple(re.findall(r"−?\d+%", table)) for table in gains}) == 1


LANGUAGES = [language for language in languages() if language != ENGLISH]
EACH = pytest.mark.parametrize("package", PACKAGES)
IN = pytest.mark.parametrize("language", LANGUAGES)
UPDATE = "python tests/language_messages.py"


@IN
@EACH
def test_every_message_is_translated(package, language):
    """By Babel: its checks of plurals and percent formats, and an update as ``pybabel update`` makes it.

    Of messages without named fields it takes "95% is" for a format, which is passed over.
    """
    catalog = catalog_of(package, language)
    assert not [errors for message, errors in catalog.check() if message.pluralizable or "%(" in message.id]
    catalog.update(template_of(package, language), no_fuzzy_matching=True)
    lacking = [message.id for message in catalog if message.id and not translations(message)]
    assert not lacking, f"{UPDATE} {language}, then translate"
    assert not catalog.obsolete, f"no longer used: {UPDATE} {language}"


def test_no_code_has_two_messages():
    by_code = defaultdict(set)
    for package in PACKAGES:
        for context, message in messages(package):
            if TOPIC not in context:
                by_code[context].add(message)
    assert not {code: texts for code, texts in by_code.items() if len(texts) > 1}


def translations(message):
    """Return the forms of a translation; none where one is empty."""
    if message is None:
        return ()
    forms = (message.string,) if isinstance(message.string, str) else tuple(message.string)
    return forms if all(forms) else ()


@IN
@EACH
def test_no_translation_is_unsure_or_has_other_places(package, language):
    for message in catalog_of(package, language):
        if message.id:
            assert not message.fuzzy, message.id
            one = message.id[0] if message.pluralizable else message.id
            for form in translations(message):
                assert places(form) == places(one), one
                if "%(" in one:
                    assert form % dict.fromkeys(places(one), "") is not None, one
                elif "{" in one:
                    assert form.format_map(dict.fromkeys(places(one), 1)) is not None, one


@pytest.fixture
def folder():
    """The folder of a catalog of a few messages."""
    return Path(__file__).with_name("cows")


COWS = topic("tests.cows")


def test_texts_are_english_before_and_after(folder):
    assert COWS("a purple cow") == "a purple cow"
    with spoken("zh", [folder]):
        assert COWS("a purple cow") == "紫牛"
        assert topic("tests.bulls")("a purple cow") == "a purple cow"
        assert npgettext("tests.cows", "{n} purple cow", "{n} purple cows", 2).format(n=2) == "2 头紫牛"
        with spoken("en"):
            assert COWS("a purple cow") == "a purple cow"
        assert COWS("a purple cow") == "紫牛"
    assert COWS("a purple cow") == "a purple cow"


def test_the_language_ends_with_an_error(folder):
    with pytest.raises(ValueError, match="stop"), spoken("zh", [folder]):
        raise ValueError("stop")
    assert COWS("a purple cow") == "a purple cow"


COW = marked("the {colour} cow has {n} calves")


def test_thousands_of_parts_keep_their_order_and_are_nested_a_dozen_deep():
    def depth(text):
        return 1 + max(map(depth, getattr(text, "values", {}).values()), default=0)

    lines = [f"line {number}" for number in range(3_001)]
    assert chained(lines, LINES) == "\n".join(lines)
    assert depth(chained(lines, LINES)) == 13
    assert [chained(lines[:n], DOTS) for n in (1, 2, 3)] == [" · ".join(lines[:n]) for n in (1, 2, 3)]


def test_a_coded_text_is_made_again_with_all_that_was_filled_in(folder):
    text = Coded(COW, colour="violet", n=3)
    assert text == "the violet cow has 3 calves"
    with spoken("zh", [folder]):
        assert rendered(text) == "3 只小牛属于紫罗兰色牛"
        assert rendered(in_series([marked("a purple cow"), "", text])) == "紫牛；3 只小牛属于紫罗兰色牛"
        assert rendered(str(text)) == text
        assert rendered(quoted("the {colour} cow has {n} calves, they say")) == (
            "the {colour} cow has {n} calves, they say"
        )
    assert rendered(text) == text


def test_equal_texts_keep_their_own_messages(folder):
    ours, theirs = Coded("the {colour} cow", colour="old"), Coded("the {age} cow", age="old")
    assert ours == theirs
    with spoken("zh", [folder]):
        assert [rendered(one) for one in (ours, theirs, ours)] == ["老色的牛", "老牛", "老色的牛"]


@pytest.mark.parametrize("copied", [copy.copy, lambda one: from_json(str(one), to_json(one))])
def test_a_coded_text_is_whole_in_a_copy_and_in_json(folder, copied):
    inner = Coded(COW, colour="violet", n=5)
    whole = copied(Coded("{where}: {what}", where="here", what=inner))
    assert whole == "here: the violet cow has 5 calves"
    with spoken("zh", [folder]):
        assert rendered(whole) == "here：5 只小牛属于紫罗兰色牛"


def test_a_message_of_another_version_stays_in_english(folder):
    old = from_json(
        "the cow is violet", '{"code": "the_colour_cow_has_n_calves", "values": {"hue": "violet"}}'
    )
    with spoken("zh", [folder]):
        assert rendered(old) == "the cow is violet"


def test_what_is_no_code_is_refused():
    with pytest.raises(ValueError, match="no code with values"):
        from_json("text", '{"code": 3, "values": {}}')


def test_a_language_is_one_file():
    assert languages() == ("en", "zh")

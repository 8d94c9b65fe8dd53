"""A report in Chinese: nothing that is read is English, and every number is that of the English report."""

import base64
import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest

from harness.audit.verification import gain_report_problems
from harness.installed import installed

# More than two words of English one after the other.
LATIN = re.compile(r"[A-Za-z][A-Za-z'’-]+(?:[ ,]+[A-Za-z][A-Za-z'’-]+){2,}")

# Names and sentences of the run that no code of the harness says.
FAKE = (
    *("Wages of young men", "Vella and Verbeek", "545 men observed for eight years", "whole men beside it"),
    *("experience is absorbed by the entity and time effects together", "effects are independent"),
    *("the difference of covariances is no covariance", "too few periods", "mega and super"),
    *("small and medium", "exposure at which it bends", "the square of a column"),
    "the curve of this run has no minimum within its range",
)

KNOWN = re.compile("|".join(map(re.escape, FAKE)) + r"|Nadeau and Bengio")
MESSAGES = installed().messages
READ = frozenset({"alt", "title", "aria-label", "data-copy", "data-copied"})
UNREAD = frozenset({"script", "style", "code"})
INLINE = frozenset({"span", "b", "i", "em", "strong", "sup", "a", "br"})
NUMBER = re.compile(r"[−-]?\d[\d,]*(?:\.\d+)?")


class Readable(HTMLParser):
    """Collects the texts that a reader meets, a paragraph or cell each, and those of attributes."""

    def __init__(self):
        super().__init__()
        self.texts, self._parts, self._unread = [], [], 0

    def _end(self, tag):
        if tag not in INLINE:
            self.texts.append("".join(self._parts))
            self._parts = []

    def handle_starttag(self, tag, attrs):
        self._end(tag)
        self._unread += tag in UNREAD
        self.texts += [value for name, value in attrs if name in READ and value]

    def handle_endtag(self, tag):
        self._unread -= tag in UNREAD
        self._end(tag)

    def handle_data(self, data):
        if not self._unread:
            self._parts.append(data)


def english_in(texts):
    return sorted({found for text in texts for found in LATIN.findall(KNOWN.sub("", text))})


def page(folder, name="report.html"):
    return (folder.path / name).read_text(encoding="utf-8")


def test_no_sentence_of_the_page_is_english(languages):
    folders, _ = languages
    reader = Readable()
    reader.feed(page(folders["zh"]))
    assert len(reader.texts) > 500
    assert not english_in(reader.texts)


def test_no_figure_says_english(languages):
    _, drawn = languages
    assert len(drawn) > 100
    assert not english_in(drawn)


@pytest.mark.parametrize(
    "name",
    [
        "surfaces.html",
        "tables/figure_by_figure.md",
        "tables/paper/gains.tex",
        "tables/paper/regressions-intensity.tex",
    ],
)
def test_no_other_file_says_english(languages, name):
    folders, _ = languages
    text = page(folders["zh"], name)
    reader = Readable()
    reader.feed(text if name.endswith("html") else re.sub(r"\\[a-z]+(\{[a-z0-9:-]*\})?", " ", text))
    assert not english_in(reader.texts or [text])


def test_tables_have_the_numbers_of_the_english_report(languages):
    folders, _ = languages
    english, chinese = (tables_of(page(folders[language])) for language in ("en", "zh"))
    assert len(english) == len(chinese) > 5
    for own, other in zip(english, chinese, strict=True):
        numbers = [NUMBER.findall(" ".join(row[1:])) for row in own]
        assert numbers == [NUMBER.findall(" ".join(row[1:])) for row in other], own[0]


def tables_of(html):
    """Return the rows of the tables that the page carries, without their heads."""
    carried = re.findall(r'href="data:text/csv;charset=utf-8;base64,([^"]*)"', html)
    files = (base64.b64decode(address).decode("utf-8-sig") for address in carried)
    return [list(csv.reader(io.StringIO(file)))[1:] for file in files]


# Keys of the gain report whose values are read.
WORDS = frozenset({"title", "how", "label", "reason", "words", "text", "source"})


def parted(value, key=""):
    """Yield the values of a JSON text, each with the key it stands under, and the keys."""
    if isinstance(value, dict):
        for name, own in value.items():
            yield "key", name
            yield from parted(own, name)
    elif isinstance(value, list):
        for own in value:
            yield from parted(own, key)
    else:
        yield ("words" if key in WORDS else "code"), value


def test_labels_and_sentences_of_the_gain_report_are_chinese_and_the_rest_is_english(languages):
    folders, _ = languages
    english, chinese = (
        list(parted(json.loads(page(folders[language], "gain_report.json")))) for language in ("en", "zh")
    )
    assert len(english) == len(chinese) > 500
    codes = [pair for pair in english if pair[0] != "words"]
    assert codes == [pair for pair in chinese if pair[0] != "words"]
    words = [text for kind, text in chinese if kind == "words" and isinstance(text, str)]
    assert not english_in(words)
    assert any("聚类" in text or "收益" in text or "观测" in text for text in words)


def test_verify_knows_the_gain_report_in_its_language(languages):
    folders, _ = languages
    for folder in folders.values():
        assert list(gain_report_problems(folder, MESSAGES)) == []

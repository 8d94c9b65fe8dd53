"""A third language is a catalog for each distribution: a report in a made-up one has no English of ours."""

import html
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from harness import language
from harness.report.write import Reporter
from language.test_chinese import CODE, NAMES, TAG, WORD
from language_messages import PACKAGES, catalog_of
from report.fake_run import SECTIONS, chinese_run

# What catalogs say of their language instead of translating it.
FACTS = "language.facts"

# Texts of the stored run that no code has: data, groups, statistics, reasons of plugins.
INVENTED = (
    *("545 men observed for eight years.", "Wages of young men", "Vella and Verbeek (1998)", "Two bends"),
    *("fold 1: experience is absorbed by the entity and time effects together", "the square of a column"),
    *("mega and super", "small and medium", "large", "first rank", "other", "exposure at which it bends"),
    *("Table 2", "What a resample draws.", "effects are independent", "too few periods"),
    *("errors are not correlated across entities", "the difference of covariances is no covariance"),
)

# A message that is marked, with the marked messages in it.
INNERMOST = re.compile(r"⟦[^⟦⟧]*⟧")


def pseudo_catalogs(folder: Path) -> list[Path]:
    """Write a catalog for each distribution whose translations are the messages in marks."""
    folders = []
    for package in PACKAGES:
        made = Catalog(locale="eo", fuzzy=False)
        for message in catalog_of(package, "zh"):
            if message.id and message.context != FACTS:
                forms = message.id if message.pluralizable else (message.id,)
                marks = tuple(f"⟦{form}⟧" for form in forms)
                made.add(message.id, marks if message.pluralizable else marks[0], context=message.context)
        folders.append(folder / package)
        folders[-1].mkdir()
        with (folders[-1] / "eo.po").open("wb") as file:
            write_po(file, made)
    return folders


def unmarked(page: str) -> list[str]:
    """Return the words of a page outside marks, code and what is no text."""
    plain = html.unescape(TAG.sub("\n", CODE.sub(" ", page)))
    while INNERMOST.search(plain):
        plain = INNERMOST.sub(" ", plain)
    return [f"{word}: {line.strip()}" for line in plain.splitlines() for word in WORD.findall(line)]


@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_report_in_a_pseudo_language_has_no_unmarked_english(tmp_path, monkeypatch):
    own, *plugins = pseudo_catalogs(tmp_path)
    monkeypatch.setattr(language, "OWN", own)
    assert language.languages() == ("en", "eo")
    run = chinese_run(tmp_path / "run", language="eo")
    Reporter(SECTIONS, plugins).write(run, ("html",))
    names = NAMES | {"Boosting", "Clusters", "Schooling", "union", "age", "schooling", "years"}
    for page in ("report.html", "appendix.html"):
        shown = (run.path / page).read_text(encoding="utf-8").partition('<section id="reproduce"')[0]
        for text in INVENTED:
            shown = shown.replace(text, "")
        assert not [word for word in unmarked(shown) if word.partition(":")[0] not in names]

"""Every sentence of the first screen is a row of the table of findings, wherever it is given out."""

import csv
import json
import re

import lxml.html
import pytest

from harness.findings.run import read_run
from harness.installed import installed
from harness.language import spaced
from harness.tables.findings import FINDINGS
from harness.text.plain_text import capitalised
from harness.text.render import localised
from harness.text.screen import screen_text
from sentences import keys_of_sentences

MESSAGES = installed().messages


@pytest.fixture(params=["wage", "en", "zh"])
def folder(request):
    """The run of a newcomer, and one of two outcomes with Chinese names in both languages."""
    if request.param == "wage":
        return request.getfixturevalue("wage")
    return request.getfixturevalue("languages")[0][request.param]


@pytest.fixture
def texts(folder):
    """Return the texts of rows by key in the language of the report; English ones are those of the file."""
    with (folder.path / "findings.csv").open(encoding="utf-8", newline="") as file:
        stored = [(row["key"], row["text"]) for row in csv.DictReader(file)]
    keys = [key for key, _ in stored]
    assert len(set(keys)) == len(keys) > 10
    assert all(keys)
    with localised(read_run(folder), messages=MESSAGES) as run:
        shown = {row.key: spaced(row.text) for row in run.rows(FINDINGS)}
    assert list(shown) == keys
    assert run.manifest.study.language == "zh" or shown == dict(stored)
    return shown


def test_every_sentence_of_the_page_is_a_row(folder, texts):
    root = lxml.html.fromstring((folder.path / "report.html").read_text(encoding="utf-8"))
    answers = [entry.text_content() for entry in root.findall('.//dl[@class="answer"]//dd')]
    assert len(answers) > 1
    assert all(keys_of_sentences(answer, texts) for answer in answers)
    cautions = [point.text_content() for point in root.findall('.//section[@class="know"]//li')]
    assert cautions
    shown = {capitalised(text) for text in texts.values()}
    assert [point for point in cautions if point not in shown] == []


def test_every_sentence_of_the_terminal_is_a_row(folder, texts):
    with localised(read_run(folder), messages=MESSAGES) as run:
        lines = [line for line in screen_text(run).splitlines() if line.startswith("  ")]
    assert len(lines) > 1
    assert [
        line for line in lines if not keys_of_sentences(re.split(r"\. |。", line, maxsplit=1)[1], texts)
    ] == []


def test_every_verdict_of_the_gain_report_is_a_row(folder, texts):
    report = json.loads((folder.path / "gain_report.json").read_text(encoding="utf-8"))
    verdicts = [*report["verdicts"], *report["further_verdicts"]]
    assert verdicts
    words = [verdict["words"][0] for verdict in verdicts]
    assert [text for text in words if not keys_of_sentences(text, texts)] == []

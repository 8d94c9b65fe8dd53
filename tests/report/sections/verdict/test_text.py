"""The sentences of the verdict are those of the table of findings, and no other."""

import pandas as pd
import pytest

from harness.findings.run import read_run
from harness.report.sections.verdict.text import said_of
from harness.running.csv_table import as_declared
from harness.tables.effects import EFFECTS
from harness.tables.findings import FINDINGS
from report.changed_run import with_table


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_every_sentence_is_a_cell_of_the_table(run):
    said = said_of(run, "lwage")
    cells = set(run.frame("findings")["text"])
    assert {*said.headlines, *(text for text, _ in said.gains)} <= cells
    assert {caveats for _, caveats in said.gains} - {""} <= set(run.frame("findings")["caveats"].dropna())
    assert {text for text, *_ in said.effects} | set(said.won) <= cells


def test_a_changed_table_changes_what_is_said(run):
    changed = with_table(run, "findings", lambda frame: frame.assign(text="Other words."))
    said = said_of(changed, "lwage")
    assert set(said.headlines) == {text for text, _ in said.gains} == {"Other words."}


def test_what_stands_against_gains_is_said_once_and_not_beside_the_warning_that_says_it(run):
    first = run.frame("warnings")["message"].iloc[0]
    caveats = f"Time was seen once. Net under “A”: {first}."
    changed = with_table(run, "findings", lambda frame: frame.assign(caveats=caveats))
    assert said_of(changed, "lwage").known == ("Time was seen once.",)
    told = with_table(changed, "findings", lambda frame: frame.assign(text="No gain. Time was seen once."))
    assert said_of(told, "lwage").known == ()


def test_without_findings_nothing_is_said(run):
    said = said_of(with_table(run, "findings", lambda frame: frame.iloc[:0]), "lwage")
    assert not any(vars(said).values())


def test_why_an_effect_is_not_established_stands_apart_from_what_it_assumes(run):
    assumption, reason = "Changes are as good as random: all of them.", "It rests on one entity."
    row = {"outcome": "lwage", "estimator": "", "finding": "effect", "about": "a", "text": "0.2 [0.1, 0.3]."}
    both = [
        row | {"is_established": done, "caveats": caveats}
        for done, caveats in ((False, f"{assumption} {reason}"), (True, assumption))
    ]
    told = with_table(run, "findings", lambda _: as_declared(FINDINGS, [pd.DataFrame(both)]))
    effects = as_declared(EFFECTS, [pd.DataFrame([{"outcome": "lwage", "assumption": assumption}])])
    said = said_of(with_table(told, "effects", lambda _: effects), "lwage")
    assert said.effects == ((row["text"], assumption, reason), (row["text"], assumption, ""))


def test_what_is_not_established_is_one_sentence(run):
    changed = with_table(run, "findings", lambda frame: frame.assign(is_established=False))
    said = said_of(changed, "lwage")
    kinds = run.frame("findings").query("estimator == 'rab' or estimator == 'ols'")
    assert said.open.startswith("Not established, rows of findings.csv: ")
    own = kinds[~kinds["finding"].isin(["gain", "lowest_error"])]["finding"].value_counts()
    for kind, number in own.items():
        assert kind.replace("_", " ") + (f" ({number})" if number > 1 else "") in said.open
    assert (
        said_of(with_table(run, "findings", lambda frame: frame.assign(is_established=True)), "lwage").open
        == ""
    )


def test_turning_points_groups_and_moderators_are_those_of_the_featured(run):
    said = said_of(run, "lwage")
    assert said.effects
    assert all(sentence.startswith(("RAB", "Pooled OLS")) for sentence, *_ in said.effects)

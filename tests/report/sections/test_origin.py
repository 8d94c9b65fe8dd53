"""What is left of the gains: table and sentences, against the tables of the run."""

from harness.findings.gains import Gains
from harness.report.sections.origin import ORIGIN_SECTION, gains_left, left_table, never_seen
from report.shown_blocks import blocks_of, cells, said_in


def test_gains_stand_from_rows_at_hand_to_entities_never_seen(run):
    table = left_table(Gains(run), "lwage")
    assert table.heads[0][1:] == (
        *("Rows at hand", "Other rows, selected on", "Other rows of the same entities"),
        "Entities never seen",
    )
    found = cells(table)
    assert [cell.text for cell in found["MSE of Pooled OLS"]] == ["0.230", "0.231", "0.231", "0.234"]
    assert [(cell.words, cell.look) for cell in found["SOM + ANN"]] == [
        *(("44.7%", "better"), ("31.2%", "better"), ("12.1%", "better"), ("−14.3%", "worse")),
    ]
    assert (found["RAB"][-1].words, found["RAB"][-1].look) == ("−3.2%", "open")
    left_out = "Without a result under any of these protocols: Fixed effects."
    assert left_out in said_in(blocks_of(ORIGIN_SECTION, run))


def test_the_sentences_say_what_is_left_for_entities_never_seen(run):
    assert tuple(never_seen(run.manifest.study, gains_left(run, "lwage"))) == (
        "For entities never seen no estimator has an interval above zero.",
        "It lies below zero for SOM + ANN and Boosting.",
    )
    assert not list(never_seen(run.manifest.study, {}))

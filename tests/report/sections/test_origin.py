"""What remains of the gains: the table and the share due to recognition, against the tables of the run."""

import numpy as np
import pandas as pd

from harness.evaluation.recognition import NOTHING_GAINED
from harness.findings.gains import Gains
from harness.report.sections.accuracy import gain_table
from harness.report.sections.origin import left_table
from report.changed_run import with_table
from report.shown_blocks import cells


def test_gains_stand_from_the_training_sample_to_new_entities(run):
    table = left_table(Gains(run))
    assert table.heads[0][1:] == (
        *("In sample", "Other rows, used to select", "Other rows of the same entities", "New entities"),
    )
    found = cells(table)
    assert [cell.text for cell in found["MSE of Pooled OLS"]] == ["0.230", "0.231", "0.231", "0.234"]
    assert [(cell.words, cell.look) for cell in found["SOM + ANN"]] == [
        *(("44.7%", "better"), ("31.2%", "better"), ("12.1%", "better"), ("−14.3%", "worse")),
    ]
    assert (found["RAB"][-1].words, found["RAB"][-1].look) == ("−3.2%", "open")


def test_recognition_stands_in_the_table_with_the_reason_where_there_is_none(run):
    shares = pd.DataFrame(
        [
            ("ann", 0.91, 0.85, 0.97, 0.6, "ok", ""),
            ("rab", 1.2, 1.1, 1.4, 0.5, "ok", ""),
            ("boosting", 0.1, -0.1, 0.3, 0.4, "ok", ""),
            ("fe", np.nan, np.nan, np.nan, 0.0, "refused", NOTHING_GAINED),
        ],
        columns=["estimator", "estimate", "conf_low", "conf_high", "gain_known", "status", "reason"],
    ).assign(outcome="lwage", reference="ols")
    changed = with_table(run, "recognition", lambda _: shares)
    found = cells(gain_table(Gains(changed)))
    shown = {label: (own[-1].words, own[-1].beneath) for label, own in found.items()}
    assert shown["SOM + ANN"] == ("91.0%", ("[85.0,\xa097.0]",))
    assert shown["RAB"][0] == "all"
    assert shown["Fixed effects"] == ("–", (NOTHING_GAINED,))

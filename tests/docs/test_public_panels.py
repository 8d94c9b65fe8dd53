"""Every number of the page on the public panels is that of the committed tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.suite.compare import read_gains
from harness.suite.results import SUITE_TABLES
from reference_page import REFERENCE, ROOT, SUITE, table, with_numbers

PAGE = (ROOT / "docs" / "measured" / "public_panels.md").read_text(encoding="utf-8")


def test_the_tables_and_sentences_of_the_page_are_those_of_the_run():
    assert with_numbers(PAGE) == PAGE


@pytest.mark.parametrize("name", sorted(path.stem for path in REFERENCE.glob("*.csv")))
def test_the_committed_tables_are_of_this_edition_of_the_suite(name):
    found = table(name)
    assert set(SUITE_TABLES[name].columns) == set(found.columns)
    assert set(found["suite"]) == {SUITE.suite}
    assert set(found["edition"].astype(str)) == {SUITE.edition}
    assert len(set(found["form"])) == 1


def test_the_committed_ranks_and_ratios_follow_from_the_committed_errors():
    cells = read_gains(REFERENCE).drop_duplicates(["study", "protocol", "estimator"])
    ranks = table("suite_ranks").set_index(["protocol", "estimator"])["average_rank"]
    ratios = table("suite_summary").set_index(["protocol", "over", "estimator"])["log_error_ratio"]
    for protocol, own in cells.groupby("protocol"):
        errors = {
            name: rows.set_index("study")["mse"].map("{:.10g}".format).astype(float)
            for name, rows in own.groupby("estimator")
        }
        wide = pd.DataFrame(errors)
        found = wide.fillna(np.inf).rank(axis=1).mean()
        assert found.to_numpy() == pytest.approx(ranks[protocol].reindex(found.index).to_numpy())
        log_ratios = np.log(wide["mlp"] / wide["two_way"]).mean()
        assert log_ratios == pytest.approx(ratios[protocol, "two_way", "mlp"], rel=1e-6)

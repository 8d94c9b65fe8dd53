"""Every number of the page on the public panels is that of the committed tables."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from harness.suite.compare import read_gains
from harness.suite.tables import SUITE_TABLES
from reference_page import BLOCKS, REFERENCE, ROOT, SUITE, table, with_numbers

PAGE = (ROOT / "docs" / "twenty_panels.md").read_text(encoding="utf-8")


def test_the_tables_and_sentences_of_the_page_are_those_of_the_run():
    assert with_numbers(PAGE) == PAGE


def test_no_number_of_the_prose_stands_outside_what_a_test_looks_at():
    prose = PAGE
    for name in BLOCKS:
        before, _, rest = prose.partition(f"<!-- {name} -->")
        prose = before + rest.partition("<!-- end -->")[2]
    panels = table("suite_panels")
    gains = table("suite_gain")
    forward = gains.loc[gains["protocol"] == "forward", "study"].nunique()
    known = {str(len(panels)), str(forward), f"{SUITE.level:.0%}".rstrip("%"), SUITE.edition, "2006"}
    assert set(re.findall(r"\d+(?:\.\d+)?", prose)) <= known


def test_the_answer_in_words_is_that_of_the_findings():
    found = table("suite_findings")
    said = found[found["finding"] == "overall"].set_index(["protocol", "over", "estimator"]).sort_index()
    sure, ratio = said["is_established"], said["estimate"]
    new = "held_out_entities"
    for name in ("mlp", "mlp_tuned", "splines_tuned", "boosting", "boosting_tuned", "rab", "rab_tuned"):
        assert sure[new, "two_way", name]
        assert ratio[new, "two_way", name] < 0
    pooled = table("suite_summary").set_index(["protocol", "over", "estimator"]).sort_index()
    pooled = pooled.loc[new, "two_way", "ols"]
    assert pooled["conf_high"] < 0
    assert not (sure & (ratio < 0)).xs("simple", level="over").any()
    assert table("suite_findings").query("finding == 'panels' and over == 'simple'")["estimate"].eq(0).all()
    worse = sure[new, "simple"][sure[new, "simple"]].index
    assert set(worse) == {"mlp_effects", "mlp_effects_tuned", "splines_tuned"}
    for name in ("mlp", "mlp_tuned"):
        assert sure["forward", "two_way", name]
        assert ratio["forward", "two_way", name] > 0
    for name in ("mlp_effects", "mlp_effects_tuned"):
        assert not sure["forward", "two_way", name]
    forward = said.loc["forward", "simple"]
    assert forward["is_established"].all()
    assert (forward["estimate"] > 0).all()
    rivals = table("suite_gain").query("protocol == 'forward' and over == 'simple'").drop_duplicates("study")
    assert set(rivals["reference"].value_counts().index[:2]) == {"last_value", "mundlak"}


def test_tuned_estimators_compared_four_sets_of_options_and_stand_near_their_defaults():
    tried = table("suite_budgets").set_index("estimator")["n_candidates"]
    assert set(tried[list(SUITE.simple)]) == {1}
    flexible = {name: tried[name] for name in SUITE.flexible}
    assert flexible == {name: 4 if name.endswith("_tuned") else 1 for name in SUITE.flexible}
    assert len(flexible) == 10
    ratios = table("suite_summary").query("over == 'simple'").set_index(["protocol", "estimator"])
    for protocol, name in ratios.index:
        if name.endswith("_tuned"):
            own, plain = (ratios.loc[(protocol, one)] for one in (name, name.removesuffix("_tuned")))
            assert own["conf_low"] < plain["log_error_ratio"] < own["conf_high"]


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

"""The gain under every combination of choices, as rows."""

import numpy as np
import pandas as pd

from findings.wage_effects import told
from harness.findings.multiverse import honest, multiverses, published_gains
from harness.findings.rules.multiverse import multiverse_findings
from harness.tables.claims import CLAIMS
from report.fake_run import with_table

find = told(multiverse_findings)


def test_a_published_gain_within_the_range_is_placed(run):
    (one,) = run.view(multiverses)
    (claim,) = published_gains(run.rows(CLAIMS), one)
    assert claim.published == 0.678582
    assert len(honest(run.manifest.study, one).combinations) == 24
    median = float(np.median(one.numbers("estimate")))
    lowered = with_table(run, "claims", lambda frame: frame.assign(published=median))
    (text,) = (row.text for row in find(lowered, "lwage") if row.code == "published_among")
    assert text.endswith("lies above the gains of 48 of 96 combinations (50%).")


def test_so_many_combinations_have_to_go_until_as_many_gain_as_lose(run):
    def removed(gains):
        def changed_gains(table):
            return table.assign(estimate=gains(table.groupby(["list", "protocol", "sample"]).cumcount()))

        changed = with_table(run, "variation_gains", changed_gains)
        return [row.text for row in find(changed, "lwage") if row.code == "least_removed"]

    # 18 of 24 combinations on test rows that are kept apart gain; 12 of them have to go.
    (gains,) = removed(lambda row: np.where(row % 4, 0.1, -0.1))
    assert gains == "Without the 50% of these with the largest gains, as many would lose as gain."
    (losses,) = removed(lambda row: np.where(row % 4, -0.1, 0.1))
    assert losses == "Without the 50% of these with the largest losses, as many would gain as lose."
    assert not removed(lambda row: np.where(row % 2, -0.1, 0.1))


def test_all_combinations_together_are_said_for_protocols_apart_from_fitting(run):
    def together(decision):
        rows = [("median_gain", 0.12, 0.01), ("share_of_dominant_sign", 0.9, 0.2)]
        rows += [("share_significant", 0.4, 0.03)]
        one = pd.DataFrame(rows, columns=["statistic", "value", "p_value"])
        one = one.assign(outcome="lwage", estimator="ann", n_specifications=8, n_entities=545, status="ok")
        protocols = ("held_out_entities", "in_sample")
        tests = pd.concat([one.assign(protocol=name, reason="", decision=decision) for name in protocols])
        rows = find(with_table(run, "multiverse_tests", lambda _: tests), "lwage")
        (row,) = (row for row in rows if row.about.startswith("together"))
        return row

    row = together("above")
    start = "Under “Held-out entities” the gains of all 8 combinations together are significantly different"
    assert row.text.startswith(start)
    numbers = "12.0% (p = 0.010), 90.0% (p = 0.200) of one sign, 40.0% (p = 0.030) of one sign"
    assert numbers in row.text.replace("\xa0", " ")
    assert (row.decision, row.is_established, row.estimate, row.p_value) == ("above", True, 0.12, 0.01)
    assert "are not significantly different from zero" in together("open").text
    assert not [row for row in find(run, "lwage") if row.about.startswith("together")]

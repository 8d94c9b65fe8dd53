"""The section of mediation, and its findings."""

import pandas as pd

from harness.findings.debiased import mediation_findings
from harness.findings.run import read_run
from harness.language import spoken
from harness.report.sections.robustness import MEDIATION_SECTION
from harness.tables.effects import MEDIATION
from harness.text.sentences import worded
from report.changed_run import with_table
from report.shown_blocks import blocks_of, texts


def table(_frame):
    place = {"outcome": "lwage", "exposure": "exper", "scenario": "mediation", "rho": 0.0, "n_entities": 100}
    place |= {"status": "ok", "learner": "boosting", "method": "first_differences", "mediator": "hours"}
    number = {"estimate": 0.2, "conf_low": 0.1, "conf_high": 0.3, "p_value": 0.01}
    indirect = place | number | {"path": "indirect", "share": 0.5, "rho_zero": -0.25}
    flat = {"mediator": "union", "estimate": 0.01, "conf_low": -0.1, "conf_high": 0.1, "p_value": 0.9}
    rows = [
        *(place | number | {"path": path} for path in ("total", "to_mediator", "from_mediator", "direct")),
        indirect,
        indirect | {"rho": 0.5, "estimate": 0.9},
        place | number | {"path": "total", "method": "two_way_fixed_effects"},
        indirect | flat,
        place | {"mediator": "occupation", "status": "refused", "reason": "no variation"},
    ]
    return pd.DataFrame(rows).reindex(columns=list(MEDIATION.columns))


def test_a_sentence_and_a_row_for_each_mediator(wage):
    run = with_table(read_run(wage), "mediation", table)
    said, shown = blocks_of(MEDIATION_SECTION, run)
    hours, union = (words.replace("\xa0", " ") for words in said.points)
    assert hours.startswith("Through hours, one unit more of Experience raises Log wage by 0.20")
    assert hours.endswith(
        "50% of the total effect. It vanishes if the errors of mediator and outcome correlate by −0.25."
    )
    assert union.endswith("not significantly different from zero.")
    interval = "0.20 [0.10,\u00a00.30]"
    assert texts(shown) == {
        "First differences, Boosting": [*[interval] * 5, "50.0%", "−0.25"],
        "Three steps, two-way fixed effects": [interval, *["–"] * 6],
    }
    assert [group.heading for group in shown.groups] == ["hours", "union", "occupation"]
    assert shown.footnotes == (("a", "no variation"),)
    first, second = mediation_findings(run, "lwage")
    assert (first.is_established, first.p_adjusted, second.is_established) == (True, 0.02, False)
    with spoken("zh"):
        words = worded(first, run.manifest.study)
    assert "占总效应的 50%" in words.text.replace("\xa0", " ")
    assert words.caveats == "该结论假设：给定核心解释变量与控制变量，中介变量近似随机。"

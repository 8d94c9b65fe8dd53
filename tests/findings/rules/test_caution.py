"""What is to be read first, and the published gains that head a study."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd

from findings.wage_effects import codes, params, screen_of, with_effects
from harness.findings.rules import caution, effect
from harness.tables.claims import CLAIMS
from harness.tables.effects import EFFECT_TESTS
from harness.tables.gain import GIVEN_PERIODS
from harness.text.render import findings_table
from harness.text.screen import MOST
from report.fake_run import with_table


def test_what_is_read_first_are_three_points_in_the_order_of_their_codes(run):
    notes = pd.DataFrame(
        [("W-SKEW", "lwage", "skewed"), ("W-LEAK", "lwage", "leak")], columns=["code", "where", "message"]
    )
    changed = with_table(run, "warnings", lambda _: notes)
    shown, _ = screen_of(changed)
    assert codes(shown.cautions) == ["leaked_outcome", "selected_on_test_rows", "printed_contradict"]
    assert len(shown.cautions) == MOST["caution"]
    rows = findings_table(changed)
    skewed = rows[rows["code"] == "skewed"]
    assert [json.loads(one)["message"] for one in skewed["params"]] == ["skewed"]
    lacking = {"status": "refused", "reason": "no entity is known", "gain": np.nan, "decision": "untested"}

    def refused(frame):
        rows = frame["estimator"] == "ann"
        return frame.assign(**{name: frame[name].mask(rows, value) for name, value in lacking.items()})

    weak = with_effects(run, {"residual_share": 0.04, "first_stage_f": 5.0})
    assert codes(effect.weak_findings(weak, "lwage")) == ["little_residual_variation", "weak_instruments"]
    assert not list(effect.weak_findings(with_effects(run, {"first_stage_f": 50.0}), "lwage"))
    (missing,) = caution.refusal_findings(with_table(run, "gain", refused), "lwage")
    assert params(missing) == {"estimator": "ann", "reason": "no entity is known"}
    once = with_table(run, "gain", lambda frame: frame.assign(inference=GIVEN_PERIODS))
    tested = pd.DataFrame({"protocol": "forward", "by": "period", "part": [1986, 1987]})
    rows = findings_table(with_table(once, "gain_within", lambda _: tested))
    few = rows[rows["code"] == "few_periods"]
    assert len(few) == 2
    assert few["text"].iloc[-1].startswith("“Forward in time” tests 1986 and 1987 alone: ")


def test_printed_statements_are_counted_by_what_the_methods_do_with_them(run):
    def judged(frame):
        verdicts = ["finds it", "finds it", "misses it", "finds what is not there"]
        given = [*verdicts, *["cannot be judged"] * len(frame)][: len(frame)]
        return frame.assign(verdict=given, counterpart_verdict="cannot be judged")

    n_rows = len(run.rows(CLAIMS))
    assert n_rows > 4
    rows = findings_table(with_table(run, "claims", judged))
    (text,) = rows.loc[rows["finding"] == "claims", "text"]
    assert text == (
        "Of 3 printed statements that are true of these simulated data, the methods as published find 2; "
        f"they also find 1 that are not there. {n_rows - 4} printed results cannot be judged."
    )
    unjudged = with_table(run, "claims", lambda frame: frame.assign(verdict="cannot be judged"))
    assert not (findings_table(unjudged)["finding"] == "claims").any()


def test_the_headline_is_the_gains_that_are_marked_or_the_first_of_each_outcome():
    def claim(outcome, *, quantity="gain", headline=False):
        return SimpleNamespace(outcome=outcome, quantity=quantity, headline=headline)

    first, other, marked = claim("y"), claim("z"), claim("y", headline=True)
    rows = [claim("y", quantity="mse"), first, claim("y"), other]
    assert caution.headline_claims(rows) == (first, other)
    assert caution.headline_claims([*rows, marked]) == (marked,)


def test_unit_roots_of_both_are_a_caution_of_every_headline(run):
    def rooted(p_exposure):
        p_values = {"lwage": 0.4, "exper": p_exposure}
        rows = [(name, p, "above" if p < 0.05 else "open") for name, p in p_values.items()]
        tests = pd.DataFrame(rows, columns=["against", "p_value", "decision"])
        tests = tests.assign(outcome="lwage", exposure="exper", test="unit_root", status="ok", reason="")
        tests = tests.reindex(columns=EFFECT_TESTS.columns)
        return findings_table(with_table(run, "effect_tests", lambda _: tests))

    rows = rooted(0.2)
    (text,) = rows.loc[rows["code"] == "unit_roots", "text"]
    start = "No test rejects unit roots of Log wage (p = 0.400) and Experience (p = 0.200):"
    assert text.replace("\xa0", " ").startswith(start)
    (within,) = rows.loc[rows["code"] == "within_effect", "caveats_text"]
    assert text in within
    assert "unit_roots" not in set(rooted(0.01)["code"])

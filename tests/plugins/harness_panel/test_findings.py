"""What fits say of themselves, as rows: tests of instruments, spatial impacts, effects before a start."""

from dataclasses import replace

import pandas as pd
import pytest

from harness.findings.run import read_run
from harness.record.decisions import decided
from harness.record.manifest import ScaleRecord
from harness.tables.coefficients import DIAGNOSTICS
from harness.tables.effects import EFFECT_TESTS
from harness.text.render import texts_of, with_text
from harness_panel.findings import FIT_RULE, IMPACT_RULE, IMPACTS
from report.fake_run import wage_run, with_table


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(wage_run(tmp_path_factory.mktemp("fits") / "run"))


def rows(run, rule, table, *cells):
    """Return the findings on a table that is decided on as a run does."""
    cell = {"outcome": "lwage", "estimator": "fe", "status": "ok", "reason": "", "caution": ""}
    frame = pd.DataFrame([cell | one for one in cells]).reindex(columns=list(table.columns))
    changed = with_table(run, table.name, lambda _: decided(frame, table.name, run.manifest.study))
    study = run.manifest.study
    return [with_text(row, study, texts_of([rule])) for row in rule.findings(changed, "lwage")]


@pytest.mark.parametrize(
    ("test", "rejects", "keeps"),
    [
        ("exogeneity", "so the exposure is endogenous", "no evidence that least squares"),
        ("weak_instruments", "the instruments are strong", "the instruments may be weak"),
        ("anderson_rubin", "no effect is rejected", "no evidence of an effect"),
        ("overidentification", "at least one is not valid", "no evidence that the instruments"),
        ("autocorrelation_2", "no valid instrument", "no evidence that differenced errors"),
    ],
)
def test_tests_of_instruments_say_what_their_stored_decision_is(run, test, rejects, keeps):
    for p_value, words, decision in ((0.049, rejects, "above"), (0.05, keeps, "open")):
        cautioned = {"caution": "too many instruments"} if test == "overidentification" else {}
        (row,) = rows(run, FIT_RULE, DIAGNOSTICS, {"test": test, "p_value": p_value, **cautioned})
        assert row.text.startswith("Fixed effects: ")
        assert words in row.text
        assert (row.key, row.decision) == (f"fit_test/lwage/estimator=fe/test={test}", decision)
        assert (row.caveats_text != "") == bool(cautioned)
    assert not rows(run, FIT_RULE, DIAGNOSTICS, {"test": test, "status": "refused", "reason": "one"})
    assert not rows(run, FIT_RULE, DIAGNOSTICS, {"test": "white", "p_value": 0.01})


def test_effects_before_a_start_are_a_row_whether_they_could_be_tested_or_not(run):
    tested = {"test": "pre_trend", "statistic": 1.234, "p_value": 0.3}
    (row,) = rows(run, FIT_RULE, EFFECT_TESTS, tested)
    assert row.text == (
        "Fixed effects, Log wage: the joint test of no effect before the start has F 1.23, "
        "p\u00a0=\u00a00.300."
    )
    assert (row.decision, row.p_value) == ("open", 0.3)
    (row,) = rows(
        run, FIT_RULE, EFFECT_TESTS, {"test": "pre_trend", "status": "refused", "reason": "one lead"}
    )
    assert row.text.endswith("could not be tested together, since one lead.")
    assert row.decision == "untested"


def test_impacts_are_those_of_the_exposure_alone(run):
    cells = [
        {
            "variable": name,
            "impact": impact,
            "estimate": size,
            "conf_low": size - 1.5,
            "conf_high": size + 1.5,
        }
        for name in ("exper", "educ")
        for size, impact in enumerate(("direct", "indirect", "total"), start=2)
    ]
    (row,) = rows(run, IMPACT_RULE, IMPACTS, *({**one, "decision": "above"} for one in cells))
    assert row.text.replace("\u00a0", " ") == (
        "Fixed effects: one unit more of Experience in one man changes its own Log wage by 2.0 [0.5, 3.5] "
        "log dollars an hour, and that of all others together by 3.0 [1.5, 4.5] log dollars an hour."
    )
    assert (row.key, row.decision) == ("impact/lwage/exposure=exper/estimator=fe", "above")
    scaled = replace(run.manifest.study, scales={"exper": ScaleRecord(step=0.5)})
    (row,) = rows(replace(run, manifest=replace(run.manifest, study=scaled)), IMPACT_RULE, IMPACTS, *cells)
    assert "one standard deviation more of Experience (0.5 years within men) in one man" in row.text
    assert row.text.endswith("together by 1.5 [0.8,\u00a02.2] log dollars an hour.")

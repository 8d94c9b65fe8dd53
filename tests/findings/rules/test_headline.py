"""The headline effect: which one it is, what it is called, and that its interval holds the truth."""

import numpy as np
import pandas as pd
import pytest

import harness
from findings.wage_effects import against, codes, params, part, told, with_effects
from harness.findings.rules.headline import headline_findings
from harness.findings.run import read_run
from harness.record.manifest import HeadlineRecord
from harness.running.folder import RunFolder
from harness.tables.coefficients import STATISTICS
from harness.tables.findings import FINDINGS
from headline_coverage import of_estimator, panel_of
from report.fake_run import with_study, with_table
from shape_grid import COVERED, drawn_panel

IV = HeadlineRecord("instruments", estimator="ols")


def led_by(run, *records):
    return with_study(run, headline=records)


def with_coefficient(run, **cells):
    def changed(table):
        rows = (table["estimator"] == "ols") & (table["term"] == "exper")
        return table.assign(**{name: table[name].where(~rows, cell) for name, cell in cells.items()})

    return with_table(run, "coefficients", changed)


def test_the_headline_stands_alone_on_the_screen_and_all_else_stays_in_the_table(run):
    both = with_effects(run, {})
    assert codes(part(both, "effect")) == ["debiased_effect", "within_effect", "for_whom"]
    (row,) = part(led_by(both, IV), "effect")
    assert (row.code, row.estimator, row.key) == ("identified_effect", "ols", "headline/lwage/estimator=ols")
    assert "; local effect, Pooled OLS)" in row.text
    assert codes(part(led_by(both, IV), "trust")) == [
        code for code in codes(part(both, "trust")) if code not in ("fragile", "pooled_differs")
    ]


def test_a_headline_without_a_number_says_why_and_others_stay(run):
    refused = with_coefficient(run, status="refused", reason="no instrument", estimate=np.nan)
    refused = with_table(
        refused,
        "coefficients",
        lambda table: table[(table["estimator"] != "ols") | (table["term"] == "exper")],
    )
    first, second, _ = part(led_by(refused, IV), "effect")
    assert first.text == (
        "The headline effect (local effect, Pooled OLS) could not be estimated: no instrument."
    )
    assert (first.decision, second.code) == ("untested", "within_effect")


def test_an_open_headline_says_what_could_have_been_found_by_the_df_of_its_row(run):
    cells = {"estimate": 0.1, "std_error": 0.2, "conf_low": -0.3, "conf_high": 0.5, "df_resid": 20.0}
    (row,) = part(led_by(with_coefficient(run, **cells), IV), "effect")
    assert (row.decision, row.df, row.is_established) == ("open", 20.0, False)
    # The quantiles .975 and .8 of t with 20 degrees of freedom, R 4.3: qt(c(.975, .8), 20).
    assert row.least_detectable == pytest.approx(0.2 * (2.085963 + 0.859964), rel=1e-5)
    assert row.text.endswith("An effect of 0.59 log dollars an hour had an 80% chance of being found.")


def test_errors_for_common_shocks_are_said_in_the_sentence(run):
    (row,) = part(led_by(with_coefficient(run, p_common_shocks=0.01), IV), "effect")
    assert "; local effect, Pooled OLS, errors for common shocks)" in row.text
    (row,) = part(led_by(with_coefficient(run, p_common_shocks=0.3), IV), "effect")
    assert "; local effect, Pooled OLS)" in row.text


def test_weak_instruments_and_few_clusters_caution_and_do_not_reorder(run):
    def caution(numbers, n_clusters="545"):
        rows = [
            {"outcome": "lwage", "estimator": "ols", "statistic": name, "value": value, "definition": ""}
            for name, values in numbers.items()
            for value in np.atleast_1d(values)
        ]
        changed = with_coefficient(run, n_clusters=n_clusters)
        changed = with_table(
            changed, STATISTICS.name, lambda _: pd.DataFrame(rows, columns=STATISTICS.columns)
        )
        row, *cautions = told(headline_findings)(led_by(changed, IV), "lwage")
        assert row.code == "identified_effect"
        return row, [(one.code, one.screen) for one in cautions]

    strong = {"partial_f": 40.0, "effective_f": 30.0, "effective_f_critical": 23.1}
    row, cautions = caution(strong)
    assert (against(row), cautions) == (set(), [("instrument_strength", "trust")])
    ends = {"anderson_rubin_low": [-np.inf, 2.0], "anderson_rubin_high": [-1.0, np.inf]}
    row, cautions = caution(strong | {"effective_f": 12.0} | ends)
    expected = [("instrument_strength", "trust"), ("weak_instruments", "caution")]
    assert (row.is_established, cautions) == (False, expected)
    assert "is (−∞, −1] and [2, ∞)." in row.caveats_text
    row, cautions = caution(strong, n_clusters="545 x 8")
    expected = [("instrument_strength", "trust"), ("few_clusters", "caution")]
    assert (row.is_established, cautions) == (False, expected)
    assert "by 8 clusters, fewer than 30" in row.caveats_text


def test_a_pooled_slope_is_the_headline_of_a_study_that_has_no_other(run):
    pooled = led_by(run, HeadlineRecord("pooled", estimator="ols"))
    assert codes(part(pooled, "effect")) == ["within_effect", "for_whom"]
    alone = with_study(
        pooled, estimators=tuple(one for one in pooled.manifest.study.estimators if one.id != "fe")
    )
    row, second = part(alone, "effect")
    assert (row.code, params(row)["estimand"]["text"]) == ("identified_effect", "pooled slope")
    assert second.text == "No estimator of this study removes what is constant in each man."
    declared = led_by(with_effects(run, {}), HeadlineRecord("within", estimator="fe", is_declared=True))
    assert [row.estimator for row in part(declared, "effect")] == ["fe"]


KINDS = ("instruments", "staged", "dynamics", "spatial", "mediation")


def screen_of(kind, number, folder):
    """Return the rows of the first screen's effect of a simulated panel, by the ids of their keys."""
    panel, options = drawn_panel(kind, COVERED, number, has_effect=True)
    options_of = {"quick": True, "progress": False, "overrides": options.overrides}
    harness.run(options.spec, data=panel.frame, out=folder, **options_of)
    run = read_run(RunFolder.open(folder))
    rows = run.rows(FINDINGS, screen="effect")
    headline = {row.key.removeprefix("headline/y/"): row for row in rows if row.finding == "headline"}
    assert headline.keys() == panel.truth.keys()
    return run, rows, [(headline[key], one) for key, one in panel.truth.items()]


def test_an_endogenous_exposure_has_the_instrumented_effect_and_the_test_of_the_difference(tmp_path):
    run, rows, ((headline, truth),) = screen_of("instruments", 1, tmp_path / "run")
    assert (headline.conf_low < truth < headline.conf_high, rows) == (True, (headline,))
    (within,) = run.rows(FINDINGS, finding="within_effect")
    assert within.conf_low > truth
    trust = {row.about or row.code: row for row in run.rows(FINDINGS, screen="trust")}
    assert trust.keys() == {"exogeneity", "instrument_strength", "base_rate"}
    text = trust["instrument_strength"].text
    assert "The Anderson–Rubin set, valid however weak the instruments are, is [0." in text
    frame = drawn_panel("instruments", COVERED, 1, has_effect=True)[0].frame
    (row,) = of_estimator("instruments", panel_of("instruments", frame), 1).itertuples()
    assert (row.conf_low, row.conf_high) == pytest.approx((headline.conf_low, headline.conf_high))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_interval_of_the_first_screen_holds_the_truth(kind, tmp_path):
    """In at least 17 of 20 panels: of intervals that hold in 95 %, a chance of 1.6 % to fail."""
    held = []
    for seed in range(20):
        _, _, pairs = screen_of(kind, seed, tmp_path / str(seed))
        held.append([row.conf_low < one < row.conf_high for row, one in pairs])
    assert np.sum(held, axis=0).min() >= 17

"""What is decided on effects, adjusted anew by statsmodels, and laws that hold of all of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.findings.run import read_run
from harness.record.decisions import decided
from harness.record.manifest import PrimaryRecord
from harness.running.folder import RunFolder
from harness.tables.coefficients import COEFFICIENTS
from harness.tables.csv_table import as_declared, as_read
from harness.tables.effects import EFFECT_TESTS, EFFECTS, MEDIATION
from harness.tables.heterogeneity import CONDITIONAL_EFFECTS, HETEROGENEITY
from holm import holm
from report.fake_run import manifest, read_manifest
from small_run import LEAST, ROLES, run_small

OUTCOMES = ("wage", "hours")
PRIMARY = PrimaryRecord("effect", "first_differences", "line", "splines", is_declared=True)
STUDY = replace(
    read_manifest(manifest(outcomes=dict.fromkeys(OUTCOMES, ("", "")))).study,
    primary=PRIMARY,
    negligible={"effect": 0.5},
)
ABOUT = ["scenario", "exposure", "method", "form", "learner"]


def rows_of(outcome, method, form, points):
    """Return the rows of one effect, its estimates and errors given point by point, in the order of a run."""
    place = {"outcome": outcome, "method": method, "form": form, "scenario": "effect", "exposure": "x"}
    place |= {"learner": "splines", "n_entities": 40, "status": "ok", "assumption": "a"}
    for band, half in [("pointwise", 2.0), ("simultaneous", 2.8)][: 1 + (len(points) > 1)]:
        for at, (estimate, error) in enumerate(points):
            limits = {"conf_low": estimate - half * error, "conf_high": estimate + half * error}
            p_value = 2.0 * stats.norm.sf(abs(estimate) / error * 2.0 / half)
            numbers = {"estimate": estimate, "std_error": error, "p_value": p_value}
            yield place | limits | numbers | {"band": band, "at": float(at) if len(points) > 1 else np.nan}


POINTS = st.tuples(st.floats(-3.0, 3.0), st.floats(0.1, 2.0))
METHODS = ("first_differences", "correlated_random_effects")
STUDIES = st.fixed_dictionaries(
    {
        (outcome, method, form): points
        for outcome in OUTCOMES
        for method in METHODS
        for form, points in {
            "line": st.lists(POINTS, min_size=1, max_size=1),
            "interaction": st.lists(POINTS, max_size=1),
            "curve": st.lists(POINTS, min_size=2, max_size=4),
        }.items()
    }
)


def effects_table(asked):
    rows = [row for about, points in asked.items() for row in rows_of(*about, points)]
    return as_declared(EFFECTS, [pd.DataFrame(rows)])


def leading(table):
    """Return the rows that allow for all points of their effect, by outcome and effect."""
    bands = table.groupby(["outcome", *ABOUT], sort=False)["band"]
    has_several = bands.transform(lambda own: "simultaneous" in set(own))
    own = table[table["band"] == np.where(has_several, "simultaneous", "pointwise")]
    return own.groupby(["outcome", *ABOUT], sort=False)


@given(STUDIES)
def test_families_and_adjusted_p_values_are_those_of_statsmodels(asked):
    found = decided(effects_table(asked), "effects", STUDY)
    own = leading(found).agg(
        p=("p_value", "min"), adjusted=("p_adjusted", "first"), family=("family", "first")
    )
    own = own.reset_index()
    is_first = (own["method"] == PRIMARY.method) & (own["form"] == PRIMARY.form)
    firsts = own[is_first]
    assert set(firsts["family"]) == {"outcomes:2"}
    np.testing.assert_allclose(firsts["adjusted"], holm(firsts["p"]))
    for _, others in own[~is_first].groupby("outcome"):
        assert set(others["family"]) == {f"effects:{len(others)}"}
        np.testing.assert_allclose(others["adjusted"], holm(others["p"]))


@given(STUDIES)
def test_an_effect_is_above_or_below_where_interval_and_adjusted_p_value_say_so(asked):
    found = decided(effects_table(asked), "effects", STUDY)
    for (_, *_, form, _), rows in leading(found):
        (decision,) = set(rows["decision"])
        above, below = rows["conf_low"] > 0.0, rows["conf_high"] < 0.0
        is_significant = (above | below).any() and rows["p_adjusted"].iloc[0] < 0.05
        assert (decision in {"above", "below"}) == is_significant
        if is_significant:
            clearest = rows.loc[(rows["estimate"].abs() / rows["std_error"]).idxmax()]
            assert decision == ("above" if clearest["estimate"] > 0.0 else "below")
        widest = rows[["conf_low", "conf_high"]].abs().to_numpy().max()
        is_small = form == "line" and widest < STUDY.negligible["effect"]
        assert (decision == "negligible") == (is_small and not is_significant)


@given(STUDIES, st.randoms(use_true_random=False))
def test_decisions_do_not_go_by_the_order_of_rows_or_by_bands_of_other_tests(asked, random):
    table = effects_table(asked)
    other = table.iloc[[0]].assign(band="anderson_rubin", p_value=1e-9, conf_low=5.0, conf_high=9.0)
    mixed = pd.concat([table, other], ignore_index=True).sample(
        frac=1.0, random_state=random.randrange(2**31)
    )
    columns = ["p_adjusted", "family", "decision"]
    shuffled = decided(mixed, "effects", STUDY).sort_index()
    pd.testing.assert_frame_equal(
        shuffled[columns].iloc[:-1], decided(table, "effects", STUDY)[columns], check_dtype=False
    )
    assert shuffled["decision"].iloc[-1] == "untested"


def test_an_effect_that_failed_is_untested_and_leaves_the_declared_family_its_size():
    first, other = (list(rows_of(outcome, *METHODS[:1], "line", [(2.0, 0.5)])) for outcome in OUTCOMES)
    failed = [
        {"outcome": "wage", "scenario": "effect", "learner": "splines", "status": "failed", "reason": "no"}
    ]
    found = decided(as_declared(EFFECTS, [pd.DataFrame([*failed, *other])]), "effects", STUDY)
    assert found["decision"].tolist() == ["untested", "above"]
    assert found["family"].tolist() == ["outcomes:2"] * 2
    assert np.isnan(found["p_adjusted"].iloc[0])
    # As many tests as there are p-values.
    assert found["p_adjusted"].iloc[1] == pytest.approx(other[0]["p_value"])
    both = decided(as_declared(EFFECTS, [pd.DataFrame([*first, *other])]), "effects", STUDY)
    np.testing.assert_allclose(both["p_adjusted"], holm([first[0]["p_value"], other[0]["p_value"]]))


def test_all_effects_on_an_outcome_are_one_family_where_none_is_declared():
    table = effects_table({("wage", method, "line"): [(2.0, 0.5)] for method in METHODS})
    undeclared = replace(STUDY, primary=replace(PRIMARY, is_declared=False))
    for study in (undeclared, replace(STUDY, primary=None)):
        assert set(decided(table, "effects", study)["family"]) == {"effects:2"}


def test_indirect_effects_on_an_outcome_are_adjusted_together_and_decided_by_their_p_values():
    place = {"scenario": "mediation", "exposure": "x", "method": "first_differences", "learner": "splines"}
    place |= {"status": "ok", "path": "indirect", "conf_low": -1.0, "conf_high": 1.0, "rho": 0.0}
    p_values = [0.001, 0.02, 0.03, 0.6]
    rows = [
        place | {"outcome": "wage", "mediator": f"m{at}", "p_value": p_value, "estimate": 0.1 - at}
        for at, p_value in enumerate(p_values)
    ]
    others = [rows[0] | {"rho": 0.3}, rows[0] | {"path": "total"}, rows[0] | {"outcome": "hours"}]
    found = decided(as_declared(MEDIATION, [pd.DataFrame([*rows, *others])]), "mediation", STUDY)
    np.testing.assert_allclose(found["p_adjusted"].iloc[:4], holm(p_values))
    assert found["decision"].tolist() == ["above", "open", "open", "open", "untested", "open", "above"]
    assert found["family"].tolist() == [*["indirect_effects:4"] * 4, "", "", "indirect_effects:1"]


def test_tests_are_decided_on_where_a_rule_goes_by_them():
    place = {"outcome": "wage", "status": "ok", "statistic": 5.0}
    rows = [
        place | {"test": test, "p_value": p_value}
        for test in ("linearity", "two thresholds", "moran")
        for p_value in (0.04, 0.05, np.nan)
    ]
    found = decided(as_declared(EFFECT_TESTS, [pd.DataFrame(rows)]), "effect_tests", STUDY)
    assert found["decision"].tolist() == [*["above", "open", "untested"] * 2, *["untested"] * 3]


@pytest.mark.parametrize(
    ("table", "name"),
    [(COEFFICIENTS, "estimate"), (HETEROGENEITY, "effect"), (CONDITIONAL_EFFECTS, "effect")],
)
def test_a_number_without_a_family_is_decided_by_its_interval(table, name):
    rows = [(1.0, 0.2, 1.8), (-1.0, -1.8, -0.2), (1.0, -0.1, 2.1), (1.0, 1.2, 1.8), (np.nan,) * 3]
    frame = pd.DataFrame(rows, columns=[name, "conf_low", "conf_high"])
    made = decided(as_declared(table, [frame]), table.name, STUDY)
    assert made["decision"].tolist() == ["above", "below", "open", "above", "untested"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    spec = LEAST | {
        "roles": ROLES | {"outcomes": ["invest", "capital"], "controls": []},
        "scenarios": [{"use": "effect", "primary": True, "forms": ["line", "curve"], "folds": 3}],
    }
    return RunFolder.open(run_small(tmp_path_factory.mktemp("decisions") / "run", spec=spec).path)


def test_a_run_stores_what_its_tables_give_and_its_findings_say_it(folder):
    run, written = read_run(folder), folder.read_table("effects")
    bare = written.drop(columns=["p_adjusted", "family", "decision"])
    again = as_read(decided(bare, "effects", run.manifest.study))
    pd.testing.assert_frame_equal(again[written.columns], written)
    by_row = written[written["band"] == "pointwise"]
    widths = (by_row["conf_high"] - by_row["conf_low"]) / 2.0 / by_row["std_error"]
    np.testing.assert_allclose(widths, stats.t.ppf(0.975, by_row["df"]))
    own = leading(written).agg(p=("p_value", "min"), adjusted=("p_adjusted", "first"))
    firsts = own.xs(("first_differences", "line"), level=("method", "form"))
    assert len(firsts) == 2
    np.testing.assert_allclose(firsts["adjusted"], holm(firsts["p"]))
    stored = folder.read_table("findings").query("finding == 'effect'")
    for outcome in run.manifest.study.outcomes:
        said = stored[stored["outcome"] == outcome]
        assert sorted(said["p_adjusted"]) == pytest.approx(sorted(own.loc[outcome]["adjusted"]))

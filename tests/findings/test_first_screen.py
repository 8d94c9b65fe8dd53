"""What the first screen says of a run: which rows stand on it, in which order, and their parameters."""

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from findings.test_findings import EFFECT
from harness.findings.checks import AGREE, CONFIRM, checks_passed
from harness.findings.lines import curves_from, unsupported_spans
from harness.findings.rules import caution, effect, within
from harness.findings.run import read_run
from harness.findings.screen import MOST
from harness.record.manifest import PrimaryRecord
from harness.running.csv_table import as_declared
from harness.scenarios.robustness import BASELINE, JOINT, PERMUTED
from harness.study.spec.study import Variable
from harness.tables.curves import CurveRow
from harness.tables.effects import EFFECTS, SENSITIVITY
from harness.tables.findings import FINDINGS
from harness.tables.gain import GIVEN_PERIODS, RECOGNITION
from harness.tables.table import read_rows
from harness.tables.variations import VARIATION_EFFECTS, VariationEffectRow
from harness.text.context import entities
from harness.text.render import findings_table
from harness.text.screen import first_screen, labelled
from report.fake_run import wage_run, with_study, with_table

SLOPE = EFFECT | {"estimate": -0.2, "conf_low": -0.3, "conf_high": -0.1, "robustness_value": 0.07}
OTHER = {"method": "correlated_random_effects", "estimate": -0.9, "conf_low": -1.1, "conf_high": -0.7}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(wage_run(tmp_path_factory.mktemp("answers") / "run"))


def with_effects(run, *rows):
    """Return a run with debiased effects, the first of which the study declares."""
    primary = PrimaryRecord("effect", "first_differences", "line", "boosting", is_declared=True)
    table = as_declared(EFFECTS, [pd.DataFrame([SLOPE | row for row in rows])])
    return with_table(with_study(run, primary=primary), "effects", lambda _: table)


def screen_of(run):
    """Return the first screen of a run with one outcome, and what its parts hold, by outcome."""
    shown = first_screen(with_table(run, FINDINGS.name, lambda _: findings_table(run)))
    return shown, {one.outcome: one for one in shown.outcomes}


def part(run, name):
    """Return the rows of one part of the screen."""
    return getattr(screen_of(run)[1]["lwage"], name)


def codes(found):
    return [one.code for one in found]


def params(row):
    return json.loads(row.params)


def test_the_prediction_is_of_entities_not_used_in_training_where_a_protocol_holds_some_out(run):
    study = run.manifest.study
    (own,) = part(run, "prediction")
    assert (own.code, params(own)["protocol"]) == ("gain_verdict", "held_out_entities")
    known = tuple(protocol for protocol in study.protocols if protocol.knows_entities)
    (later,) = part(with_study(run, protocols=known), "prediction")
    assert params(later)["protocol"] == "forward"
    (alone,) = part(with_study(run, estimators=study.estimators[:1]), "prediction")
    assert alone.code == "only_estimator"


def test_fixed_effects_and_the_first_debiased_effect_stand_there_whatever_they_say(run):
    """Pooled OLS has a coefficient and is no answer."""
    (alone,) = part(run, "effect")
    assert (alone.code, alone.estimator, params(alone)["is_alone"]) == ("within_effect", "fe", True)
    open_one = with_effects(run, {"conf_high": 0.1, "p_value": 0.4})
    assert codes(part(open_one, "effect")) == ["debiased_effect", "within_effect"]
    differing = with_effects(run, {"p_methods": 0.004}, {"p_methods": 0.004, **OTHER})
    *_, other = part(differing, "effect")
    assert codes(part(differing, "effect")) == ["debiased_effect", "within_effect", "other_method"]
    assert params(other)["method"] == OTHER["method"]
    primary = differing.manifest.study.primary
    undeclared = with_table(
        with_study(differing, primary=replace(primary, is_declared=False)), "effects", lambda table: table
    )
    names = [labelled(screen_of(one)[1]["lwage"])[1][0] for one in (differing, undeclared, run)]
    assert names == ["Effect", "Effect (not declared beforehand)", "Effect"]
    refused = with_effects(run, {"status": "refused", "reason": "one period", "band": ""})
    first, second = part(refused, "effect")
    assert (first.code, params(second)["is_alone"]) == ("no_effect", True)
    pooled = tuple(entry for entry in run.manifest.study.estimators if entry.id != "fe")
    assert codes(part(with_study(run, estimators=pooled), "effect")) == ["no_within_effect"]


def test_other_terms_with_the_exposure_leave_no_coefficient_that_is_the_effect(run):
    def squared(table):
        return pd.concat([table, table[table["term"] == "exper"].assign(term="exper^2")])

    changed = with_table(run, "coefficients", squared)
    assert within.coefficient_slopes(run, "lwage", "exper", "fe")
    assert not within.coefficient_slopes(changed, "lwage", "exper", "fe")
    entry, (slope,) = within.within_slopes(with_slopes(changed, 0.1, 0.2, 0.3), "lwage", "exper")
    assert (entry.id, slope.level, slope.estimate) == ("fe", "", pytest.approx((0.2, 0.1, 0.3)))


def with_slopes(run, *slopes):
    row = {"outcome": "lwage", "scenario": "curve", "kind": "average_effect", "at": np.nan, "status": "ok"}
    own = [
        row
        | {"band": "pointwise", "supported": True, "level": 0.95, "estimator": name, "estimate": slope}
        | {"conf_low": slope - 0.1, "conf_high": slope + 0.1}
        for name, slope in zip(("ols", "fe", "rab"), slopes, strict=True)
    ]
    return with_table(run, "curves", lambda table: pd.concat([table, pd.DataFrame(own)]))


@pytest.mark.parametrize(
    ("slopes", "is_told"),
    [
        ((0.1, 0.2, 0.3), True),
        ((0.1, -0.05, 0.3), False),
        ((0.1, 0.2, -0.15), False),
        ((0.1, 0.0, 0.3), False),
    ],
)
def test_that_all_curves_go_the_other_way_is_told_first(run, slopes, is_told):
    changed = with_slopes(with_effects(run, {}), *slopes)
    first, *_ = part(changed, "trust")
    assert (first.code == "signs_differ") is is_told
    if is_told:
        assert params(first) == {"n_curves": 3, "do_rise": True, "is_significant": True}
        turned = {"estimate": 0.2, "conf_low": 0.1, "conf_high": 0.3}
        below = with_slopes(with_effects(run, turned), *(-slope for slope in slopes))
        assert part(below, "trust")[0].code == "signs_differ"


@pytest.mark.parametrize(
    ("pooled", "told"),
    [(0.1, []), (0.29, []), (0.39, []), (0.4, [2.0]), (0.05, [4.0]), (-0.1, [math.nan]), (0.0, [])],
)
def test_a_pooled_slope_of_another_sign_or_size_is_told_with_its_factor(run, pooled, told):
    """The within slope is 0.2, its interval from 0.1 to 0.3."""

    def change(table):
        numbers = {"ols": (pooled, pooled - 0.1, pooled + 0.1), "fe": (0.2, 0.1, 0.3)}
        for name, own in numbers.items():
            rows = (table["estimator"] == name) & (table["term"] == "exper")
            table.loc[rows, ["estimate", "conf_low", "conf_high"]] = own
        return table

    changed, study = with_table(run, "coefficients", change), run.manifest.study
    found = {}
    for kept in ({"ols", "fe"}, {"ols"}, {"fe"}):
        own = with_study(changed, estimators=tuple(one for one in study.estimators if one.id in kept))
        rows = list(within.pooled_findings(own, "lwage"))
        found[frozenset(kept)] = [params(one).get("factor", math.nan) for one in rows]
    assert found.pop(frozenset({"ols", "fe"})) == pytest.approx(told, nan_ok=True)
    assert not any(found.values())


def test_a_confounder_overturns_what_is_significant(run):
    assert codes(part(with_effects(run, {}), "trust"))[:1] == ["fragile"]
    assert "fragile" not in codes(part(with_effects(run, {"p_value": 0.2}), "trust"))


def test_the_strength_of_a_confounder_is_that_at_which_the_slope_is_zero(run):
    """By the bias of Cinelli and Hazlett (2020) itself."""
    row = {name: SLOPE[name] for name in ("outcome", "exposure", "method", "learner", "scenario")}
    row |= {"covariate": "educ", "multiple": 1.0, "r2_exposure": 0.01, "r2_outcome": 0.02, "status": "ok"}
    table = as_declared(SENSITIVITY, [pd.DataFrame([row | {"robustness_value": 0.07}])])
    changed = with_table(run, "sensitivity", lambda _: table)
    (one,) = changed.rows(SENSITIVITY)
    times = effect.overturning(one)
    bias = math.sqrt(times * 0.02 * times * 0.01 / (1.0 - times * 0.01))
    assert bias == pytest.approx(0.07 / math.sqrt(1.0 - 0.07))
    assert effect.overturning(replace(one, r2_outcome=0.0)) == math.inf
    assert effect.overturning(replace(one, r2_exposure=0.0)) == math.inf
    fragile, *_ = part(with_effects(changed, {}), "trust")
    assert params(fragile) == {"robustness_value": 0.07, "covariate": "educ", "times": times}
    both = pd.concat([table, table.assign(covariate="union", status="refused")])
    refused = with_table(changed, "sensitivity", lambda _: both)
    assert "times" not in params(part(with_effects(refused, {}), "trust")[0])


def test_recognition_is_of_the_largest_gain_without_effects_of_entities(run):
    table = pd.DataFrame(
        [("fe", 2.0, 0.9), ("ann", 0.9, 0.6), ("rab", 1.1, 0.7)],
        columns=["estimator", "estimate", "gain_known"],
    ).assign(outcome="lwage", reference="ols", decision="above", status="ok", reason="")
    changed = with_table(run, "recognition", lambda _: as_declared(RECOGNITION, [table]))
    (found,) = (one for one in part(changed, "trust") if one.code == "recognised")
    assert (found.estimator, params(found)) == ("rab", {"share": 1.1, "gain": 0.7})


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

    weak = with_effects(run, {"share_left": 0.04, "first_stage_f": 5.0})
    assert codes(effect.weak_findings(weak, "lwage")) == ["little_left", "weak_instruments"]
    assert not list(effect.weak_findings(with_effects(run, {"first_stage_f": 50.0}), "lwage"))
    (missing,) = caution.refusal_findings(with_table(run, "gain", refused), "lwage")
    assert params(missing) == {"estimator": "ann", "reason": "no entity is known"}
    once = with_table(run, "gain", lambda frame: frame.assign(inference=GIVEN_PERIODS))
    tested = pd.DataFrame({"protocol": "forward", "by": "period", "part": [1986, 1987]})
    rows = findings_table(with_table(once, "gain_within", lambda _: tested))
    few = rows[rows["code"] == "few_periods"]
    assert len(few) == 2
    assert few["text"].iloc[-1].startswith("“Forward in time” tests 1986 and 1987 alone: ")


def test_the_headline_is_the_gains_that_are_marked_or_the_first_of_each_outcome():
    def claim(outcome, *, quantity="gain", headline=False):
        return SimpleNamespace(outcome=outcome, quantity=quantity, headline=headline)

    first, other, marked = claim("y"), claim("z"), claim("y", headline=True)
    rows = [claim("y", quantity="mse"), first, claim("y"), other]
    assert caution.headline_claims(rows) == (first, other)
    assert caution.headline_claims([*rows, marked]) == (marked,)


@pytest.mark.parametrize(
    ("label", "plural"),
    [("city", "cities"), ("", "entities"), ("man", "men"), ("Big box", "Big boxes"), ("城市", "城市")],
)
def test_entities_are_called_what_the_study_calls_them(run, label, plural):
    study = run.manifest.study
    named = replace(study, variables={**study.variables, study.entity: Variable(label=label)})
    assert entities(named) == plural


def passed(*, slope=(0.3, 0.01), half=(0.2, 0.02), joint=0.4, **other):
    """Return what passes, given estimate and p-value of the slope and of a check, and the joint p-value."""
    place = {"outcome": "y", "exposure": "x", "method": "first_differences", "learner": "ols"}
    place |= {"list": "robustness", "status": "ok", "reason": ""}
    rows = [
        {"variation": BASELINE, "estimate": slope[0], "p_value": slope[1]},
        {"variation": "without half: a", "estimate": half[0], "p_value": half[1], "p_difference": 0.5},
        # In another unit, of no slope, or without a result: these do not count.
        {"variation": "outcome in logs", "estimate": -1.0, "p_value": 0.9},
        {"variation": PERMUTED, "estimate": -1.0, "p_value": 0.9},
        {"variation": "without half: b", "status": "refused"},
        {"variation": JOINT, "p_difference": joint},
    ]
    frame = pd.DataFrame([place | row | other for row in rows]).reindex(
        columns=list(VARIATION_EFFECTS.columns)
    )
    return checks_passed(read_rows(frame, VariationEffectRow, table="variation_effects"), level=0.95)


@pytest.mark.parametrize(
    ("changes", "agree", "confirm"),
    [
        ({}, True, True),
        ({"joint": 0.05}, True, True),
        ({"joint": 0.049}, False, False),
        ({"slope": (0.3, 0.2)}, True, False),
        ({"half": (0.2, 0.05)}, True, False),
        ({"half": (-0.2, 0.02)}, True, False),
    ],
)
def test_checks_agree_by_the_joint_test_and_confirm_by_significance_of_one_sign(changes, agree, confirm):
    assert passed(**changes) == {AGREE: agree, CONFIRM: confirm}


def test_without_results_nothing_is_counted():
    assert passed(status="refused") == {}


AT = np.array([0.0, 1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("supported", "spans"),
    [
        ([True, True, True, True], ()),
        ([False, True, True, True], ((0.0, 0.5),)),
        ([True, False, True, False], ((0.5, 1.5), (3.0, 4.0))),
        ([False, False, False, False], ((0.0, 4.0),)),
    ],
)
def test_unsupported_stretches_reach_halfway_to_their_neighbours(supported, spans):
    assert unsupported_spans(AT, np.array(supported)) == spans


def test_an_empty_grid_has_no_stretches():
    assert unsupported_spans(np.empty(0), np.empty(0, dtype=bool)) == ()


def row(estimator, at, status="ok", band="", half=np.nan):
    return CurveRow(
        outcome="y",
        estimator=estimator,
        kind="level",
        at=at,
        estimate=at**2,
        conf_low=at**2 - half,
        conf_high=at**2 + half,
        band=band,
        n_draws=None,
        supported=True,
        status=status,
        reason="",
    )


def test_rows_become_curves_in_order_of_the_grid_and_refusals_do_not():
    made = curves_from([row("b", 2.0), row("a", 1.0), row("b", 1.0), row("c", 0.0, "refused")])
    assert [(one.estimator, one.at.tolist(), one.estimate.tolist()) for one in made] == [
        ("b", [1.0, 2.0], [1.0, 4.0]),
        ("a", [1.0], [1.0]),
    ]
    assert not any(band.is_drawn for one in made for band in one.bands)


def test_the_bands_of_a_curve_share_its_grid():
    kinds = {"pointwise": 1.0, "simultaneous": 3.0}
    (made,) = curves_from(
        [row("a", at, band=kind, half=half) for kind, half in kinds.items() for at in (2.0, 1.0)]
    )
    assert made.at.tolist() == [1.0, 2.0]
    assert made.band("pointwise").low.tolist() == [0.0, 3.0]
    assert made.band("simultaneous").high.tolist() == [4.0, 7.0]
    assert made.band("uniform") is None

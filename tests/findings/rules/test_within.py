"""Coefficients of fixed effects, other methods beside the first, and pooled slopes that differ."""

import math
import re
import warnings
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyfixest
import pytest
from scipy import stats

import harness
from findings.wage_effects import codes, params, part, screen_of, with_curve_slopes, with_effects
from harness.findings.rules import within
from harness.findings.run import read_run
from harness.report.sections.coefficients import coefficient_caveat
from harness.running.folder import RunFolder
from harness.text.render import findings_table
from harness.text.screen import labelled
from report.fake_run import with_study, with_table

OTHER = {"method": "correlated_random_effects", "estimate": -0.9, "conf_low": -1.1, "conf_high": -0.7}


ALONE = {
    "exper^2": False,
    "exper_squared": False,
    "union x exper": False,
    "exper (lag 1)": True,
    "expert": True,
}


@pytest.mark.parametrize(("term", "enters_alone"), ALONE.items())
def test_powers_and_products_hold_the_exposure_and_its_lags_and_longer_names_do_not(run, term, enters_alone):
    def more(table):
        return pd.concat([table, table[table["term"] == "exper"].assign(term=term)])

    slopes = within.coefficient_slopes(with_table(run, "coefficients", more), "lwage", "exper", "fe")
    assert bool(slopes) == enters_alone


def test_fixed_effects_and_the_first_debiased_effect_stand_there_whatever_they_say(run):
    """Pooled OLS has a coefficient and is no answer."""
    alone, _ = part(run, "effect")
    assert (alone.code, alone.estimator, params(alone)["is_alone"]) == ("within_effect", "fe", True)
    open_one = with_effects(run, {"conf_high": 0.1, "p_value": 0.4})
    assert codes(part(open_one, "effect")) == ["debiased_effect", "within_effect", "for_whom"]
    differing = with_effects(run, {"p_methods": 0.004}, {"p_methods": 0.004, **OTHER})
    _, other, _ = part(differing, "effect")
    assert params(other)["method"] == OTHER["method"]
    alike = with_table(differing, "heterogeneity_differences", lambda frame: frame[:0])
    alike = with_table(alike, "conditional_effects", lambda frame: frame[:0])
    assert codes(part(alike, "effect")) == ["debiased_effect", "within_effect", "other_method"]
    primary = differing.manifest.study.primary
    undeclared = with_table(
        with_study(differing, primary=replace(primary, is_declared=False)), "effects", lambda table: table
    )
    names = [
        labelled(screen_of(one)[1]["lwage"], one.manifest.study)[1][0] for one in (differing, undeclared, run)
    ]
    assert names == ["Effect", "Effect (not declared beforehand)", "Effect"]
    refused = with_effects(run, {"status": "refused", "reason": "one period", "band": ""})
    first, second, _ = part(refused, "effect")
    assert (first.code, params(second)["is_alone"]) == ("no_effect", True)
    pooled = tuple(entry for entry in run.manifest.study.estimators if entry.id != "fe")
    assert codes(part(with_study(run, estimators=pooled), "effect")) == ["no_within_effect", "for_whom"]


def test_other_terms_with_the_exposure_leave_no_coefficient_that_is_the_effect(run):
    def squared(table):
        return pd.concat([table, table[table["term"] == "exper"].assign(term="exper^2")])

    changed = with_table(run, "coefficients", squared)
    assert within.coefficient_slopes(run, "lwage", "exper", "fe")
    assert not within.coefficient_slopes(changed, "lwage", "exper", "fe")
    found = within.within_slopes(with_curve_slopes(changed, 0.1, 0.2, 0.3), "lwage", "exper")
    entry, (slope,) = found.entry, found.slopes
    assert (entry.id, slope.level, slope.estimate) == ("fe", "", pytest.approx((0.2, 0.1, 0.3)))


@pytest.mark.parametrize(
    ("pooled", "told"),
    [(0.1, [2.0]), (0.11, []), (0.39, []), (0.4, [2.0]), (0.05, [4.0]), (-0.1, [math.nan]), (0.0, [])],
)
def test_a_pooled_slope_of_another_sign_or_size_is_told_where_a_test_says_that_they_differ(run, pooled, told):
    """The within slope is 0.2."""

    def change(table):
        numbers = {"ols": (pooled, pooled - 0.1, pooled + 0.1), "fe": (0.2, 0.1, 0.3)}
        for name, own in numbers.items():
            rows = (table["estimator"] == name) & (table["term"] == "exper")
            table.loc[rows, ["estimate", "conf_low", "conf_high"]] = own
        return table

    def tested(run, p_value, **names):
        row = {"outcome": "lwage", "exposure": "exper", "test": "equal_curves", "estimator": "fe"}
        row |= {"against": "ols", "statistic": 3.0, "p_value": p_value, "status": "ok", "reason": ""} | names
        return with_table(run, "effect_tests", lambda _: pd.DataFrame([row]))

    untested, study = with_table(run, "coefficients", change), run.manifest.study
    changed, found = tested(untested, 0.04), {}
    for other in (untested, tested(untested, 0.06), tested(untested, 0.01, exposure="educ")):
        assert not list(within.pooled_findings(other, "lwage"))
    for kept in ({"ols", "fe"}, {"ols"}, {"fe"}):
        own = with_study(changed, estimators=tuple(one for one in study.estimators if one.id in kept))
        rows = list(within.pooled_findings(own, "lwage"))
        found[frozenset(kept)] = [params(one).get("factor", math.nan) for one in rows]
    assert found.pop(frozenset({"ols", "fe"})) == pytest.approx(told, nan_ok=True)
    assert not any(found.values())


def counts(shock=0.0):
    """Return counts of firms whose mean rises by the exponential of 0.4 times a column.

    Years shock both by so much in standard deviations.
    """
    rng, keys = np.random.default_rng(4), pd.MultiIndex.from_product([range(60), range(2001, 2009)])
    shocks = shock * np.random.default_rng(5).normal(size=8)
    frame = pd.DataFrame(index=keys.set_names(["firm", "year"])).reset_index()
    effect = 0.5 * rng.normal(size=60)[frame["firm"]]
    of_year = shocks[frame["year"] - 2001]
    frame["research"] = 2.0 + effect + of_year + 0.3 * rng.normal(size=len(frame))
    frame["patents"] = rng.poisson(np.exp(0.5 + effect + of_year + 0.4 * frame["research"]))
    return frame.assign(firm=[f"F{firm:02d}" for firm in frame["firm"]])


def of_patents(estimator, language, evaluation=MappingProxyType({})):
    """Return the study of `counts` by an estimator."""
    return {
        "spec_version": 1,
        "study": "patents",
        "roles": {"entity": "firm", "time": "year", "outcomes": ["patents"], "exposure": "research"},
        "estimators": ["mean", estimator],
        "evaluation": {"reference": "mean", "protocols": ["in_sample"], **evaluation},
        "report": {"formats": [], "language": language},
    }


@pytest.mark.parametrize(
    ("effects", "level", "words"),
    [
        (
            ["entity", "time"],
            0.95,
            "more of research ({step} within firms) raises patents by {numbers}; poisson).",
        ),
        (["entity"], 0.9, "research 每增加一个标准差（企业内 {step}），patents 提高 {numbers}；poisson）。"),
        (
            [],
            0.95,
            "more of research ({step} within firms) raises patents by {numbers}; pooled slope, poisson).",
        ),
    ],
)
def test_a_slope_of_the_logarithm_of_the_mean_is_said_in_per_cent_as_pyfixest_has_it(
    effects, level, words, tmp_path
):
    frame, language = counts(), "en" if "raises" in words else "zh"
    spec = of_patents({"use": "poisson", "effects": effects}, language, {"level": level})
    run = harness.run(spec, data=frame, out=tmp_path / "run", progress=False)
    absorbed = " + ".join({"entity": "firm", "time": "year"}[key] for key in effects)
    with warnings.catch_warnings(action="ignore"):  # of pandas, which pyfixest calls
        formula = f"patents ~ research | {absorbed}" if effects else "patents ~ research"
        model = pyfixest.fepois(formula, frame, vcov={"CRV1": "firm"})
    slope = model.coef()["research"]
    half = stats.t.ppf(0.5 + level / 2.0, 59) * model.se()["research"]
    (row,) = run.findings.query("code in ('within_effect', 'identified_effect')").to_dict("records")
    numbers = slope, slope - half, slope + half
    np.testing.assert_allclose([row[name] for name in ("estimate", "conf_low", "conf_high")], numbers, 1e-5)
    step = read_run(RunFolder(tmp_path / "run")).manifest.study.scales["research"].step
    per_cent = [100.0 * np.expm1(step * number) for number in numbers]
    before, after = words.format(step=step, numbers="\0").split("\0")
    (stated,) = re.findall(f"{re.escape(before)}(.*?){re.escape(after)}", run.answers())
    shown, level_shown, *limits = map(float, re.findall(r"\d+\.?\d*", stated))
    assert [shown, *limits] == pytest.approx(per_cent, abs=0.5)
    assert (level_shown, stated.count("%")) == (100.0 * level, 2)


@pytest.mark.parametrize("use", ["poisson", "fixed_effects"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_slopes_of_logarithms_and_others_name_errors_for_common_shocks_alike(use, language, tmp_path):
    words = {"en": "errors for common shocks", "zh": "标准误允许共同冲击"}[language]
    for shock in (0.0, 0.5):
        spec = of_patents({"use": use, "effects": ["entity"]}, language)
        run = harness.run(spec, data=counts(shock), out=tmp_path / f"{shock}", progress=False)
        assert (words in run.answers()) == (shock > 0.0)


@pytest.mark.parametrize(
    ("terms", "percent", "has_slope"),
    [(["exper", "educ"], 10.0, True), (["exper"], math.nan, False), (["exper", "exper^2"], 10.0, False)],
    ids=["a logarithm", "log(1 + y)", "with its square"],
)
def test_slopes_of_other_transformations_and_of_bent_terms_are_not_said_in_per_cent(
    run, terms, percent, has_slope
):
    def without_fe(table):
        return table[table["estimator"] != "fe"]

    row = {"outcome": "lwage", "estimator": "fe", "estimate": 0.1, "conf_low": 0.05, "conf_high": 0.15}
    slopes = pd.DataFrame([row | {"term": term, "percent": percent} for term in terms])
    changed = with_table(run, "coefficients", without_fe)
    changed = with_table(changed, "details/transformed_coefficients", lambda _: slopes)
    slopes = within.within_slopes(changed, "lwage", "exper")
    assert (slopes is not None and slopes.is_of_log) == has_slope
    assert within.within_slopes(changed, "lwage", "exper", in_units=True) is None or not has_slope


def test_nickell_stands_by_every_kind_of_finding_with_entity_effects_and_by_coefficients(run):
    def lagged(frame):
        return frame.assign(step="lag", into="union", inputs="lwage")

    changed = with_table(run, "preparation", lagged)
    table = findings_table(changed)
    warned = table[table["caveats_text"].fillna("").str.contains("Nickell")]
    own = table[table["estimator"] == "fe"]
    assert set(own["finding"]) >= {"gain", "model_curve", "nonlinearity", "turning_point"}
    assert set(warned.query("estimator != ''")["estimator"].dropna()) == {"fe"}
    assert len(warned.query("estimator == 'fe'")) == len(own)
    caveat = coefficient_caveat(changed, "lwage")
    assert caveat.startswith("Fixed effects: union is the outcome of an earlier period")
    assert coefficient_caveat(run, "lwage") == ""

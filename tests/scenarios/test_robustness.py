"""Robustness, mediation and the columns of a paper, against dummies and simulated truths."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t
from statsmodels.api import OLS

from effect_panels import confounded_panel
from harness.errors import EstimationError
from harness.plugin import CoefficientTable, Correction, Key
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.mediation import MediationScenario, stepwise
from harness.scenarios.panel_variations import checks_of, permuted, varied
from harness.scenarios.robustness import JOINT, PERMUTED, RobustnessScenario, _joint, _Slope
from harness.scenarios.scenario import Subject
from harness.scenarios.specifications import SpecificationScenario
from harness.scenarios.task import answered_in_parts
from harness.study.variation import listed
from harness_panel.estimators.fixed_effects import FixedEffects, PooledOLS
from panels import balanced_panel, panel_from_arrays, panel_from_frame
from scenarios.least_squares import LeastSquares, Nothing


def design(panel):
    return np.column_stack([np.ones(panel.n_obs), *(panel.X**power for power in (1, 2, 3))])


def halves(panel):
    return replace(panel, groups=(Key("half", ("a", "b"), (panel.entity.codes % 2).astype(np.int64)),))


def rows(panel, **options):
    scenario = RobustnessScenario(methods=("first_differences",), folds=2, **options)
    return answered_in_parts(scenario, Subject(panel, LeastSquares(design), "powers", 3))[
        "variation_effects"
    ].set_index("variation")


@pytest.fixture(scope="module")
def panel():
    return halves(confounded_panel(4, lambda exposure: 0.5 * exposure, n_entities=120, n_periods=6))


def test_a_slope_that_is_there_stands_every_check_and_placebos_find_nothing(panel):
    found = rows(panel, by="half", controls=(4,), permutations=4)
    alike = ("as it is", "without half: a", "without half: b", "periods ", "first ")
    same = [name for name in found.index if name.startswith(alike)]
    assert len(same) == 6
    assert (np.abs(found.loc[same, "estimate"] - 0.5) < 4.0 * found.loc[same, "std_error"]).all()
    lead = found.loc["exposure of the next period, given this one's"]
    assert abs(lead["estimate"]) < 3.5 * lead["std_error"]
    assert found.loc["outcome in logs", "status"] == "refused"
    assert found.loc[PERMUTED, "p_value"] == pytest.approx(0.2)
    assert abs(found.loc[PERMUTED, "estimate"]) < 0.1
    assert found.loc[JOINT, "p_difference"] > 0.01


def test_the_slope_as_it_is_is_that_of_the_first_folds_of_effects(panel):
    found = rows(panel, checks=(), permutations=0).loc["as it is"]
    effect = EffectScenario(methods=("first_differences",), folds=2, repeats=1, errors="entity")
    own = answered_in_parts(effect, Subject(panel, LeastSquares(design), "powers", 3))["effects"].iloc[0]
    assert found["estimate"] == own["estimate"]
    assert found["std_error"] == pytest.approx(own["std_error"], rel=1e-12)


def test_a_check_that_changes_nothing_finds_no_difference(panel):
    found = rows(panel, checks=(), controls=(len(panel.controls),), permutations=0)
    assert found.loc[f"first {len(panel.controls)} controls", "difference"] == 0.0


def test_a_slope_of_some_groups_alone_does_not(panel):
    is_first = panel.entity.codes % 2 == 0
    some = replace(panel, observed=panel.observed + np.where(is_first, panel.column("x0"), 0.0))
    found = rows(some, checks=("groups",), by="half", permutations=0)
    assert found.index.tolist() == ["as it is", "without half: a", "without half: b", JOINT]
    # Three times the error of the difference, which is .08.
    assert found.loc["without half: a", "difference"] == pytest.approx(-0.5, abs=0.25)
    assert found.loc["without half: a", "p_difference"] < 1e-4
    assert found.loc[JOINT, "p_difference"] < 0.001


def test_an_exposure_that_the_outcome_moves_is_found_by_its_lead(panel):
    own = panel.column("x0").reshape(120, 6).copy()
    own[:, 1:] += 0.8 * panel.observed.reshape(120, 6)[:, :-1]
    found = rows(panel.with_column("x0", own.ravel()), checks=("lead",), permutations=0)
    assert found.loc["exposure of the next period, given this one's", "p_value"] < 0.001
    assert found.loc[JOINT, "p_difference"] < 0.01


def test_the_joint_test_has_the_degrees_of_freedom_of_the_slope_on_fewest_entities():
    """Of one difference it is the t test of it."""
    baseline = _Slope(0.0, np.zeros(8), 30.0, 8, 8)
    check = _Slope(2.5, np.full(8, 8**-0.5), 4.0, 8, 8)
    found = _joint(baseline, [("baseline", check)], rng=np.random.default_rng(1))
    assert found["p_difference"] == pytest.approx(2.0 * t.sf(2.5, 4), abs=0.02)


def test_entities_swap_whole_courses_of_the_exposure():
    entity = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    period = np.array([0, 1, 2, 0, 1, 2, 0, 2])
    panel = panel_from_arrays(
        entity=entity, period=period, outcome=np.zeros(8), X=10.0 * entity + period, columns=("x",)
    )
    for seed in range(6):
        found = permuted(panel, np.random.default_rng(seed))
        partner = found.column("x") // 10
        assert (found.column("x") % 10 == found.period).all()
        for code in np.unique(found.entity.codes):
            assert np.unique(partner[found.entity.codes == code]).size == 1


def test_codings_and_rows_are_what_they_say():
    rng = np.random.default_rng(3)
    panel = balanced_panel((50, 4), outcome=np.exp(rng.standard_normal(200)), X=rng.standard_normal((200, 2)))
    names = ("lead", "lag", "log_outcome", "periods")
    checks = listed("robustness", checks_of(panel, names, by=None, controls=(0,)))
    made = {one.key: varied(panel, one) for one in checks}
    lead = made["exposure of the next period, given this one's"]
    lag = made["exposure of the period before"]
    wide = panel.column("x0").reshape(50, 4)
    np.testing.assert_array_equal(lead.column("x0"), wide[:, 1:].ravel())
    np.testing.assert_array_equal(lead.column("x0, this period"), wide[:, :-1].ravel())
    np.testing.assert_array_equal(lag.column("x0"), wide[:, :-1].ravel())
    np.testing.assert_array_equal(made["outcome in logs"].observed, np.log(panel.observed))
    assert made["first 0 controls"].columns == ("x0",)
    two = panel.take(np.flatnonzero(panel.period < 2))
    early, _ = listed("robustness", checks_of(two, ("periods",), by=None, controls=()))
    with pytest.raises(EstimationError, match="fewer than two periods"):
        varied(two, early)


def test_without_common_factors_least_squares_are_common_correlated_effects():
    """As with a dummy of every entity and its slopes on the means of each period; the effect is .5."""
    rng, shape = np.random.default_rng(5), (40, 15)
    shocks = rng.normal(1.0, 1.0, (40, 1)) * rng.standard_normal(15)
    x = shocks + rng.standard_normal(shape)
    y = 0.5 * x + shocks + rng.standard_normal(shape)
    panel = balanced_panel(shape, outcome=y.ravel(), X=x.ravel())
    ((name, change),) = checks_of(panel, ("common_factors",), by=None, controls=())
    (check,) = listed("robustness", [(name, change)])
    slope = FixedEffects().fit(varied(panel, check)).coef["x0"]
    factors = np.column_stack([np.ones(15), x.mean(axis=0), y.mean(axis=0)])
    columns = np.column_stack([x.ravel(), np.kron(np.eye(40), factors)])
    assert slope == pytest.approx(np.linalg.lstsq(columns, y.ravel())[0][0], rel=1e-9)
    assert abs(slope - 0.5) < 4.0 / np.sqrt(40 * 12)
    assert FixedEffects(effects=("entity", "time")).fit(panel).coef["x0"] > 0.6
    with pytest.raises(EstimationError, match="no entity has more than 3 rows"):
        varied(panel.take(np.flatnonzero(panel.period < 3)), check)


N, T = 60, 6


def mediated_panel(seed, *, to=0.5, own=0.4, direct=0.3, shape=(N, T)):
    """Return a panel in which a bent control goes into exposure, mediator and outcome.

    Constants of mediator and outcome go with the entity's means of what comes before them.
    """
    rng = np.random.default_rng([37, seed])

    def mean(values):
        return np.repeat(values.reshape(shape).mean(axis=1), shape[1])

    control, *noise = rng.standard_normal((4, shape[0] * shape[1]))
    level = np.repeat(rng.standard_normal((3, shape[0])), shape[1], axis=1)
    shared = np.square(control) / 2.0
    exposure = level[0] + shared + noise[0]
    mediator = to * exposure + 0.5 * mean(exposure) + level[1] + shared + noise[1]
    constant = 0.5 * mean(exposure) + 0.5 * mean(mediator) + level[2]
    outcome = direct * exposure + own * mediator + constant + shared + noise[2]
    panel = balanced_panel(shape, outcome=outcome, X=np.column_stack([exposure, control]))
    return replace(panel, mediators=("m",), M=mediator[:, None])


LEARNER = LeastSquares(lambda panel: np.column_stack([panel.X**power for power in range(4)]))


def mediation(panel, learner=LEARNER, **options):
    scenario = MediationScenario(**{"repeats": 1, **options})
    subject = Subject(panel, learner, "learner", 3)
    return answered_in_parts(scenario, subject)["mediation"]


def of_path(found, path, rho=0.0, method="first_differences"):
    return found[(found["path"] == path) & (found["rho"] == rho) & (found["method"] == method)].iloc[0]


def test_direct_and_indirect_effect_add_up_where_least_squares_learn():
    found = mediation(mediated_panel(1), methods=("first_differences",), repeats=3)
    assert (found["status"] == "ok").all()
    total, direct, indirect = (of_path(found, path) for path in ("total", "direct", "indirect"))
    assert direct["estimate"] + indirect["estimate"] == pytest.approx(total["estimate"], abs=0.01)
    assert indirect["share"] == pytest.approx(indirect["estimate"] / total["estimate"])


@pytest.mark.parametrize("rho", [-0.3, 0.5])
def test_at_the_true_correlation_of_errors_the_indirect_effect_is_the_true_one(rho):
    """Errors of changes are uncorrelated with the exposure, and have this correlation exactly."""
    rng = np.random.default_rng(5)
    exposure, own, other = np.linalg.qr(rng.standard_normal((40, 3)))[0].T
    mediator = 0.5 * exposure + own
    outcome = 0.3 * exposure + 0.4 * mediator + 2.0 * (rho * own + np.sqrt(1.0 - rho**2) * other)
    levels = [np.column_stack([np.zeros(40), change]).ravel() for change in (exposure, mediator, outcome)]
    X = np.column_stack([levels[0], rng.standard_normal(80)])
    panel = replace(balanced_panel((40, 2), outcome=levels[2], X=X), mediators=("m",), M=levels[1][:, None])
    found = mediation(panel, Nothing(), methods=("first_differences",), folds=2)
    assert of_path(found, "indirect", rho)["estimate"] == pytest.approx(0.2, abs=1e-12)
    biased = of_path(found, "indirect")
    assert biased["estimate"] == pytest.approx(0.5 * (0.4 + 2.0 * rho), abs=1e-12)
    of_outcome, of_mediator = outcome - exposure * (exposure @ outcome), own
    norms = np.linalg.norm(of_outcome) * np.linalg.norm(of_mediator)
    assert biased["rho_zero"] == pytest.approx(of_outcome @ of_mediator / norms, abs=1e-12)


def test_a_mediator_is_no_control_and_without_one_the_reason_is_told():
    panel = mediated_panel(1)
    as_control = replace(
        panel, controls=(*panel.controls, "m"), X=np.hstack([panel.X, panel.M]), mediators=(), M=None
    )
    one, other = (
        mediation(own, methods=("first_differences",), mediators=("m",)) for own in (panel, as_control)
    )
    assert one["estimate"].tolist() == other["estimate"].tolist()
    with pytest.raises(EstimationError, match="there are no mediators"):
        mediation(replace(panel, mediators=(), M=None))


def test_three_steps_are_two_way_fixed_effects():
    panel = mediated_panel(4)
    panel = panel.take(np.flatnonzero(np.random.default_rng(1).random(panel.n_obs) < 0.9))
    entity, period = (pd.get_dummies(own).to_numpy(dtype=float) for own in (panel.entity.codes, panel.period))
    held = panel.column("x1"), entity, period[:, 1:]
    design = np.column_stack([panel.column("x0"), panel.M, *held])
    fit = OLS(panel.observed, design).fit(cov_type="cluster", cov_kwds={"groups": panel.entity.codes})
    total, to_mediator, last = stepwise(panel, panel.M[:, 0], level=0.95)
    np.testing.assert_allclose(last["estimate"], fit.params[:2], rtol=1e-9)
    # reghdfe and fixest do not count the entities that errors are clustered by, but for a constant.
    counted = fit.df_resid / (fit.df_resid + entity.shape[1] - 1)
    np.testing.assert_allclose(last["std_error"], np.sqrt(counted) * fit.bse[:2], rtol=1e-9)
    product = to_mediator["estimate"][0] * last["estimate"][1]
    assert last["estimate"][0] + product == pytest.approx(total["estimate"][0], rel=1e-9)
    with pytest.raises(EstimationError, match="determine the exposure or the mediator"):
        stepwise(panel, panel.column("x0"), level=0.95)


@pytest.mark.slow
def test_error_rates_of_indirect_effects():
    """200 panels each: intervals hold an effect of 0.2, and none is found where a path is missing."""
    for paths, least, most in (({}, 0.92, 0.975), ({"own": 0.0}, 0.93, 1.0), ({"to": 0.0}, 0.93, 1.0)):
        every = [mediation(mediated_panel(seed, **paths)) for seed in range(200)]
        found = pd.concat(one[(one["path"] == "indirect") & (one["rho"] == 0.0)] for one in every)
        holds = found["conf_low"].le(0.2 * (not paths)) & found["conf_high"].ge(0.2 * (not paths))
        assert holds.groupby(found["method"]).mean().between(least, most).all()
        assert paths == {} or (found["p_value"] < 0.05).groupby(found["method"]).mean().le(0.07).all()


def simulated(slope, *, n_entities=40, n_periods=6):
    """Rows with effects of entities that go with the exposure, and a control that does as well."""
    rng = np.random.default_rng(5)
    entity, time = (at.ravel() for at in np.indices((n_entities, n_periods)))
    level, control = rng.normal(size=n_entities)[entity], rng.normal(size=entity.size)
    exposure = level + 0.5 * control + rng.normal(size=entity.size)
    outcome = 20.0 + slope * exposure + level + control + rng.normal(size=entity.size)
    return pd.DataFrame({"e": entity, "t": 2000 + time, "x": exposure, "c": control, "y": outcome})


def subject(frame):
    panel = panel_from_frame(frame, entity="e", time="t", outcome="y", exposure="x", controls=["c"])
    half = Key("half", ("low", "high"), (panel.entity.codes % 2).astype(np.int64))
    panel = replace(panel, groups=(half,), measures=("cube",), M=frame[["x"]].to_numpy() ** 3)
    return Subject(panel, FixedEffects(effects=("entity", "time")), "fe", 3)


def clipped(values):
    return values.clip(*values.quantile([0.01, 0.99]))


CHANGES = {
    "without controls": lambda frame: frame.drop(columns="c"),
    "all controls": lambda frame: frame,
    "exposure of the period before": lambda frame: frame.assign(x=frame.groupby("e").x.shift()).dropna(),
    "outcome and exposure winsorised": lambda frame: frame.assign(x=clipped(frame.x), y=clipped(frame.y)),
    "outcome in logs": lambda frame: frame.assign(y=np.log(frame.y)),
    "periods before 2003": lambda frame: frame[frame.t < 2003],
    "periods from 2003": lambda frame: frame[frame.t >= 2003],
    "measured by cube": lambda frame: frame.assign(x=frame.x**3),
    "without half: high": lambda frame: frame[frame.e % 2 == 0],
}


def by_dummies(rows):
    """Return slope, error clustered by entity and R2 of a regression on dummies of entities and periods."""
    dummies = [pd.get_dummies(rows[key], dtype=float) for key in ("e", "t")]
    others = np.column_stack([*dummies, *([rows.c] if "c" in rows else [])])

    def residual(values):
        return values - others @ np.linalg.lstsq(others, values)[0]

    exposure, outcome = residual(rows.x.to_numpy()), residual(rows.y.to_numpy())
    slope = exposure @ outcome / (exposure @ exposure)
    error = outcome - slope * exposure
    scores = pd.Series(exposure * error).groupby(rows.e.to_numpy()).sum()
    variance = (scores**2).sum() * scores.size / (scores.size - 1)
    r_squared = 1.0 - error @ error / ((rows.y - rows.y.mean()) ** 2).sum()
    # As reghdfe: effects of entities are nested in the clusters, but for a constant.
    variance *= (len(rows) - 1) / (len(rows) - 1 - ("c" in rows) - rows.t.nunique())
    return slope, np.sqrt(variance) / (exposure @ exposure), r_squared


def test_every_column_is_a_regression_on_the_changed_rows():
    frame = simulated(1.0)
    scenario = SpecificationScenario(without={"half": ("high",)}, permutations=0)
    asked = subject(frame)
    found = answered_in_parts(scenario, asked)["variation_effects"].set_index("variation")
    assert list(found.index) == list(CHANGES)
    assert list(found["list"]) == 2 * ["regressions"] + 7 * ["robustness_of_regressions"]
    changes = scenario.describe(asked.panel)["variations"].set_index("key")
    assert list(changes.index) == list(CHANGES)
    assert changes.loc["without half: high", ["target", "option", "value"]].tolist() == [
        "rows",
        "half",
        "high",
    ]
    assert changes.loc["measured by cube", "option"] == "exposure"
    for name, change in CHANGES.items():
        own, rows = found.loc[name], change(frame)
        assert (own.estimate, own.std_error, own.r_squared) == pytest.approx(by_dummies(rows), rel=1e-8)
        assert (own.n_obs, own.n_controls) == (len(rows), int("c" in rows))


@dataclass(frozen=True, eq=False)
class Line:
    table: CoefficientTable

    def coefficients(self):
        return self.table


@dataclass(frozen=True)
class Tabulated:
    """Ordinary least squares with a coefficient table and nothing else, so that many fits cost little."""

    def fit(self, panel, *, rng, selection=None):
        X = np.column_stack([panel.X, np.ones(panel.n_obs)])
        estimate, (rss,) = np.linalg.lstsq(X, panel.observed)[:2]
        df = panel.n_obs - X.shape[1]
        correction = Correction("classical", panel.n_obs, X.shape[1], 0, (), 1.0, df)
        covariance = np.linalg.inv(X.T @ X) * rss / df
        return Line(CoefficientTable((*panel.columns, "const"), estimate, covariance, correction))


def agreement(slope, **options):
    """Return how often all columns agree, without an effect and with it, of independent errors."""
    rng = np.random.default_rng(8)
    entity, time = (at.ravel() for at in np.indices((60, 5)))
    exposure, control = rng.normal(size=(2, entity.size))
    outcome = slope * exposure + control + rng.normal(size=entity.size)
    frame = pd.DataFrame({"e": entity, "t": 2000 + time, "x": exposure, "c": control, "y": outcome})
    own = replace(subject(frame), estimator=Tabulated())
    return answered_in_parts(SpecificationScenario(**options), own)["agreement"].to_dict("records")


@pytest.mark.slow
def test_of_one_kind_of_column_all_agree_as_often_as_its_test_rejects():
    without, with_effect = agreement(0.25, checks=(), permutations=200, level=0.9)
    # Two columns, with the control and without, are the same test but for the noise of the control.
    assert 0.015 <= without["share"] <= 0.1
    assert without["conf_low"] <= without["share"] <= without["conf_high"]
    assert (without["effect"], without["n_draws"]) == (0.0, 200)
    error = 1.0 / np.sqrt(300.0)
    assert with_effect["effect"] == pytest.approx(0.25, abs=3.0 * error)
    with_control = norm.sf(norm.ppf(0.95) - with_effect["effect"] / error)
    assert with_control - 0.1 <= with_effect["share"] <= with_control + 0.03


def test_a_column_that_the_rows_do_not_allow_is_a_row_with_its_reason():
    frame = simulated(1.0)
    scenario = SpecificationScenario(checks=("log_outcome",), without={"half": ("middle",)}, permutations=4)
    tables = answered_in_parts(scenario, subject(frame.assign(y=frame.y - 30.0)))
    refused = tables["variation_effects"].query("status == 'refused'").set_index("variation").reason
    assert "has no logarithm" in refused["outcome in logs"]
    assert "'half' has no group 'middle'" in refused["without half: middle"]
    assert tables["agreement"].n_draws.tolist() == [4, 4]


def test_regressions_are_asked_unless_others_are_named():
    estimators = {"ols": PooledOLS(), "fe": FixedEffects(), "other": object()}
    assert list(SpecificationScenario().respondents(estimators)) == ["ols", "fe"]
    assert list(SpecificationScenario(estimators=("fe",)).respondents(estimators)) == ["fe"]
    with pytest.raises(EstimationError, match="there is no estimator 'iv'"):
        SpecificationScenario(estimators=("iv",)).respondents(estimators)

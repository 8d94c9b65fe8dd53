"""The scenario ``curve``, and binned scatters against least squares on dummies."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.spatial.distance import cdist
from scipy.stats import rankdata, t

from harness.plugin import HasDraws
from harness.scenarios.curve.binned import LEAST_ROWS, MOST_BINS, binned_scatter
from harness.scenarios.curve.scenario import (
    NEAR_SHARE,
    CurveScenario,
    hold,
    joint_support,
    supported_dependence,
    whitened,
)
from harness.scenarios.full_fit import answer_in_process
from harness.scenarios.grid import partial_dependence
from harness.scenarios.scenario import Subject
from panels import panel_from_arrays
from scenarios.least_squares import LeastSquares, Square, crossed, powers, random_panel, squared_panel


@dataclass(frozen=True)
class Slopes:
    """Predicts b x + 2 m, one draw for each b."""

    values: tuple[float, ...]

    def predict(self, panel):
        return np.array(self.values)[:, None] * panel.column("x") + 2.0 * panel.column("m")


@dataclass(frozen=True)
class Carrying:
    """A fit of slope 2 that carries its draws."""

    draws: Slopes

    def predict(self, panel):
        return 2.0 * panel.column("x") + 2.0 * panel.column("m")


@dataclass(frozen=True)
class Known:
    """An estimator whose fit is known."""

    known: Carrying
    provides: ClassVar[frozenset[type]] = frozenset({HasDraws})

    def fit(self, panel, *, rng, selection=None):
        return self.known


def subject_of(estimator, panel, *, seed=1):
    return Subject(panel, estimator, "least_squares", seed)


def rows_of(frame, **place):
    for column, value in place.items():
        frame = frame[frame[column] == value]
    return frame


@pytest.fixture
def carried():
    panel = random_panel(np.random.default_rng(5), lambda x, m: x + m)
    subject = Subject(panel, Known(Carrying(Slopes((1.0, 2.0, 3.0)))), "known", 1)
    return panel, answer_in_process(CurveScenario(grid=9, level=0.4), subject)["curves"]


def test_every_kind_has_both_bands(carried):
    _, curves = carried
    expected = [
        (kind, band)
        for kind in ("level", "slope", "ale", "level_supported")
        for band in ("pointwise", "simultaneous")
    ]
    whole = curves[curves["kind"] != "average_effect"]
    assert list(whole.groupby(["kind", "band"], sort=False).size().items()) == [(key, 9) for key in expected]
    average = rows_of(curves, kind="average_effect")
    assert average["band"].tolist() == ["pointwise", "simultaneous"]
    assert average["estimate"].to_numpy() == pytest.approx(2.0)
    assert average["at"].isna().all()
    assert (curves["n_draws"] == 3).all()
    assert (curves["level"] == 0.4).all()


def test_level_slope_and_local_effects_of_a_line(carried):
    panel, curves = carried
    x, m = panel.X.T
    level = rows_of(curves, kind="level", band="pointwise")
    at = level["at"].to_numpy()
    assert at.tolist() == np.linspace(x.min(), x.max(), 9).tolist()
    assert level["estimate"].to_numpy() == pytest.approx(2 * at + 2 * m.mean(), rel=1e-12)
    assert level["conf_low"].to_numpy() == pytest.approx(1.2 * at + 2 * m.mean(), rel=1e-12)
    slope = rows_of(curves, kind="slope", band="pointwise")
    assert slope["estimate"].to_numpy() == pytest.approx(2.0)
    assert slope["conf_low"].to_numpy() == pytest.approx(1.2)
    assert slope["conf_high"].to_numpy() == pytest.approx(2.8)
    local = rows_of(curves, kind="ale", band="pointwise")
    assert local["estimate"].to_numpy() == pytest.approx(2 * (local["at"].to_numpy() - x.mean()), abs=1e-12)
    assert local["mean_level"].to_numpy() == pytest.approx(2 * x.mean() + 2 * m.mean())
    assert level["mean_level"].isna().all()


def test_draws_that_a_fit_carries_have_no_unit_of_ours(carried):
    assert (carried[1]["unit"] == "").all()
    panel = random_panel(np.random.default_rng(5), lambda x, m: x + m)
    curves = answer_in_process(
        CurveScenario(grid=3, draws=5, unit="row"), subject_of(LeastSquares(crossed), panel)
    )["curves"]
    assert (curves["unit"] == "row").all()


def test_turning_points_or_the_answer_that_there_is_none():
    curve, answers = CurveScenario(grid=30, draws=100), []
    for truth in (lambda x: -4 * (x - 0.6) ** 2, lambda x: x):
        panel = random_panel(np.random.default_rng(3), truth, noise=0.2, columns=("x",))
        answers.append(answer_in_process(curve, subject_of(LeastSquares(powers(2)), panel))["turning_points"])
    (point,) = answers[0].to_dict("records")
    assert (point["kind"], point["is_established"]) == ("maximum", True)
    assert point["at"] == pytest.approx(0.6, abs=0.05)
    assert point["conf_low"] < point["at"] < point["conf_high"]
    assert answers[1].to_dict("records") == [{"kind": "none", "is_established": False, "n_draws": 100}]


def test_others_at_their_mean_leave_the_interaction_at_the_mean():
    panel = random_panel(np.random.default_rng(3), lambda x, m: x * m, noise=0.1)
    subject = subject_of(LeastSquares(crossed), panel)
    const, on_x, on_m, both = subject.fit.beta
    for held, centre in (("average", np.mean), ("mean", np.mean), ("median", np.median)):
        curves = answer_in_process(CurveScenario(grid=4, draws=5, held=held), subject)["curves"]
        level = rows_of(curves, kind="level", band="pointwise")
        at, m = level["at"].to_numpy(), centre(panel.column("m"))
        assert level["estimate"].to_numpy() == pytest.approx(const + on_x * at + (on_m + both * at) * m)


def test_what_follows_from_a_held_column_is_computed_from_it():
    panel = squared_panel()
    panel = panel_from_arrays(
        entity=panel.entity.codes,
        period=panel.period,
        outcome=panel.observed,
        X=np.column_stack([panel.column("x"), panel.column("m"), panel.column("m") ** 2]),
        columns=("x", "m", "s"),
        derived=(Square(of="m", into="s"),),
    )
    assert hold(panel, "mean", of=panel).column("s") == pytest.approx(
        panel.column("m").mean() ** 2, rel=1e-13
    )


GRID = np.array([0.1, 0.5, 0.9])


def panel_of(x, *covariates, n_moderators=1, per_entity=1):
    n_obs = len(x)
    return panel_from_arrays(
        entity=np.arange(n_obs) // per_entity,
        period=np.arange(n_obs) % per_entity,
        outcome=np.zeros(n_obs),
        X=np.column_stack([x, *covariates]),
        n_moderators=n_moderators,
    )


def test_without_covariates_every_row_is_supported_where_another_entity_is():
    x = np.array([0.0, 0.1, 0.11, 0.9, 0.91, 1.0])
    joint = joint_support(panel_of(x), np.array([0.1, 0.5, 0.9]))
    assert joint.share == pytest.approx([1.0, 0.0, 1.0])
    # an entity's own rows are no evidence about it
    alone = joint_support(panel_of(x, per_entity=3), np.array([0.1, 0.9]))
    assert alone.share == pytest.approx([0.5, 0.5])


def test_it_is_the_rule_computed_row_by_row():
    rng = np.random.default_rng(3)
    x = rng.uniform(size=122)
    covariates = np.exp(rng.normal(size=(122, 2))) + x[:, None]
    panel = panel_of(x, *covariates.T, n_moderators=2, per_entity=2)
    ranks = np.column_stack([rankdata(column) for column in covariates.T])
    distance = cdist(ranks, ranks, "mahalanobis", VI=np.linalg.inv(np.cov(ranks.T, ddof=0)))
    half_width, entity = 0.05 * np.ptp(x), np.arange(122) // 2
    own = []
    for row in range(122):
        others = (np.abs(x - x[row]) <= half_width) & (entity != entity[row])
        own.append(distance[row, others].min() if others.any() else np.inf)
    near = np.sort(own)[int(np.ceil(NEAR_SHARE * 122)) - 1]
    joint = joint_support(panel, GRID)
    for at, supported in zip(GRID, joint.near, strict=True):
        for place, row in enumerate(joint.rows):
            others = (np.abs(x - at) <= half_width) & (entity != entity[row])
            assert supported[place] == (others.any() and distance[row, others].min() <= near)


def test_a_long_panel_is_judged_by_some_of_its_rows():
    rng = np.random.default_rng(5)
    x = rng.uniform(size=5000)
    joint = joint_support(panel_of(x, x + 0.3 * rng.normal(size=5000)), GRID)
    assert joint.rows.size == np.unique(joint.rows).size == 2000
    assert ((joint.share > 0.2) & (joint.share < 1.0)).all()


def test_whitened_columns_are_uncorrelated_and_those_that_say_nothing_new_are_left_out():
    a, b = np.random.default_rng(6).normal(size=(2, 50))
    points = whitened(np.column_stack([a, b, a + b, np.full(50, 3.0)]))
    assert np.cov(points.T, ddof=0) == pytest.approx(np.eye(2), abs=1e-12)


POINTS = np.linspace(0.0, 1.0, 21)


@dataclass(frozen=True)
class Product:
    """Predicts x m, and 100 m beside it."""

    def predict(self, panel):
        x, m = panel.column("x"), panel.column("m")
        return x * m + 100.0 * m


def band_panel(seed=1, *, n=1000):
    """Return a panel in which the moderator follows the exposure closely."""
    x = np.random.default_rng(seed).uniform(size=n)
    m = x + np.random.default_rng(seed + 1).uniform(-0.1, 0.1, size=n)
    X = np.column_stack([x, m])
    return panel_from_arrays(
        entity=np.arange(n), period=np.zeros(n), outcome=x * m, X=X, columns=("x", "m"), n_moderators=1
    )


def test_changes_are_those_of_the_rows_that_are_there():
    """Among rows with m near x the slope is about x, the curve x^2 / 2; that of all rows has slope 1/2."""
    panel = band_panel()
    joint = joint_support(panel, POINTS)
    curve = supported_dependence(Product(), panel, POINTS, joint)
    inner = slice(3, 18)
    change = curve[inner] - curve[3]
    assert change == pytest.approx((POINTS[inner] ** 2 - POINTS[3] ** 2) / 2.0, abs=0.02)
    alike = partial_dependence(Product(), panel, POINTS)
    assert np.diff(alike) == pytest.approx(0.05 * panel.column("m").mean())
    assert joint.share.max() < 0.5


def test_beyond_a_gap_nothing_is_said():
    x = np.concatenate([np.linspace(0.0, 0.4, 100), np.linspace(0.9, 1.0, 30)])
    X = np.column_stack([x, np.random.default_rng(1).normal(size=130)])
    panel = panel_from_arrays(
        entity=np.arange(130), period=np.zeros(130), outcome=x, X=X, columns=("x", "m"), n_moderators=1
    )
    curve = supported_dependence(Product(), panel, POINTS, joint_support(panel, POINTS))
    known = np.isfinite(curve)
    assert not known[10:17].any()
    assert known[:9].all() != known[18:].all()
    assert known.any()


def test_the_scenario_gives_it_with_its_share_and_warns():
    panel = band_panel(n=300)
    estimator = LeastSquares(crossed)
    subject = Subject(panel, estimator, "it", 1)
    scenario = CurveScenario(grid=11, draws=20)
    curves = answer_in_process(scenario, subject)["curves"]
    own = curves[(curves["kind"] == "level_supported") & (curves["band"] == "pointwise")]
    assert own["share_of_rows"].between(0.0, 0.5).all()
    assert curves.loc[curves["kind"] != "level_supported", "share_of_rows"].isna().all()
    known = own[own["supported"]]
    assert (known["conf_low"] <= known["conf_high"]).all()
    assert [note.code for note in scenario.notes(panel)] == ["W-FEWBOOT", "W-EXTRAPOLATED"]
    everywhere = random_panel(np.random.default_rng(3), lambda x, m: x + m, n_entities=300)
    assert "W-EXTRAPOLATED" not in [note.code for note in CurveScenario().notes(everywhere)]


def unbalanced_panel(n_entities=30, n_periods=9, *, seed=0):
    """Return a panel with gaps, whose second control is twice the first and whose third is constant."""
    rng = np.random.default_rng(seed)
    entity, period = np.divmod(rng.permutation(n_entities * n_periods)[:217], n_periods)
    x = rng.normal(size=217) + rng.normal(size=n_entities)[entity]
    control = rng.normal(size=217) + 0.5 * x
    outcome = np.sin(x) + control + 2.0 * rng.normal(size=n_entities)[entity] + rng.normal(size=217)
    X = np.column_stack([x, control, 2.0 * control, rng.normal(size=n_entities)[entity]])
    return panel_from_arrays(
        entity=entity, period=period, outcome=outcome, X=X, columns=("x", "w", "twice", "fixed")
    )


def dummies(codes):
    return pd.get_dummies(codes, dtype=float).to_numpy()


def by_dummies(at, outcome, covariates, entity):
    """Return the coefficients of dummies of bins, all covariates at their means, and half their intervals."""
    n_bins = min(MOST_BINS, at.size // LEAST_ROWS)
    edges = np.sort(at)[np.ceil(np.arange(1, n_bins) * at.size / n_bins).astype(int) - 1]
    design = np.column_stack(
        [dummies((at[:, None] > edges).sum(axis=1)), covariates - covariates.mean(axis=0)]
    )
    clusters = {"groups": entity, "use_correction": False}
    fit = sm.OLS(outcome, design).fit(cov_type="cluster", cov_kwds=clusters)
    n_entities = np.unique(entity).size
    errors = fit.bse[:n_bins] * np.sqrt(n_entities / (n_entities - 1))
    return fit.params[:n_bins], errors * t.ppf(0.95, n_entities - 1)


@pytest.mark.parametrize("by_period", [False, True])
def test_bins_are_those_of_least_squares_on_dummies(by_period):
    panel = unbalanced_panel()
    rows_of = binned_scatter(panel, by_period=by_period, level=0.9)
    entity, period = panel.entity.codes, panel.time.codes
    effects = [dummies(entity)[:, 1:], *([dummies(period)[:, 1:]] if by_period else [])]
    within = "within_entity_and_time" if by_period else "within_entity"
    covariates = np.column_stack([panel.column("w"), *effects])
    cases = {"raw": np.empty((panel.n_obs, 0)), within: covariates}
    assert rows_of["variation"].unique().tolist() == list(cases)
    for variation, held in cases.items():
        estimates, half_width = by_dummies(panel.column("x"), panel.observed, held, entity)
        rows = rows_of[rows_of["variation"] == variation]
        np.testing.assert_allclose(rows["estimate"], estimates, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(rows["conf_high"] - rows["estimate"], half_width, rtol=1e-7)
        np.testing.assert_allclose(rows["estimate"] - rows["conf_low"], half_width, rtol=1e-7)
        assert (rows["n_obs"] * rows["at"]).sum() / panel.n_obs == pytest.approx(panel.column("x").mean())


def test_bins_within_entities_follow_a_sine():
    rng = np.random.default_rng(5)
    n_entities, n_periods = 100, 8
    entity, period = np.divmod(np.arange(n_entities * n_periods), n_periods)
    level = rng.normal(size=n_entities)[entity]
    x = 1.5 * level + rng.normal(size=entity.size)
    outcome = np.sin(2.2 * x) + 2.0 * level + 0.2 * rng.normal(size=entity.size)
    panel = panel_from_arrays(entity=entity, period=period, outcome=outcome, X=x[:, None], columns=("x",))
    rows = binned_scatter(panel, by_period=False, level=0.95)
    truth = [np.sin(2.2 * x[part]).mean() for part in np.array_split(np.argsort(x), MOST_BINS)]
    by_variation = rows.groupby("variation")["estimate"]
    correlation = {name: np.corrcoef(bins, truth)[0, 1] for name, bins in by_variation}
    assert correlation["within_entity"] > 0.99
    assert correlation["raw"] < 0.5


def test_entities_whose_bins_nothing_connects_with_the_others_are_left_out():
    rng = np.random.default_rng(2)
    entity, period = np.divmod(np.arange(60 * 5), 5)
    x = rng.uniform(size=300) + np.where(entity < 15, 10.0, 0.0)
    outcome = x + rng.normal(size=60)[entity]
    panel = panel_from_arrays(entity=entity, period=period, outcome=outcome, X=x[:, None], columns=("x",))
    rows = binned_scatter(panel, by_period=False, level=0.95)
    within = rows[rows["variation"] == "within_entity"]
    assert within["n_obs"].sum() == 225
    assert within["at"].max() < 1.0
    assert (within["estimate"] - within["at"]).std() < 0.05


def test_an_exposure_constant_in_entities_has_no_bins_within_them():
    found = binned_scatter(unbalanced_panel().with_exposure("fixed"), by_period=True, level=0.95)
    assert found["variation"].unique().tolist() == ["raw"]


def test_two_values_have_no_bins():
    panel = unbalanced_panel()
    assert binned_scatter(
        panel.with_column("x", (panel.column("x") > 0.0) * 1.0), by_period=False, level=0.95
    ).empty


def test_a_bin_of_one_entity_has_no_limits():
    panel = unbalanced_panel()
    one = panel.take(np.flatnonzero(panel.entity.codes == panel.entity.codes[0]))
    found = binned_scatter(one, by_period=False, level=0.95)
    assert np.isfinite(found["estimate"]).all()
    assert found["conf_low"].isna().all()

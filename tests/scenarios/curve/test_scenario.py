"""The scenario ``curve``."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

from harness.plugin import HasDraws
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


def test_the_truth_is_found_where_a_control_goes_with_the_exposure():
    """Correlation 0.8 with a control, effects that add up: curves within a tenth of their range."""
    rng = np.random.default_rng(4)

    def truth(x, m):
        return 4 * (x - 0.3) ** 2 + 2 * m

    panel = random_panel(rng, truth, noise=0.0)
    x = panel.column("x")
    panel = panel.with_column("m", 0.8 * x + 0.6 * panel.column("m"))
    assert np.corrcoef(panel.X.T)[0, 1] == pytest.approx(0.8, abs=0.03)
    outcome = truth(x, panel.column("m")) + 0.3 * rng.normal(size=panel.n_obs)
    panel = type(panel)(**{**vars(panel), "observed": outcome})
    curves = answer_in_process(CurveScenario(grid=20, draws=5), subject_of(LeastSquares(powers(3)), panel))[
        "curves"
    ]
    for kind in ("level", "ale"):
        curve = rows_of(curves, kind=kind, band="pointwise")
        error = curve["estimate"].to_numpy() - 4 * (curve["at"].to_numpy() - 0.3) ** 2
        assert np.std(error) < 0.1 * np.ptp(4 * (curve["at"] - 0.3) ** 2)


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


def test_two_groups_that_never_meet_support_only_their_own_exposures():
    """Poor entities at low exposure, rich ones at high exposure, none in between."""
    rng = np.random.default_rng(1)
    poor = np.arange(200) < 100
    x = np.where(poor, rng.uniform(0.0, 0.2, 200), rng.uniform(0.8, 1.0, 200))
    wealth = np.where(poor, 0.0, 10.0) + rng.uniform(size=200)
    joint = joint_support(panel_of(x, wealth), GRID)
    is_poor = poor[joint.rows]
    assert joint.near[0][is_poor].mean() > 0.9
    assert joint.near[2][~is_poor].mean() > 0.9
    assert joint.near[0][~is_poor].mean() < 0.1
    assert joint.near[2][is_poor].mean() < 0.1
    assert not joint.near[1].any()
    assert joint.share == pytest.approx([0.5, 0.0, 0.5], abs=0.06)


def test_independent_covariates_support_nearly_all_rows_everywhere():
    rng = np.random.default_rng(2)
    joint = joint_support(panel_of(rng.uniform(size=800), rng.normal(size=800)), GRID)
    assert (joint.share > 0.9).all()


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
    reach, entity = 0.05 * np.ptp(x), np.arange(122) // 2
    own = []
    for row in range(122):
        others = (np.abs(x - x[row]) <= reach) & (entity != entity[row])
        own.append(distance[row, others].min() if others.any() else np.inf)
    near = np.sort(own)[int(np.ceil(NEAR_SHARE * 122)) - 1]
    joint = joint_support(panel, GRID)
    for at, supported in zip(GRID, joint.near, strict=True):
        for place, row in enumerate(joint.rows):
            others = (np.abs(x - at) <= reach) & (entity != entity[row])
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


def test_it_is_partial_dependence_where_every_row_is_supported():
    panel = random_panel(np.random.default_rng(3), lambda x: x**2, columns=("x",))
    model = LeastSquares(lambda panel: np.column_stack([panel.X[:, 0], panel.X[:, 0] ** 2])).fit(
        panel, rng=None
    )
    joint = joint_support(panel, POINTS[1:-1])
    assert joint.near.all()
    assert supported_dependence(model, panel, POINTS[1:-1], joint) == pytest.approx(
        partial_dependence(model, panel, POINTS[1:-1])
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

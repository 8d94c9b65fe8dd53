from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.random import Generator

from harness import Panel, plugin
from harness.data.panel import SplitUnit
from harness.plugin import CanFitDraws, CanProfile, Estimator, FittedDraws, Floats, HasDraws, SelectsRows
from harness_neural.mlp import Mlp
from harness_neural.som_ann import SomAnn
from harness_panel import PooledOLS
from harness_rab.rab import Rab, mean_of
from harness_sklearn.splines import Splines
from neural_tasks import make_panel
from panels import labelled


def curved(X: Floats) -> Floats:
    return 2.0 + X[:, 0] ** 2 - X[:, 1]


def direct_bootstrap(panel: Panel, weights: Floats, at: Panel) -> Floats:
    """Weighted least squares a draw, in plain NumPy."""
    X, X_at = (np.column_stack([np.ones(rows.n_obs), rows.X]) for rows in (panel, at))
    roots = np.sqrt(weights)
    return np.stack(
        [X_at @ np.linalg.lstsq(root[:, None] * X, root * panel.observed, rcond=None)[0] for root in roots]
    )


@dataclass
class Constant:
    value: float

    def predict(self, panel: Panel) -> Floats:
        return np.full((4, panel.n_obs), self.value)


@dataclass(frozen=True)
class Recorder:
    """An estimator that fits draws and keeps what it was given."""

    name: ClassVar[str] = "recorder"
    provides: ClassVar[frozenset[type]] = frozenset({CanFitDraws})
    seen: list[dict[str, Any]] = field(default_factory=list)

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> Any:
        raise NotImplementedError

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: plugin.DrawSelection, rng: Generator
    ) -> FittedDraws:
        self.seen.append({"panel": panel, "weights": weights, "selection": selection})
        return Constant(1.0)


@dataclass(frozen=True)
class SelectingRecorder(Recorder):
    """One that compares candidates on rows set aside."""

    provides: ClassVar[frozenset[type]] = frozenset({CanFitDraws, SelectsRows})
    selection_share: float = 0.2


@dataclass(frozen=True)
class PartlySelectingRecorder(SelectingRecorder):
    """One whose draws compare nothing."""

    provides: ClassVar[frozenset[type]] = frozenset({CanFitDraws, plugin.DrawsMaySelect, SelectsRows})
    draws_select: bool = False


@dataclass(frozen=True)
class NoDraws:
    name: ClassVar[str] = "no_draws"
    provides: ClassVar[frozenset[type]] = frozenset()

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize("unit", ["entity", "row"])
def test_rab_of_ols_is_a_weighted_bootstrap(unit: str) -> None:
    panel, at = make_panel(curved, noise=1.0), make_panel(curved, seed=8)
    fitted = Rab(base=PooledOLS(), draws=60, unit=unit).fit(panel, rng=np.random.default_rng(4))
    streams = np.random.default_rng(4).spawn(60)
    weights = np.concatenate([plugin.draw_weights(panel, 1, unit=unit, rng=own) for own in streams])
    expected = direct_bootstrap(panel, weights, at)
    np.testing.assert_allclose(fitted.predict(at), expected.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(
        np.percentile(fitted.draws.predict(at), [2.5, 97.5], axis=0),
        np.percentile(expected, [2.5, 97.5], axis=0),
        rtol=1e-9,
    )
    assert isinstance(fitted, HasDraws)


@pytest.mark.parametrize("base", [Recorder(), PartlySelectingRecorder()])
def test_a_base_whose_draws_select_nothing_is_drawn_all_rows(base: Recorder) -> None:
    panel = make_panel(curved)
    Rab(base=base, draws=4).fit(panel, rng=np.random.default_rng(0))
    (seen,) = base.seen
    assert seen["panel"] is panel
    np.testing.assert_array_equal(seen["selection"] > 0.0, seen["weights"] == 0.0)
    by_entity = seen["weights"].reshape(4, panel.n_entities, -1)
    assert np.ptp(by_entity, axis=2).max() == 0.0
    np.testing.assert_array_equal(by_entity[:, :, 0].sum(axis=1), panel.n_entities)


@pytest.mark.parametrize("unit", ["entity", "row"])
@pytest.mark.parametrize("split_unit", ["row", "entity", "time"])
def test_every_draw_sets_aside_what_the_protocol_holds_apart(split_unit: SplitUnit, unit: str) -> None:
    panel = replace(make_panel(curved, n_entities=50), split_unit=split_unit)
    base = SelectingRecorder()
    Rab(base=base, draws=30, unit=unit).fit(panel, rng=np.random.default_rng(0))
    (seen,) = base.seen
    weights, aside = seen["weights"], seen["selection"] > 0.0
    assert seen["panel"] is panel
    assert not (aside & (weights > 0.0)).any()
    np.testing.assert_array_equal(aside.sum(axis=1), 50)
    if unit == "row":
        np.testing.assert_array_equal(weights.sum(axis=1), 200.0)
    if split_unit == "time":
        np.testing.assert_array_equal(aside, np.tile(panel.period == panel.period.max(), (30, 1)))
    else:
        assert (aside != aside[0]).any()
        by_entity = aside.reshape(30, 50, 5)
        assert (by_entity == by_entity[:, :, :1]).all() == (split_unit == "entity")


def test_every_draw_selects_on_the_rows_that_a_protocol_gives() -> None:
    panel, aside = make_panel(curved), make_panel(curved, n_entities=10, seed=8)
    base = SelectingRecorder()
    Rab(base=base, draws=4).fit(panel, rng=np.random.default_rng(0), selection=aside)
    (seen,) = base.seen
    assert seen["panel"] is panel
    assert seen["selection"] is aside
    np.testing.assert_array_equal(seen["weights"].sum(axis=1), panel.n_obs)


def test_resampling_rows_is_noted() -> None:
    panel = make_panel(curved, noise=0.5)
    by_row = Rab(base=PooledOLS(), draws=4, unit="row").fit(panel, rng=np.random.default_rng(0))
    by_entity = Rab(base=PooledOLS(), draws=4).fit(panel, rng=np.random.default_rng(0))
    assert [note.code for note in by_row.notes] == ["W-METHOD", "W-ROWBOOT"]
    assert [note.code for note in by_entity.notes] == ["W-METHOD"]


def test_a_fold_has_fewer_draws() -> None:
    assert Rab(base=Mlp(), draws=1000).for_folds() == Rab(base=Mlp(), draws=50)
    assert Rab(base=Mlp(), draws=1000, fold_draws=200).for_folds().draws == 200
    assert Rab(base=Mlp(), draws=20).for_folds().draws == 20


def test_quick_has_fewer_draws_of_a_quick_base() -> None:
    assert Rab(base=Mlp()).quick() == Rab(base=Mlp().quick(), draws=40, fold_draws=10)
    assert Rab(base=Mlp(), draws=20).quick().draws == 20
    base = Recorder()
    assert Rab(base=base).quick().base is base


def test_a_base_that_cannot_fit_draws_is_refused() -> None:
    with pytest.raises(ValueError, match="'no_draws' cannot be fitted on many resamples at once"):
        Rab(base=NoDraws())


def test_details_are_those_of_the_search_of_the_base() -> None:
    panel = make_panel(curved, noise=0.5)
    fitted = Rab(base=SomAnn(hidden=2, restarts=2, map_starts=1), draws=4).fit(
        panel, rng=np.random.default_rng(0)
    )
    found = fitted.details()
    assert list(found) == ["networks", "learning_curves", "som", "som_profile"]
    assert list(found["networks"]["place"]) == [f"cluster {at}" for at in (1, 1, 2, 2, 3, 3, 4, 4)]
    assert Rab(base=PooledOLS(), draws=4).fit(panel, rng=np.random.default_rng(0)).details() == {}


def test_profile_is_the_mean_of_predictions_where_the_base_has_one() -> None:
    panel = make_panel(curved, noise=0.5)
    fitted = Rab(base=Mlp(hidden=3, restarts=1), draws=6).fit(panel, rng=np.random.default_rng(0))
    at = np.linspace(-2.0, 2.0, 9)
    assert isinstance(fitted, CanProfile)
    expected = [fitted.predict(panel.with_column("x0", value)).mean() for value in at.tolist()]
    found = fitted.profile(panel, ("x0",), at[:, None])
    np.testing.assert_allclose(found, expected, atol=1e-6 * panel.observed.std())
    plain = Rab(base=Splines(), draws=4).fit(panel, rng=np.random.default_rng(0))
    assert not isinstance(plain, CanProfile)


@pytest.mark.parametrize(
    ("base", "n_unseen"),
    [(PooledOLS(), 0), (Mlp(hidden=2, restarts=1, effects=("entity",)), 5)],
    ids=["no effects", "effects"],
)
def test_rows_of_unseen_levels_are_counted(base: Estimator, n_unseen: int) -> None:
    panel = make_panel(curved, noise=0.5)
    fitted = Rab(base=base, draws=6).fit(panel, rng=np.random.default_rng(0))
    assert fitted.n_unseen(panel) == 0
    assert fitted.n_unseen(labelled(panel.take(np.arange(5)), entity="nobody")) == n_unseen


def test_mean_predictions_asked_of_draws_twice_are_computed_once() -> None:
    class Counted:
        asked = 0

        def predict(self, panel: Panel) -> Floats:
            return np.zeros((2, panel.n_obs))

        def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
            self.asked += 1
            return np.stack([points[:, 0], 3.0 * points[:, 0]])

    counted, panel, points = Counted(), make_panel(curved), np.array([[1.0], [2.0]])
    fit = mean_of(counted, n_draws=2, notes=())
    assert isinstance(fit, CanProfile)
    np.testing.assert_array_equal(fit.profile(panel, ("x0",), points), [2.0, 4.0])
    assert isinstance(fit.draws, CanProfile)
    band = fit.draws.profile(panel, ("x0",), points)
    band += 1.0
    np.testing.assert_array_equal(fit.draws.profile(panel, ("x0",), points), [[1.0, 2.0], [3.0, 6.0]])
    assert counted.asked == 1
    fit.profile(panel, ("x0",), 2.0 * points)
    fit.profile(panel, ("x1",), points)
    fit.profile(replace(panel), ("x0",), points)
    assert counted.asked == 4

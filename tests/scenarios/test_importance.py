"""What entities held out lose without some columns."""

from __future__ import annotations

import numpy as np
import pytest

from harness.scenarios.importance import ImportanceScenario, importance, without_columns
from harness.scenarios.scenario import Subject
from harness.scenarios.task import answered_in_parts
from harness_panel import PooledOLS
from panels import balanced_panel, panel_from_arrays
from scenarios.derived import Square


def panel_of(seed, *, n_entities=80, n_periods=5):
    """Return y = x0 + x1 + x1's copy + noise, x3 idle: by itself x0 is a third of the variance."""
    rng = np.random.default_rng([13, seed])
    entity = np.repeat(np.arange(n_entities), n_periods)
    own = rng.standard_normal((3, n_entities))[:, entity]
    x0, x1, x3 = (own + rng.standard_normal((3, entity.size))) / np.sqrt(2.0)
    copy = x1 + 1e-6 * rng.standard_normal(entity.size)
    return panel_from_arrays(
        entity=entity,
        period=np.tile(np.arange(n_periods), n_entities),
        outcome=x0 + 0.5 * x1 + 0.5 * copy + rng.standard_normal(entity.size),
        X=np.column_stack([x0, x1, copy, x3]),
    )


def rows(panel, **options):
    question = Subject(panel, PooledOLS(), "ols", 3)
    return answered_in_parts(ImportanceScenario(**options), question)["importance"].set_index("group")


def test_importance_is_the_variance_that_only_these_columns_tell():
    """A slope of one on a column of variance one, of three parts of variance in all."""
    found = rows(
        panel_of(1), groups={"first": ("x0",), "one": ("x1",), "both": ("x1", "x2"), "idle": ("x3",)}
    )
    for group in ("first", "both"):
        assert found.loc[group, "conf_low"] < 1.0 / 3.0 < found.loc[group, "conf_high"]
        assert found.loc[group, "importance"] == pytest.approx(1.0 / 3.0, abs=0.1)
    for group in ("one", "idle"):
        assert abs(found.loc[group, "importance"]) < 0.01
    assert found.loc["both", "columns"] == "x1 x2"
    assert (found["n_entities"] == 80).all()


def test_every_regressor_is_a_group_of_its_own_and_what_cannot_be_left_out_says_so():
    panel = panel_of(2, n_entities=20)
    assert rows(panel).index.tolist() == ["x0", "x1", "x2", "x3"]
    found = rows(panel, groups={"other": ("z",), "every": ("x0", "x1", "x2", "x3")})
    assert found["status"].tolist() == ["refused", "refused"]
    assert "'z' is not a regressor" in found.loc["other", "reason"]
    assert "no regressor remains" in found.loc["every", "reason"]


def test_what_follows_from_a_column_goes_with_it_and_the_next_stands_in_for_an_exposure():
    X = np.random.default_rng(1).standard_normal((12, 4))
    panel = balanced_panel(
        (4, 3),
        outcome=X[:, 0],
        X=X,
        columns=("x", "moderator", "square", "z"),
        n_moderators=1,
        derived=(Square("x", "square"),),
    )
    found = without_columns(panel, ("x",))
    assert (found.exposure, found.moderators, found.controls) == ("moderator", (), ("z",))
    np.testing.assert_array_equal(found.X, X[:, [1, 3]])
    kept = without_columns(panel, ("z",))
    assert (kept.columns, len(kept.derived)) == (("x", "moderator", "square"), 1)


def test_the_interval_is_that_of_means_over_entities():
    """Entities of one row each: the normal interval of a mean, by the central limit theorem."""
    rng = np.random.default_rng(4)
    observed, whole, less = rng.standard_normal((3, 400))
    found = importance(observed, whole, less, np.arange(400), level=0.95, rng=rng)
    rise = (np.square(observed - less) - np.square(observed - whole)) / observed.var()
    assert found.importance == pytest.approx(rise.mean())
    half = 1.96 * rise.std() / 20.0
    assert [found.conf_low, found.conf_high] == pytest.approx(
        [rise.mean() - half, rise.mean() + half], abs=0.04
    )


@pytest.mark.slow
def test_intervals_hold_what_is_lost_on_average():
    """In 200 panels the interval holds a third, less what fitting costs, nearly as often as it says."""
    held = []
    for seed in range(200):
        found = rows(panel_of(seed), groups={"first": ("x0",)})
        held.append(found["conf_low"]["first"] <= 1.0 / 3.0 <= found["conf_high"]["first"])
    assert 0.88 <= np.mean(held) <= 0.98

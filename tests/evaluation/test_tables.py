"""Errors of predictions, gains in tables, metrics, and intervals for entities never seen."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, mean_squared_error, r2_score

from evaluation.rows import rows_of
from harness.errors import PluginError
from harness.evaluation.losses import PairedLosses, Sides, cells, cluster_losses, samples, squared_error
from harness.evaluation.metrics import AbsoluteError, QuantileError
from harness.evaluation.tables import (
    LEFT,
    LEVEL,
    accuracy,
    accuracy_table,
    coverage_table,
    decomposition_table,
    entity_half_widths,
    gain_pairs_table,
    gains_table,
    metrics_table,
    model_coverage_table,
    with_limits,
)
from small_run import SPEC, TINY, run_small


def predictions(seed=0):
    """Two estimators, one outcome, one protocol of two folds over the same rows."""
    rng = np.random.default_rng(seed)
    parts = []
    for fold in ("1", "2"):
        observed = rng.normal(size=36)
        rows = rows_of(12, ["2000", "2001", "2002"], fold=fold, observed=observed, train_variance=2.0)
        rows["sample"] = np.where(rng.random(36) < 0.3, "test", "train")
        for estimator, noise in (("ols", 1.0), ("ann", 0.5)):
            predicted = observed + noise * rng.normal(size=36)
            parts.append(rows.assign(estimator=estimator, predicted=predicted))
    return pd.concat(parts, ignore_index=True)


def test_accuracy_of_a_sample_is_over_its_rows_in_all_folds():
    frame = predictions()
    found = accuracy_table(frame).set_index(["estimator", "sample"])
    for estimator in ("ols", "ann"):
        own = frame[frame["estimator"] == estimator]
        for sample, rows in (("test", own[own["sample"] == "test"]), ("all", own)):
            mse = ((rows["observed"] - rows["predicted"]) ** 2).mean()
            assert found.loc[(estimator, sample), "mse"] == pytest.approx(mse, rel=1e-14)
            assert found.loc[(estimator, sample), "nmse"] == pytest.approx(mse / 2.0, rel=1e-14)
            assert found.loc[(estimator, sample), "n_obs"] == len(rows)


def test_gain_agrees_with_accuracy_and_pairs_rows_whatever_their_order():
    frame = predictions()
    shuffled = frame.sample(frac=1.0, random_state=1)
    options = {"references": ("ols",), "level": 0.95}
    plain, mixed = gains_table(frame, **options), gains_table(shuffled, **options)
    mse = accuracy_table(frame).set_index(["estimator", "sample"])["mse"]
    for row in plain.itertuples():
        assert row.gain == pytest.approx(1 - mse["ann", row.sample] / mse["ols", row.sample], rel=1e-12)
        assert row.conf_low < row.gain < row.conf_high
    pd.testing.assert_frame_equal(
        plain.sort_values("sample", ignore_index=True), mixed.sort_values("sample", ignore_index=True)
    )
    for name in ("p_value", "p_holm", "least_detectable"):
        assert plain[name].between(0, 1).all()
    assert list(plain["estimator"].unique()) == ["ann"]
    assert list(plain["sample"]) == ["train", "test", "all"]


def test_gains_over_any_estimator_are_those_over_it_as_a_reference():
    frame = predictions()
    third = frame[frame["estimator"] == "ann"].assign(
        estimator="rab", predicted=lambda rows: 0.9 * rows["predicted"]
    )
    options = {"level": 0.95, "least_gain": 0.1}
    frame = pd.concat([frame, third])
    assert gain_pairs_table(frame, protocols=["other"], **options).empty
    pairs = gain_pairs_table(frame, protocols=["random"], **options).set_index(["reference", "estimator"])
    assert len(pairs) == 6
    for reference in ("ols", "ann", "rab"):
        expected = gains_table(frame, references=[reference], **options).query("sample == 'test'")
        expected = expected.set_index("estimator").drop(columns="reference")
        pd.testing.assert_frame_equal(pairs.loc[reference][expected.columns], expected, check_exact=True)


def test_equal_rows_have_equal_intervals_under_every_protocol():
    frame = predictions()
    again = frame.assign(protocol="other")
    level = 0.95
    table = gains_table(pd.concat([frame, again]), references=("ols",), level=level)
    numbers = ["gain", "conf_low", "conf_high", "p_value", "p_holm"]
    by = {name: own.set_index("sample")[numbers] for name, own in table.groupby("protocol")}
    pd.testing.assert_frame_equal(by["random"], by["other"])


def test_losses_side_by_side_are_those_matched_row_by_row():
    """Rows of all estimators in one order, and the same rows shuffled, which are matched by their keys."""
    rng = np.random.default_rng(0)
    keys = pd.MultiIndex.from_product(
        [["2", "10"], ["train", "test"], ["b", "a", "c"], ["1", "2"]],
        names=["fold", "sample", "entity", "time"],
    ).to_frame(index=False)
    keys = keys.assign(outcome="y", protocol="random")
    rows = pd.concat([keys.assign(estimator=name) for name in ("second", "first")], ignore_index=True)
    rows = rows.assign(observed=rng.normal(size=len(rows)), predicted=rng.normal(size=len(rows)))
    together, apart = (
        PairedLosses.of(next(samples(own, among={"test": ("test",)})))
        for own in (rows, rows.sample(frac=1.0, random_state=1).sort_values("estimator", ascending=False))
    )
    with pytest.raises(PluginError, match=r"metric, .*<lambda>: returned a float64 of shape \(\)"):
        PairedLosses.of(next(samples(rows)), lambda observed, predicted: np.mean(observed - predicted))
    keys = ["fold", "sample", "entity", "time"]
    rows = rows[rows["sample"] == "test"]
    assert together.estimators == ("second", "first")
    assert together.entities.tolist() == apart.entities.tolist() == [0, 0, 1, 1, 2, 2] * 2
    assert together.periods.tolist() == apart.periods.tolist() == [0, 1] * 6
    expected = rows.assign(loss=(rows["observed"] - rows["predicted"]) ** 2).sort_values(keys)
    for name, own in expected.groupby("estimator"):
        for found in (together, apart):
            assert found.frame[name].tolist() == own["loss"].tolist()
            assert found.frame.index.tolist() == own[keys].apply(tuple, axis=1).tolist()


@pytest.mark.parametrize(("error", "is_refused"), [(0.0, True), (3e-16, True), (1e-12, False)])
def test_over_a_reference_that_errs_by_rounding_alone_there_is_no_gain_but_a_reason(error, is_refused):
    frame = predictions()
    signs = np.where(np.arange(len(frame)) % 2, error, -error)
    exact = frame["observed"] + signs
    frame["predicted"] = frame["predicted"].where(frame["estimator"] != "ols", exact)
    found = gains_table(frame, references=("ols",), level=0.95)
    assert set(found["status"]) == {"refused" if is_refused else "ok"}
    assert found[["gain", "p_value", "mse", "mse_reference"]].isna().all(axis=None) == is_refused
    if is_refused:
        assert set(found["reason"]) == {
            "the reference 'ols' predicts without error, so nothing can be gained: do its regressors or "
            "effects determine 'y'?"
        }


KEYS = ["estimator", "sample"]


@dataclass(frozen=True)
class SquaredError:
    """What gains are in anyway."""

    name: ClassVar[str] = "squared_error"
    title: ClassVar[str] = "Squared error"
    how: ClassVar[str] = "Mean squared error."

    def loss(self, observed, predicted):
        return squared_error(observed, predicted)


def metrics(frame, **asked):
    return metrics_table(frame, asked, reference="ols", level=LEVEL)


def test_values_are_those_of_scikit_learn():
    frame = predictions()
    found = metrics(frame, mae=AbsoluteError(), low=QuantileError(0.1)).set_index([*KEYS, "metric"])["value"]
    for (estimator, sample), own in frame.groupby(KEYS):
        observed, predicted = own["observed"], own["predicted"]
        mae = mean_absolute_error(observed, predicted)
        assert found[estimator, sample, "mae"] == pytest.approx(mae, rel=1e-13)
        low = mean_pinball_loss(observed, predicted, alpha=0.1)
        assert found[estimator, sample, "low"] == pytest.approx(low, rel=1e-13)


def test_gains_by_squared_error_are_the_gains_of_the_study():
    frame = predictions()
    found = metrics(frame, squares=SquaredError()).dropna(subset="gain").set_index(KEYS)
    gains = gains_table(frame, references=("ols",), level=LEVEL).set_index(KEYS)
    columns = ["gain", "conf_low", "conf_high", "p_value"]
    pd.testing.assert_frame_equal(found[columns], gains[columns], check_like=True, rtol=1e-12)


def test_a_study_asks_for_metrics_by_name(tmp_path):
    asked = "evaluation.metrics=[absolute_error, {id: upper, use: quantile_error, level: 0.9}]"
    run = run_small(tmp_path / "run", spec=SPEC, overrides=(*TINY, asked))
    found = pd.read_csv(run.path / "metrics.csv")
    assert list(found["metric"].unique()) == ["absolute_error", "upper"]
    assert set(found["status"]) == {"ok"}
    reference = found[found["estimator"] == "ols"]
    assert reference["gain"].isna().all()
    other = found[(found["estimator"] == "curved") & (found["metric"] == "upper")].set_index("sample")
    own = reference[reference["metric"] == "upper"].set_index("sample")
    expected = 1.0 - other["value"] / own["value"]
    pd.testing.assert_series_equal(other["gain"], expected, check_names=False, rtol=1e-9)
    plain = run_small(tmp_path / "plain", spec=SPEC, overrides=TINY)
    assert not (plain.path / "metrics.csv").exists()


def test_by_hand():
    figures = accuracy(
        np.array([1.0, 2.0, 3.0, 4.0]),
        np.array([1.0, 2.0, 5.0, 4.0]),
        train_variance=np.array([2.0, 2.0, 4.0, 4.0]),
        entities=np.array([0, 0, 1, 1]),
    )
    assert figures.mse == 1.0
    assert figures.rmse == 1.0
    assert figures.nmse == 0.25
    assert figures.r2 == pytest.approx(1.0 - 1.0 / 1.25)
    assert (figures.n_obs, figures.n_entities) == (4, 2)
    alike = accuracy(np.ones(2), np.zeros(2), train_variance=np.ones(2), entities=np.array([0, 3]))
    assert np.isnan(alike.r2)
    assert alike.n_entities == 2


def test_against_scikit_learn():
    rng = np.random.default_rng(0)
    observed, predicted = rng.normal(size=(2, 50))
    figures = accuracy(observed, predicted, train_variance=np.ones(50), entities=np.arange(50))
    assert figures.mse == pytest.approx(mean_squared_error(observed, predicted), rel=1e-14)
    assert figures.r2 == pytest.approx(r2_score(observed, predicted), rel=1e-12)


N_FOLDS = 5


def held_out_predictions(seed, *, n_entities=60, n_periods=6, protocol="held_out"):
    """Return predictions of least squares by folds of entities, whose errors last and differ in size."""
    rng = np.random.default_rng([11, seed])
    entity = np.repeat(np.arange(n_entities), n_periods)
    x = rng.standard_normal(entity.size)
    size = np.exp(0.4 * rng.standard_normal(n_entities))
    level = size * rng.standard_normal(n_entities)
    observed = x + level[entity] + 0.7 * rng.standard_normal(entity.size)
    fold = rng.permutation(np.arange(n_entities) % N_FOLDS)[entity]
    parts = []
    for at in range(N_FOLDS):
        train = fold != at
        design = np.column_stack([np.ones(entity.size), x])
        slopes = np.linalg.lstsq(design[train], observed[train], rcond=None)[0]
        sample = np.where(train, "train", "test")
        columns = {"entity": entity, "time": np.tile(np.arange(n_periods), n_entities), "observed": observed}
        parts.append(pd.DataFrame(columns).assign(predicted=design @ slopes, fold=str(at), sample=sample))
    place = {"outcome": "y", "estimator": "ols", "protocol": protocol, "train_variance": 1.0}
    return pd.concat(parts, ignore_index=True).assign(**place)


def coverage(n_panels):
    return np.mean([coverage_table(held_out_predictions(seed))["coverage"][0] for seed in range(n_panels)])


def test_the_width_is_the_quantile_of_entities_that_count_alike():
    """By hand: nine entities in the other fold, one with two rows; the eighth error reaches 0.8 of ten."""
    errors = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 0.5, 9.0]
    tested = pd.DataFrame(
        {
            "fold": ["a"] * 10 + ["b"],
            "entity": [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9],
            "observed": [*errors, 0.0],
            "predicted": 0.0,
        }
    )
    assert entity_half_widths(tested, level=0.8)[-1] == 8.0
    assert entity_half_widths(tested, level=0.85)[-1] == 8.0
    assert entity_half_widths(tested, level=0.86)[-1] == 9.0
    assert entity_half_widths(tested, level=0.95)[-1] == np.inf
    assert np.isinf(entity_half_widths(tested, level=0.8)[:-1]).all()


def half_width(tested, at, level):
    """Return half the width of one row's interval by its definition: weigh the others' errors one by one."""
    others = tested[tested["fold"] != tested["fold"][at]]
    error = (others["observed"] - others["predicted"]).abs()
    n_entities = others["entity"].nunique()
    for width in sorted(error):
        if (error <= width).groupby(others["entity"]).mean().sum() >= level * (n_entities + 1) - 1e-9:
            return width
    return np.inf


@pytest.mark.parametrize("level", [0.5, 0.72, 0.9])
def test_widths_coverage_and_limits_are_those_of_the_definition(level):
    """Three folds of five entities with one to five rows each; at 0.9 ten other entities suffice."""
    rng = np.random.default_rng(3)
    entity = rng.permutation(np.repeat(np.arange(15), np.arange(15) % 5 + 1))
    tested = pd.DataFrame({"fold": entity % 3, "entity": entity, "observed": rng.normal(size=entity.size)})
    tested["predicted"] = 0.5 * rng.normal(size=entity.size)
    expected = [half_width(tested, at, level) for at in range(entity.size)]
    np.testing.assert_allclose(entity_half_widths(tested, level=level), expected, rtol=1e-14)
    if level == LEVEL:
        place = {"outcome": "y", "estimator": "ols", "protocol": "held_out", "sample": "test"}
        seen = tested.assign(sample="train", fold=(tested["fold"] + 1) % 3)
        frame = pd.concat([seen.assign(**place | {"sample": "train"}), tested.assign(**place)])
        frame = frame.reset_index(drop=True)
        row = coverage_table(frame).iloc[0]
        error = (tested["observed"] - tested["predicted"]).abs()
        assert row["coverage"] == (error <= expected).mean()
        assert row["width"] == pytest.approx(2.0 * np.mean(expected), rel=1e-14)
        limits = [(tested["predicted"] + sign * np.array(expected), 0.5 + 0.45 * sign) for sign in (-1, 1)]
        losses = [mean_pinball_loss(tested["observed"], limit, alpha=share) for limit, share in limits]
        assert row["interval_score"] == pytest.approx(20.0 * sum(losses), rel=1e-12)
        limits = with_limits(frame)[frame["sample"] == "test"]
        np.testing.assert_allclose(limits["predicted_low"], tested["predicted"] - expected, rtol=1e-13)
        np.testing.assert_allclose(limits["predicted_high"], tested["predicted"] + expected, rtol=1e-13)


def test_without_enough_other_entities_there_is_no_interval():
    """Nine others are needed at 0.9: of two folds of eight and nine entities one has too few."""
    entity = np.arange(17)
    fold = np.where(entity < 8, "a", "b")
    place = {"outcome": "y", "estimator": "ols", "protocol": "held_out"}
    tested = pd.DataFrame({"fold": fold, "entity": entity, "observed": 1.0 + entity, "predicted": 0.0})
    other = tested.assign(fold=np.where(fold == "a", "b", "a"), sample="train")
    frame = pd.concat([tested.assign(sample="test"), other], ignore_index=True).assign(**place)
    assert coverage_table(frame).empty
    limits = with_limits(frame)[frame["sample"] == "test"]
    assert limits.loc[fold == "a", "predicted_high"].tolist() == [17.0] * 8
    assert limits.loc[fold == "b", ["predicted_low", "predicted_high"]].isna().all(axis=None)


@pytest.mark.slow
def test_coverage():
    assert 0.88 <= coverage(100) <= 0.93


def test_accuracy_has_coverage_and_predictions_limits_where_whole_entities_are_tested():
    frame = held_out_predictions(1)
    found = accuracy_table(frame).set_index("sample")
    assert found.loc["test", "coverage"] == coverage_table(frame)["coverage"][0]
    assert found.loc[["train", "all"], "coverage"].isna().all()
    limits = with_limits(frame)
    tested = limits[limits["sample"] == "test"]
    inside = tested["observed"].between(tested["predicted_low"], tested["predicted_high"])
    assert inside.mean() == found.loc["test", "coverage"]
    width = tested["predicted_high"] - tested["predicted_low"]
    assert width.mean() == pytest.approx(found.loc["test", "width"])
    assert limits[limits["sample"] == "train"]["predicted_low"].isna().all()
    rows_apart = frame.assign(sample=np.where(frame["time"] == 0, "test", "train"))
    assert accuracy_table(rows_apart)["coverage"].isna().all()


CELL = ("outcome", "estimator", "protocol")


def test_cells_are_groups_in_the_order_of_their_first_rows():
    """7 x 6 x 9 combinations do not fit into a byte; two thirds of them have rows."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({name: rng.integers(0, n, 400) for name, n in zip(CELL, (7, 6, 9), strict=True)})
    frame = frame.astype(str)
    groups = frame.groupby(list(CELL), sort=False).indices
    found = list(cells(frame, CELL))
    assert [place for place, _ in found] == list(frame.drop_duplicates().itertuples(index=False, name=None))
    for place, positions in found:
        np.testing.assert_array_equal(positions, groups[place])


def test_clusters_without_rows_have_no_losses():
    losses = cluster_losses(np.array([1.0, 2.0, 4.0]), np.array([3.0, 1.0, 1.0]), np.array([0, 2, 2]))
    assert losses.loss.tolist() == [1.0, 6.0]
    assert losses.loss_reference.tolist() == [3.0, 2.0]
    assert losses.n_rows.tolist() == [1.0, 2.0]


def sides(*rows):
    """Return the sides of rows of fold, sample and entity."""
    return Sides.of(pd.DataFrame(rows, columns=["fold", "sample", "entity"]), "entity")


def test_sides_tell_whether_labels_are_apart_and_tested_once():
    apart = [("1", "test", "a"), ("1", "train", "b"), ("2", "test", "b"), ("2", "train", "a")]
    assert (sides(*apart).are_apart, sides(*apart).are_tested_once) == (True, True)
    mixed = sides(*apart, ("2", "train", "b"))
    assert (mixed.are_apart, mixed.are_tested_once) == (False, True)
    again = sides(*apart, ("2", "test", "a"))
    assert (again.are_apart, again.are_tested_once) == (False, False)
    one_fold = sides(*apart[:2])
    assert (one_fold.are_apart, one_fold.are_tested_once) == (True, False)
    untested = sides(("1", "train", "a"))
    assert (untested.are_apart, untested.are_tested_once) == (False, False)


NOISE = {"held_out_entities": 1.1, "in_sample": 0.3, "as_published": 0.5, "random_rows": 0.6}
PROTOCOLS = {name: f"id of {name}" for name in NOISE}


def gains():
    rng = np.random.default_rng(0)
    parts = []
    for protocol, noise in NOISE.items():
        observed = rng.normal(size=90)
        tested = np.ones(90, dtype=bool) if protocol == "in_sample" else rng.random(90) < 0.5
        rows = rows_of(30, ["2000", "2001", "2002"], protocol=PROTOCOLS[protocol], observed=observed)
        for estimator, size in (("ols", 1.0), ("ann", noise), ("tree", 0.9)):
            own = rows.assign(estimator=estimator, predicted=observed + size * rng.normal(size=90))
            parts += [own[tested].assign(sample="test"), own.assign(sample="train")]
    level = 0.95
    return gains_table(pd.concat(parts, ignore_index=True), references=("ols",), level=level)


def test_each_part_is_the_gain_of_its_protocol_with_the_same_interval_and_its_own_reference():
    table = gains()
    left = decomposition_table(table, reference="ols", protocols=PROTOCOLS)
    tested = table[table["sample"] == "test"].set_index(["estimator", "protocol"])
    assert len(left) == 2 * 4
    for row in left.itertuples():
        own = tested.loc[(row.estimator, row.protocol)]
        assert row.protocol == PROTOCOLS[LEFT[row.part]]
        assert (row.estimate, row.conf_low, row.conf_high) == (own.gain, own.conf_low, own.conf_high)
        assert row.estimate == pytest.approx(1 - row.mse / row.mse_reference, rel=1e-12)
    assert left["mse_reference"].nunique() == 4


def test_parts_stand_from_rows_at_hand_to_entities_never_seen():
    left = decomposition_table(gains(), reference="ols", protocols=PROTOCOLS)
    assert left["part"].tolist() == 2 * [
        "in sample",
        "other rows, used to select",
        "other rows of the same entities",
        "new entities",
    ]


def test_a_protocol_that_a_study_lacks_has_no_part():
    protocols = {name: id_ for name, id_ in PROTOCOLS.items() if name != "random_rows"}
    left = decomposition_table(gains(), reference="ols", protocols=protocols)
    assert "other rows of the same entities" not in set(left["part"])
    assert decomposition_table(gains(), reference="ols", protocols={}).empty


def test_a_gain_that_is_missing_is_left_out():
    table = gains()
    hole = (table["estimator"] == "ann") & (table["protocol"] == PROTOCOLS["random_rows"])
    left = decomposition_table(table.mask(hole, other=np.nan), reference="ols", protocols=PROTOCOLS)
    assert len(left) == 7


def test_limits_of_models_count_where_every_test_row_has_some():
    """Those of `ann` hold every row; those of `ols` miss in one fold, and then are not there."""
    frame = predictions()
    frame["model_low"], frame["model_high"] = frame["observed"] - 1.0, frame["observed"] + 2.0
    of_ols, is_train = frame["estimator"] == "ols", frame["sample"] == "train"
    frame.loc[is_train, ["model_low", "model_high"]] = np.nan
    frame.loc[of_ols & (frame["fold"] == "2"), "model_low"] += 1.5
    table = model_coverage_table(frame).set_index("estimator")
    is_held = 1.0 - (frame["fold"] == "2")[of_ols & ~is_train].mean()
    assert table.loc["ann", ["model_coverage", "model_width"]].tolist() == pytest.approx([1.0, 3.0])
    assert table.loc["ols", "model_coverage"] == pytest.approx(is_held)
    assert table.loc["ann", "model_interval_score"] == pytest.approx(3.0)
    score = 3.0 * is_held + (1.5 + 20.0 * 0.5) * (1.0 - is_held)  # misses by a half, with a width of 1.5
    assert table.loc["ols", "model_interval_score"] == pytest.approx(score)
    frame.loc[of_ols & (frame["fold"] == "2"), ["model_low", "model_high"]] = np.nan
    assert model_coverage_table(frame)["estimator"].tolist() == ["ann"]
    assert model_coverage_table(predictions()).empty

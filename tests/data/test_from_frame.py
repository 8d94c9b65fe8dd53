"""A panel of a script's table, and an estimator fitted on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import harness
import harness.plugin
from harness.estimators.protocol import ESTIMATOR
from harness.installed import installed
from small_run import grunfeld

ROLES = harness.plugin.Roles("firm", "year", outcomes=("invest",), exposure="value", controls=("capital",))


def design(rows):
    return np.column_stack([np.ones(len(rows)), rows[["value", "capital"]]])


def test_an_estimator_fits_the_panel_of_a_table_and_predicts_another():
    frame = grunfeld().reset_index()
    early, late = frame[frame["year"] < 1950], frame[frame["year"] >= 1950]
    estimator = installed().of(ESTIMATOR)["pooled_ols"]()
    fit = estimator.fit(harness.panel_from_frame(early, ROLES), rng=np.random.default_rng(1))
    panel = harness.panel_from_frame(late, ROLES)
    slopes = np.linalg.lstsq(design(early), early["invest"], rcond=None)[0]
    expected = design(late.sort_values(["firm", "year"])) @ slopes
    assert fit.predict(panel) == pytest.approx(expected, rel=1e-9)
    assert [panel.entity.labels[code] for code in panel.entity.codes[:2]] == ["American Steel"] * 2


def test_levels_of_an_index_are_columns_and_rows_are_put_in_order():
    shuffled = grunfeld().sample(frac=1, random_state=2)
    ordered = harness.panel_from_frame(grunfeld(), ROLES)
    again = harness.panel_from_frame(shuffled, ROLES)
    np.testing.assert_array_equal(again.X, ordered.X)
    assert (again.n_obs, again.n_entities, again.n_periods) == (220, 11, 20)


def test_what_is_wrong_with_a_table_is_told():
    frame = grunfeld().reset_index()
    frame.loc[3, "capital"] = np.nan
    with pytest.raises(harness.DataError, match="capital"):
        harness.panel_from_frame(frame, ROLES)
    with pytest.raises(harness.DataError, match="did you mean 'value'"):
        harness.panel_from_frame(frame, replace(ROLES, exposure="valu"))

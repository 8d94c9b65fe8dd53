"""A study whose estimators absorb further columns and weigh rows, from the spec to the tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from harness import DataError, Panel
from harness.api import prepare_study as prepare
from harness.api import run_study as run
from harness.estimators.protocol import ESTIMATOR
from harness.installed import installed
from harness.plugin import NeedsGroups, random_stream
from harness.registry.catalog import Catalog
from harness.running.options import RunOptions
from harness.running.plan import group_columns
from harness.study.spec.load import load_study
from harness_panel import FixedEffects

SPEC = """
spec_version: 1
study: plants
title: Plants
seed: 7
data: {path: plants.csv}
roles: {entity: plant, time: year, outcomes: [y], exposure: x, controls: [z], weights: size}
estimators:
  - {id: ols, use: pooled_ols, weighted: true, covariance: {use: classical}}
  - {id: fe, use: fixed_effects, effects: [entity], absorb: [industry], covariance: {use: classical}}
  - {id: weighed, use: fixed_effects, absorb: [industry], weighted: true, covariance: {use: robust}}
  - {id: bagged, use: rab, draws: 10, base: {use: fixed_effects, absorb: [branch], weighted: true}}
  - {id: plain, use: fixed_effects}
evaluation: {reference: ols, protocols: [in_sample, held_out_entities, as_published]}
multiverse: {estimator: plain, vary: {weighted: [true, false]}, references: [ols]}
report: {formats: []}
"""


def plants() -> pd.DataFrame:
    rng = random_stream(9)
    plant, year = (axis.ravel() for axis in np.indices((20, 6)))
    industry, county = rng.integers(0, 4, size=plant.size), rng.integers(0, 3, size=plant.size)
    x, z = rng.normal(size=(2, plant.size)) + 0.3 * plant
    size = 10.0 ** rng.uniform(0.0, 2.0, size=plant.size)
    y = 2.0 * x - z + 1.5 * industry + 0.5 * plant + rng.normal(size=plant.size) / np.sqrt(size)
    names = np.array(["mining", "textiles", "food", "paper"])
    return pd.DataFrame(
        {
            "plant": [f"p{one:02d}" for one in plant],
            "year": 2001 + year,
            "y": y,
            "x": x,
            "z": z,
            "size": size,
            "industry": names[industry],
            "branch": industry,
            "county": county,
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("plants")
    (root / "study.yaml").write_text(SPEC, encoding="utf-8")
    plants().to_csv(root / "plants.csv", index=False)
    return root


@pytest.fixture(scope="module")
def finished(folder) -> Path:
    return run(RunOptions(folder / "study.yaml", out=folder / "run")).path


def design(frame: pd.DataFrame) -> np.ndarray:
    plants_, industries = (
        pd.get_dummies(frame[one], drop_first=True, dtype=float) for one in ("plant", "industry")
    )
    return np.column_stack([frame[["x", "z"]], np.ones(len(frame)), plants_, industries])


def test_panels_carry_the_columns_of_every_estimator_nested_ones_too(folder):
    panel = prepare(RunOptions(folder / "study.yaml")).panels.panel("y")
    assert [group.name for group in panel.groups] == ["industry", "branch"]
    np.testing.assert_allclose(panel.weights, plants()["size"], rtol=1e-12)


def test_every_cell_is_computed(finished):
    accuracy = pd.read_csv(finished / "accuracy.csv")
    assert set(accuracy["estimator"]) == {"ols", "fe", "weighed", "bagged", "plain"}
    assert accuracy["mse"].notna().all()
    gains = pd.read_csv(finished / "multiverse.csv")
    assert set(gains["weighted"].astype(str)) == {"True", "False"}
    assert gains["gain"].notna().all()


def test_coefficients_are_those_of_regressions_on_dummies(finished):
    frame, table = plants(), pd.read_csv(finished / "coefficients.csv").set_index(["estimator", "term"])
    plain = sm.OLS(frame["y"], design(frame)).fit()
    weighed = sm.WLS(frame["y"], design(frame), weights=frame["size"]).fit(cov_type="HC1")
    pooled = sm.WLS(frame["y"], design(frame)[:, :3], weights=frame["size"]).fit()
    for name, expected in (("fe", plain), ("weighed", weighed), ("ols", pooled)):
        own = table.loc[name].loc[["x", "z"]]
        np.testing.assert_allclose(own["estimate"], expected.params.iloc[:2], rtol=1e-9)
        np.testing.assert_allclose(own["std_error"], expected.bse.iloc[:2], rtol=1e-9)


def test_entities_held_out_are_counted_as_unseen(finished):
    warnings = pd.read_csv(finished / "warnings.csv")
    unseen = warnings[warnings["code"] == "W-UNSEEN"]
    assert unseen["where"].str.contains("fe").any()


@dataclass(frozen=True)
class ByColumn:
    """An estimator of a plugin, with an option that names one column."""

    name: ClassVar[str] = "by_column"
    provides: ClassVar[frozenset[type]] = frozenset({NeedsGroups})

    by: str = "industry"

    @property
    def group_columns(self) -> tuple[str, ...]:
        return (self.by,)

    def fit(self, panel: Panel, *, rng, selection=None):
        return FixedEffects((), absorb=(self.by,)).fit(panel, rng=rng)


def test_columns_that_a_multiverse_varies_are_carried(folder):
    known = {**installed().catalogs, "estimator": Catalog(ESTIMATOR, {ByColumn.name: ByColumn})}
    overrides = (
        "estimators=[{use: by_column, by: branch}]",
        "evaluation.reference=by_column",
        "multiverse={estimator: by_column, vary: {by: [county, branch]}, references: [by_column]}",
        "scenarios=[{use: heterogeneity, by: industry}]",
    )
    study = load_study(folder / "study.yaml", catalogs=known, overrides=overrides).study
    assert group_columns(study, known) == ("industry", "branch", "county")


def test_a_column_that_the_data_lack_stops_the_run_before_anything_is_fitted(folder):
    with pytest.raises(DataError, match=r"column 'trade' \(groups\): there is no such column"):
        prepare(RunOptions(folder / "study.yaml", overrides=("estimators[fe].absorb=[trade]",)))

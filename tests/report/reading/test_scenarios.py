"""Surfaces, groups and featured estimators read from tables."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from harness.errors import ArtifactError
from harness.report.reading.featured import featured
from harness.report.reading.run import read_run
from harness.report.reading.surfaces import SurfaceKey, surfaces_from


def cells():
    exposure, moderator = np.meshgrid([0.0, 1.0, 3.0], [10.0, 20.0], indexing="ij")
    level = exposure * moderator
    frame = pd.DataFrame({"exposure_at": exposure.ravel(), "moderator_at": moderator.ravel()})
    layers = {"estimate": 0.0, "conf_low": -1.0, "conf_high": 1.0}
    return frame.assign(
        **{name: level.ravel() + more for name, more in layers.items()},
        effect=moderator.ravel(),
        effect_low=0.0,
        effect_high=1.0,
        n_obs=5,
        supported=[True, False] * 3,
        status="ok",
        scenario="educ",
        moderator="educ",
        outcome="y",
        estimator="rab",
    )


def test_cells_become_a_surface_whatever_their_order():
    (made,) = surfaces_from(cells().sample(frac=1.0, random_state=3))
    assert made.key == SurfaceKey("educ", "educ", "y", "rab")
    assert made.estimate.tolist() == [[0.0, 0.0], [10.0, 20.0], [30.0, 60.0]]
    assert made.supported.tolist() == [[True, False]] * 3
    assert (made.conf_high - made.conf_low == 2.0).all()


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda frame: frame.drop(columns=["effect", "n_obs"]), "the table lacks effect, n_obs"),
        (lambda frame: frame.iloc[1:], "rab on y by educ: cells are missing"),
    ],
    ids=["columns", "cells"],
)
def test_a_broken_table_is_refused(spoil, what):
    with pytest.raises(ArtifactError, match=what):
        surfaces_from(spoil(cells()))


def test_a_refused_surface_has_a_reason_and_no_cells():
    refused = pd.DataFrame([{"outcome": "y", "estimator": "fe", "moderator": "educ", "scenario": "educ"}])
    whole = pd.concat([cells(), refused.assign(status="refused")], ignore_index=True)
    assert [one.key.estimator for one in surfaces_from(whole)] == ["rab"]


def test_levels_of_a_group_are_its_quantiles(wage):
    groups = read_run(wage).groups
    rows = groups.of(("rank", "rank"), "lwage", "ols")
    assert [(row.group, row.mode, row.is_done) for row in rows] == [
        ("first rank", "pooled", True),
        ("other", "pooled", True),
        ("first rank", "refit", True),
        ("other", "refit", False),
    ]
    levels = groups.levels_of(rows[0])
    assert levels.quantile.tolist() == pytest.approx(np.linspace(0.0, 1.0, 41).tolist())
    assert levels.level[20] == pytest.approx(1.6)
    assert groups.levels_of(rows[3]) is None


@pytest.mark.parametrize(
    ("asked", "claimed", "shown"),
    [
        pytest.param((), True, ["rab", "ols"], id="claimed-curves"),
        pytest.param((), False, ["boosting", "ols"], id="last-of-the-study"),
        pytest.param(("fe", "gone", "ols"), True, ["fe", "ols"], id="asked"),
    ],
)
def test_which_estimators_are_featured(wage, asked, claimed, shown):
    run = read_run(wage)
    study = dataclasses.replace(run.manifest.study, featured=asked)
    run = dataclasses.replace(
        run,
        manifest=dataclasses.replace(run.manifest, study=study),
        claims=run.claims if claimed else (),
    )
    assert [one.id for one in featured(run)] == shown


def test_a_study_of_the_reference_alone_features_it(wage):
    run = read_run(wage)
    study = dataclasses.replace(run.manifest.study, estimators=run.manifest.study.estimators[:1])
    run = dataclasses.replace(run, manifest=dataclasses.replace(run.manifest, study=study))
    assert [one.id for one in featured(run)] == ["ols"]

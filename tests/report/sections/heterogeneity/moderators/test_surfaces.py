"""Surfaces read from their table."""

import numpy as np
import pandas as pd
import pytest

from harness.errors import ArtifactError
from harness.report.sections.heterogeneity.moderators.surfaces import surfaces
from harness.tables.conditional import SurfaceKey
from report.changed_run import with_table


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


def surfaces_in(run, frame):
    return with_table(run, "surfaces", lambda _: frame).view(surfaces)


def test_cells_become_a_surface_whatever_their_order(run):
    ((key, made),) = surfaces_in(run, cells().sample(frac=1.0, random_state=3)).items()
    assert key == SurfaceKey("educ", "educ", "y", "rab")
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
def test_a_broken_table_is_refused(run, spoil, what):
    with pytest.raises(ArtifactError, match=what):
        surfaces_in(run, spoil(cells()))


def test_a_refused_surface_has_a_reason_and_no_cells(run):
    refused = pd.DataFrame([{"outcome": "y", "estimator": "fe", "moderator": "educ", "scenario": "educ"}])
    whole = pd.concat([cells(), refused.assign(status="refused")], ignore_index=True)
    assert [key.estimator for key in surfaces_in(run, whole)] == ["rab"]

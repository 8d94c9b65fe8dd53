"""The sign of the effect over exposure and moderator, where the moderator is the effect."""

from __future__ import annotations

import numpy as np
import pytest

from harness.data.simulate.small_panels import InteractionPanel
from harness.scenarios.conditional.scenario import ConditionalScenario
from rab_subjects import rab_on

DRAWS = 40


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_the_sign_map_of_a_product_is_right(seed):
    tables = ConditionalScenario(moderator="moderator", draws=DRAWS, grid=20).answer(
        rab_on(InteractionPanel(seed=seed), draws=DRAWS)
    )
    surface = tables["surfaces"]
    told = surface[surface["supported"]]
    assert len(told) > 0.7 * len(surface)
    assert (np.sign(told["effect"]) == np.sign(told["moderator_at"])).mean() >= 0.95
    established = told[(told["effect_low"] > 0.0) | (told["effect_high"] < 0.0)]
    assert len(established) > 0.5 * len(told)
    assert (np.sign(established["effect"]) == np.sign(established["moderator_at"])).mean() >= 0.99
    (threshold,) = tables["thresholds"].to_dict("records")
    assert threshold["kind"] == "negative_to_positive"
    assert threshold["at"] == pytest.approx(0.0, abs=0.05)

"""Treatments: what is one, and what was never seen without it."""

import numpy as np
import pytest

from effect_panels import staggered_panel
from harness import EstimationError
from harness.estimators.treatment import LONG_AGO, Treatment
from harness.plugin import random_stream
from harness.scenarios.effect.scenario import EffectScenario
from panels import panel_from_arrays


def drawn(**options):
    return staggered_panel(random_stream(1), per_cohort=5, n_never=5, **options)[0]


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (lambda panel: panel.X[:, 0] * 2.0, "values other than 0 and 1"),
        (lambda panel: (panel.period == 4).astype(float) * (panel.entity.codes < 3), "0 returns from 1 to 0"),
        (lambda panel: (panel.entity.codes < 3).astype(float), "both before and after its start"),
    ],
    ids=["no binary", "switched off again", "never starts"],
)
def test_other_exposures_are_no_treatments(column, reason):
    panel = drawn()
    with pytest.raises(EstimationError, match=reason):
        Treatment.of(panel.with_column("zone", column(panel)))


def test_what_was_never_seen_without_treatment_counts_as_long_ago():
    entity, period = (axis.ravel() for axis in np.indices((3, 6)))
    treated = (period >= np.array([0, 3, 9])[entity]).astype(float)
    panel = panel_from_arrays(entity=entity, period=period, outcome=period, X=treated, columns=("zone",))
    treatment = Treatment.of(panel)
    assert (treatment.since[:6] == LONG_AGO).all()
    assert treatment.since[6:12].tolist() == [-3, -2, -1, 0, 1, 2]
    assert treatment.n_starts == 1


def test_debiased_effects_of_a_treatment_in_stages_are_warned_of():
    assert "W-STAGGERED" in {note.code for note in EffectScenario().notes(drawn())}
    assert "W-STAGGERED" not in {note.code for note in EffectScenario().notes(drawn(sizes={4: 1.0}))}

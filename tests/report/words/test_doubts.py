"""What stands against a gain, against sentences written by hand from the numbers."""

from dataclasses import replace

import pytest

from harness.evaluation.fold import SAME_ENTITY, SAME_PERIOD
from harness.report.reading.results import GainCell, Standing
from harness.report.words.doubts import doubts
from harness.store.study_record import EstimatorRecord, ProtocolRecord

FORWARD = ProtocolRecord("forward", "forward", "Forward in time", "how", (SAME_ENTITY,))
ENTITIES = ProtocolRecord(
    "held_out_entities", "held_out_entities", "Held-out entities", "how", (SAME_PERIOD,)
)
ANN = EstimatorRecord("ann", "som_ann", "ANN", {})
FE = EstimatorRecord("fe", "fixed_effects", "FE", {})
NB = "\u00a0"


def cell(estimator, protocol, gain, p_splits=0.001):
    return GainCell(
        *(estimator, protocol, gain, gain - 0.1, gain + 0.1),
        Standing.BETTER if gain > 0.1 else Standing.OPEN,
        *("ok", ""),
        p_splits=p_splits,
    )


def test_fixed_effects_that_gain_more_are_told_where_entities_are_known():
    cells = [
        cell(ANN, FORWARD, 0.421),
        cell(ANN, ENTITIES, 0.3),
        cell(FE, FORWARD, 0.868),
        cell(FE, ENTITIES, 0.4),
    ]
    assert doubts(cells, level=0.95) == (
        "FE gains more than every other estimator under “Forward in time” (86.8% against at most 42.1%): "
        "where "
        "an entity is known from training, its own level is enough to gain that.",
    )


@pytest.mark.parametrize("gain", [0.42, 0.05])
def test_fixed_effects_that_gain_less_or_nothing_are_no_doubt(gain):
    assert doubts([cell(ANN, FORWARD, 0.5), cell(FE, FORWARD, gain)], level=0.95) == ()


def test_few_splits_are_told_of_established_gains_alone():
    unsure = cell(ANN, ENTITIES, 0.3, p_splits=0.175)
    assert doubts([cell(ANN, FORWARD, 0.5), unsure], level=0.95) == (
        "ANN: its gain varies so much between the splits, or they are so few, that the t test corrected for "
        f"their overlap does not reject under “Held-out entities” (p{NB}={NB}0.175); more splits would tell.",
    )
    assert doubts([cell(ANN, FORWARD, 0.05), unsure], level=0.95) == ()
    assert doubts([cell(ANN, FORWARD, 0.5), replace(unsure, p_splits=float("nan"))], level=0.95) == ()

"""What stands against a gain, against sentences written by hand from the numbers."""

import pytest

from harness.evaluation.protocol import SAME_ENTITY, SAME_PERIOD
from harness.record.study import EstimatorRecord, ProtocolRecord
from harness.report.model.gains import GainCell
from harness.report.sections.gains.caveats import caveats
from harness.report.sections.gains.judgement import judgements
from harness.tables.gain import GainStatus
from report.fake_gain import gain_row

NB = "\u00a0"


FORWARD = ProtocolRecord("forward", "forward", "Forward in time", "how", (SAME_ENTITY,))


ENTITIES = ProtocolRecord(
    "held_out_entities", "held_out_entities", "Held-out entities", "how", (SAME_PERIOD,)
)


ANN = EstimatorRecord("ann", "som_ann", "ANN", {})


FE = EstimatorRecord("fe", "fixed_effects", "FE", {"effects": ["entity"]})


NET = EstimatorRecord("net", "mlp", "ANN with levels", {"effects": ["entity", "time"]})


def cell(estimator, protocol, gain, **numbers):
    row = gain_row(estimator, protocol, gain, gain - 0.1, gain + 0.1, **{"p_splits": 0.001, **numbers})
    return GainCell(estimator, protocol, row, row.status_at(0.95))


def test_fixed_effects_that_gain_more_are_told_where_entities_are_known():
    cells = [
        cell(ANN, FORWARD, 0.421),
        cell(ANN, ENTITIES, 0.3),
        cell(FE, FORWARD, 0.868),
        cell(FE, ENTITIES, 0.4),
    ]
    assert caveats(cells, level=0.95) == (
        "FE gains more than every estimator without levels of entities under “Forward in time” (86.8% "
        "against at most 42.1%). Where an entity is known from training, its own level is worth more "
        "than what those find.",
    )


def test_of_several_estimators_with_levels_the_one_that_gains_least_is_named():
    cells = [cell(ANN, FORWARD, 0.421), cell(NET, FORWARD, 0.9), cell(FE, FORWARD, 0.868)]
    (said,) = caveats(cells, level=0.95)
    assert said.startswith("FE gains more than every estimator without levels")
    (over_ols,) = caveats(cells, level=0.95, reference="OLS")
    assert over_ols.startswith("FE gains more over OLS than every estimator without levels")
    assert caveats(cells, level=0.95, reference="FE of regions", has_levels=True) == ()
    assert caveats([cell(ANN, FORWARD, 0.421), cell(FE, FORWARD, 0.2)], level=0.95) == ()


@pytest.mark.parametrize("gain", [0.42, 0.05])
def test_fixed_effects_that_gain_less_or_nothing_are_no_caveat(gain):
    assert caveats([cell(ANN, FORWARD, 0.5), cell(FE, FORWARD, gain)], level=0.95) == ()


def test_a_gain_that_one_fold_carries_is_said_to_hang_on_the_splits():
    """Fold gains of 7, 49 and 6 per cent, p over the splits .46: seen on countries' emissions."""
    unsure = cell(ANN, ENTITIES, 0.217, p_splits=0.46, fold_gain_min=0.06, fold_gain_max=0.49)
    assert unsure.status is GainStatus.OPEN
    said = (
        "Over all folds of “Held-out entities” together there is a gain for ANN (folds 6.0% to 49.0%, "
        f"p{NB}={NB}0.460 over the splits). More splits would tell."
    )
    assert caveats([cell(ANN, FORWARD, 0.5), unsure], level=0.95) == (said,)
    (over_fe,) = caveats([cell(ANN, FORWARD, 0.5), unsure], level=0.95, reference="FE")
    assert over_fe == said.replace("there is a gain for", "there is a gain over FE for")
    assert not judgements([cell(ANN, FORWARD, 0.5), unsure])[0].is_established
    assert caveats([cell(ANN, FORWARD, 0.5), cell(ANN, ENTITIES, 0.05)], level=0.95) == ()

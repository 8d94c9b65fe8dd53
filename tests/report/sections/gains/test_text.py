"""Verdicts, against sentences written by hand from the numbers."""

import math
from dataclasses import replace

import pytest

from harness.evaluation.protocol import SAME_ENTITY, SAME_PERIOD, TEST_SELECTION, TRAINING_ROWS
from harness.record.study import EstimatorRecord, ProtocolRecord
from harness.report.model.gains import GainCell
from harness.report.model.run import read_run
from harness.report.sections.gains.text import estimator_verdict, headline, lowest_error
from harness.tables.gain import GainStatus
from report.fake_gain import gain_row

NB = "\u00a0"


RANDOM = ProtocolRecord("as_published", "as_published", "Random rows", "how", (SAME_ENTITY, TEST_SELECTION))


INSIDE = ProtocolRecord("in_sample", "in_sample", "In sample", "how", (TRAINING_ROWS,))


ENTITIES = ProtocolRecord(
    "held_out_entities", "held_out_entities", "Held-out entities", "how", (SAME_PERIOD,)
)


FORWARD = ProtocolRecord("forward", "forward", "Forward in time", "how", (SAME_ENTITY,))


ANN = EstimatorRecord("ann", "som_ann", "ANN", {})


FE = EstimatorRecord("fe", "fixed_effects", "FE", {})


def cell(estimator, protocol, gain, low, high, p_holm=math.nan, p_best=math.nan):
    row = gain_row(estimator, protocol, gain, low, high, p_holm=p_holm, p_best=p_best)
    return GainCell(estimator, protocol, row, row.status_at(0.95))


def refusal(estimator, protocol, reason):
    row = gain_row(estimator, protocol, math.nan, math.nan, math.nan, status="refused", reason=reason)
    return GainCell(estimator, protocol, row, GainStatus.MISSING)


def better(estimator, protocol):
    return cell(estimator, protocol, 0.4, 0.3, 0.5)


def worse(estimator, protocol):
    return cell(estimator, protocol, -0.4, -0.5, -0.3)


def unclear(estimator, protocol):
    return cell(estimator, protocol, 0.02, -0.03, 0.07)


NONE = "No gain over OLS is established for any estimator."


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        pytest.param(
            [better(ANN, RANDOM), better(ANN, INSIDE), worse(ANN, ENTITIES), unclear(ANN, FORWARD)],
            f"{NONE} For ANN a gain stands only where test rows take part in fitting or selecting, under "
            "“Random rows” and “In sample”.",
            id="inside-only",
        ),
        pytest.param(
            [
                *(better(ANN, RANDOM), worse(ANN, ENTITIES), unclear(ANN, FORWARD)),
                *(better(FE, RANDOM), unclear(FE, ENTITIES), better(FE, FORWARD)),
            ],
            f"{NONE} For FE a gain stands under “Forward in time”, but not under “Held-out entities”, where "
            "the tested entities are not known from training. For ANN a gain stands only where test rows "
            "take part in fitting or selecting, under “Random rows”.",
            id="known-entities-alone",
        ),
        pytest.param(
            [better(ANN, ENTITIES), worse(ANN, FORWARD)],
            f"{NONE} For ANN a gain stands under “Held-out entities”, but not under “Forward in time”.",
            id="not-forward",
        ),
        pytest.param(
            [better(FE, FORWARD), refusal(FE, ENTITIES, "why")],
            f"{NONE} For FE a gain stands under “Forward in time”; there is no result under “Held-out "
            "entities”.",
            id="a-refusal-is-no-agreement",
        ),
        pytest.param(
            [
                *(unclear(ANN, RANDOM), better(ANN, ENTITIES), better(ANN, FORWARD)),
                *(better(FE, RANDOM), unclear(FE, ENTITIES), better(FE, FORWARD)),
            ],
            "A gain over OLS is established for ANN: it stands under every protocol that keeps test rows "
            "apart "
            "(“Held-out entities” and “Forward in time”), the number of comparisons allowed for. For FE a "
            "gain "
            "stands under “Forward in time”, but not under “Held-out entities”, where the tested entities "
            "are not known from training.",
            id="one-established",
        ),
        pytest.param(
            [
                better(estimator, protocol)
                for estimator in (ANN, FE)
                for protocol in (RANDOM, ENTITIES, FORWARD)
            ],
            "A gain over OLS is established for ANN and FE: it stands under every protocol of this run, the "
            "number of comparisons allowed for.",
            id="everywhere",
        ),
        pytest.param(
            [better(ANN, RANDOM), better(ANN, FORWARD)],
            "A gain over OLS is established for ANN: it stands under every protocol of this run, the "
            "number of "
            "comparisons allowed for. All of these protocols train on other rows of the tested entities, so "
            "it is not known whether it holds for entities never seen.",
            id="entities-never-hidden",
        ),
        pytest.param(
            [better(ANN, RANDOM), unclear(FE, RANDOM)],
            "No gain over OLS can be established: test rows take part in fitting or selecting under every "
            "protocol of this run. For ANN a gain stands only where test rows take part in fitting or "
            "selecting, under “Random rows”.",
            id="no-protocol-apart",
        ),
        pytest.param([unclear(ANN, RANDOM), worse(ANN, ENTITIES)], NONE, id="none"),
        pytest.param([refusal(ANN, RANDOM, "why")], "No gain over OLS could be computed.", id="all-refused"),
    ],
)
def test_headline(cells, sentence):
    assert headline(cells, reference="OLS") == sentence


def test_the_verdict_on_an_estimator_has_every_number():
    cells = [
        cell(ANN, RANDOM, 0.3117, 0.2717, 0.3517, p_holm=0.012, p_best=0.0005),
        cell(ANN, INSIDE, 0.4468, 0.4268, 0.4668),
        cell(ANN, ENTITIES, -0.143, -0.203, -0.083),
        cell(ANN, FORWARD, 0.021, -0.029, 0.071),
    ]
    assert estimator_verdict(cells, reference="OLS") == (
        f"ANN: better than OLS under “Random rows” (31.2% [27.2,{NB}35.2], adjusted{NB}p{NB}={NB}0.012) "
        f"and “In sample” "
        f"(44.7% [42.7,{NB}46.7]); worse than OLS under “Held-out entities” (−14.3% [−20.3,{NB}−8.3]); "
        f"not established to differ under “Forward in time” (2.1% [−2.9,{NB}7.1])."
    )


def test_a_refusal_is_told_with_its_reason():
    cells = [better(FE, RANDOM), refusal(FE, ENTITIES, "no entity is known")]
    assert estimator_verdict(cells, reference="OLS") == (
        f"FE: better than OLS under “Random rows” (40.0% [30.0,{NB}50.0]); "
        "no result under “Held-out entities” (no entity is known)."
    )


def test_the_lowest_error_is_named_with_the_next(wage):
    run = read_run(wage)
    protocols = run.manifest.study.protocols
    # 0.2312 x (1 - 0.421) and 0.2312 x (1 - 0.312); 0.2341 and 0.2341 x 1.032
    assert lowest_error(run, "lwage", protocols[0]) == (
        "“As published (random rows)”: Fixed effects (0.1339; the next lowest is 0.1591)."
    )
    assert lowest_error(run, "lwage", protocols[2]) == (
        "“Held-out entities”: Pooled OLS (0.2341; the next lowest is 0.2416)."
    )
    assert (
        lowest_error(run, "no such outcome", protocols[2])
        == "“Held-out entities”: no estimator has a result."
    )


def once(estimator, protocol):
    row = gain_row(estimator, protocol, 0.4, 0.3, 0.5)
    return GainCell(estimator, protocol, row, GainStatus.BETTER_ONCE)


def test_that_time_was_seen_once_is_said_once():
    cells = [
        *(better(ANN, ENTITIES), once(ANN, FORWARD)),
        *(unclear(FE, ENTITIES), once(FE, FORWARD)),
    ]
    said = headline(cells, reference="OLS")
    assert said.count("Time was seen once under “Forward in time”: the interval is one given") == 1
    assert said.endswith(
        "For FE a gain stands under “Forward in time”, but not under “Held-out entities”, where the tested "
        "entities are not known from training."
    )


def test_a_gain_that_folds_leave_open_is_given_with_its_folds():
    row = replace(
        cell(FE, ENTITIES, 0.052, 0.019, 0.085, p_holm=0.014, p_best=0.01).row,
        fold_gain_min=0.039,
        fold_gain_max=0.075,
        p_splits=0.102,
    )
    apart = GainCell(FE, ENTITIES, row, row.status_at(0.95))
    assert estimator_verdict([apart], reference="OLS") == (
        f"FE: not established to differ under “Held-out entities” (5.2% [1.9,{NB}8.5], "
        f"adjusted{NB}p{NB}={NB}0.014, folds 3.9% to 7.5%, p{NB}={NB}0.102 over the splits)."
    )

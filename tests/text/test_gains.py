"""Verdicts on gains and what stands against them, against sentences written by hand from the numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from harness.evaluation.protocol import LATER_PERIODS, SAME_ENTITY, SAME_PERIOD, TEST_SELECTION, TRAINING_ROWS
from harness.findings import gain
from harness.findings.gains import GainCell, established
from harness.record.manifest import EstimatorRecord, ProtocolRecord
from harness.tables.gain import GIVEN_PERIODS, GainRow, GainStatus
from harness.text.plain_text import Footnotes
from report.fake_run import manifest, read_manifest


def gain_row(estimator, protocol, gain, low, high, *, status="ok", reason="", **p_values):
    """Return the row of one estimator under one protocol; p-values that are not given are missing."""
    return GainRow(
        outcome="y",
        estimator=estimator.id,
        reference="ols",
        protocol=protocol.id,
        sample="test",
        gain=gain,
        conf_low=low,
        conf_high=high,
        p_value=p_values.pop("p_value", math.nan),
        mse=math.nan,
        mse_reference=math.nan,
        n_entities=None,
        status=status,
        reason=reason,
        **p_values,
    )


NB = "\u00a0"
RANDOM = ProtocolRecord("as_published", "as_published", "Random rows", "how", (SAME_ENTITY, TEST_SELECTION))
INSIDE = ProtocolRecord("in_sample", "in_sample", "In sample", "how", (TRAINING_ROWS,))
ENTITIES = ProtocolRecord(
    "held_out_entities", "held_out_entities", "Held-out entities", "how", (SAME_PERIOD,)
)
FORWARD = ProtocolRecord("forward", "forward", "Forward in time", "how", (SAME_ENTITY,))
ANN = EstimatorRecord("ann", "som_ann", "ANN", {})
FE = EstimatorRecord("fe", "fixed_effects", "FE", {})


def study_of(cells):
    """Return a study with the estimators and protocols of some gains, OLS its reference."""
    named = {cell.estimator.id: cell.estimator for cell in cells}
    base = read_manifest(manifest(outcomes={"y": ("Y", "")})).study
    reference = EstimatorRecord("ols", "pooled_ols", "OLS", {})
    protocols = {cell.protocol.id: cell.protocol for cell in cells}
    return replace(base, estimators=(reference, *named.values()), protocols=tuple(protocols.values()))


def headline(cells):
    return gain.verdict(cells, reference="ols").said(study_of(cells))


def verdict_on_one(cells):
    return gain.estimator_verdict(cells, reference="ols").said(study_of(cells))


def caveats(cells, **options):
    return tuple(one.said(study_of(cells)) for one in gain.caveats(cells, **options))


def cell(estimator, protocol, gain, low, high, **numbers):
    p_holm = 0.5 if low <= 0.0 <= high else 0.01
    row = gain_row(estimator, protocol, gain, low, high, **{"p_holm": p_holm, **numbers})
    return GainCell(estimator, protocol, row, row.status_at(0.95, 0.1))


def refusal(estimator, protocol, reason):
    row = gain_row(estimator, protocol, math.nan, math.nan, math.nan, status="refused", reason=reason)
    return GainCell(estimator, protocol, row, GainStatus.MISSING)


def better(estimator, protocol):
    return cell(estimator, protocol, 0.4, 0.3, 0.5)


def worse(estimator, protocol):
    return cell(estimator, protocol, -0.4, -0.5, -0.3)


def unclear(estimator, protocol):
    return cell(estimator, protocol, 0.05, -0.1, 0.2, least_detectable=0.3)


def once(estimator, protocol):
    return cell(estimator, protocol, 0.54, 0.44, 0.68, p_holm=math.nan, inference=GIVEN_PERIODS)


def none_that_matters(estimator, protocol):
    return cell(estimator, protocol, 0.02, -0.05, 0.09)


CASES = {
    "none-that-matters": [none_that_matters(ANN, ENTITIES), worse(FE, ENTITIES)],
    "chance-among-many": [
        cell(ANN, ENTITIES, 0.26, 0.04, 0.41, p_holm=0.07, least_detectable=0.304),
        unclear(FE, ENTITIES),
    ],
    "given-periods": [once(ANN, FORWARD), cell(FE, FORWARD, 0.1, -0.1, 0.3, inference=GIVEN_PERIODS)],
    "given-periods-none": [cell(FE, FORWARD, 0.1, -0.1, 0.3, inference=GIVEN_PERIODS)],
    "more-than-three": [
        cell(replace(ANN, id=f"e{n}", label=f"E{n}"), ENTITIES, n / 10, n / 20, n / 8, least_detectable=0.2)
        for n in range(1, 6)
    ],
    "not-forward": [better(ANN, ENTITIES), worse(ANN, FORWARD)],
    "periods-left-out": [better(ANN, replace(FORWARD, leaks=(SAME_ENTITY, LATER_PERIODS)))],
    "all-worse": [worse(FE, ENTITIES), cell(ANN, ENTITIES, -1.14, -2.5, -0.3)],
    "all-behind": [worse(FE, ENTITIES), cell(ANN, ENTITIES, -0.03, -0.08, 0.02)],
    "one-worse-one-refused": [worse(ANN, ENTITIES), refusal(FE, ENTITIES, "why")],
    "given-periods-behind": [
        cell(entry, FORWARD, -0.2, -0.3, -0.1, inference=GIVEN_PERIODS, p_holm=math.nan)
        for entry in (ANN, FE)
    ],
    "equal": [cell(ANN, ENTITIES, 0.0, 0.0, 0.0), worse(FE, ENTITIES)],
    "alone-equal": [cell(ANN, ENTITIES, 0.0, 0.0, 0.0)],
    "alone-behind": [cell(ANN, ENTITIES, -0.002, -0.05, 0.04)],
    "alone-unclear": [unclear(ANN, ENTITIES)],
    "no-bound": [cell(ANN, ENTITIES, -0.5, -math.inf, 0.2), worse(FE, ENTITIES)],
    "no-protocol-apart": [better(ANN, RANDOM), unclear(FE, RANDOM)],
    "all-refused": [refusal(ANN, RANDOM, "why")],
}
# The sentence of each case, by hand from its numbers.
HEADLINES = dict(
    line.split(": ", 1)
    for line in (Path(__file__).parent / "headlines.txt").read_text(encoding="utf-8").splitlines()
)


@pytest.mark.parametrize("case", CASES)
def test_headline(case):
    assert headline(CASES[case]) == HEADLINES[case]


def test_the_verdict_on_an_estimator_has_every_number():
    cells = [
        cell(ANN, RANDOM, 0.3117, 0.2717, 0.3517, p_holm=0.012),
        cell(ANN, INSIDE, 0.4468, 0.4268, 0.4668),
        cell(ANN, ENTITIES, -0.143, -0.203, -0.083),
        cell(ANN, FORWARD, 0.021, -0.029, 0.071),
    ]
    assert verdict_on_one(cells) == (
        f"ANN: better than OLS under “Random rows” (31.2% [27.2,{NB}35.2], adjusted{NB}p{NB}={NB}0.012) "
        f"and “In sample” "
        f"(44.7% [42.7,{NB}46.7], adjusted{NB}p{NB}={NB}0.010); worse than OLS under “Held-out entities” "
        f"(−14.3% [−20.3,{NB}−8.3], adjusted{NB}p{NB}={NB}0.010); not better than OLS by more than 10% under "
        f"“Forward in time” (2.1% [−2.9,{NB}7.1], adjusted{NB}p{NB}={NB}0.500)."
    )


def test_a_refusal_is_told_with_its_reason():
    cells = [better(FE, RANDOM), refusal(FE, ENTITIES, "no entity is known")]
    assert verdict_on_one(cells) == (
        f"FE: better than OLS under “Random rows” (40.0% [30.0,{NB}50.0], adjusted{NB}p{NB}={NB}0.010); "
        "no result under “Held-out entities” (no entity is known)."
    )


WITH_LEVELS = EstimatorRecord("fe", "fixed_effects", "FE", {"effects": ["entity"]})
NET = EstimatorRecord("net", "mlp", "ANN with levels", {"effects": ["entity", "time"]})


def gained(estimator, protocol, gain):
    return cell(estimator, protocol, gain, gain - 0.1, gain + 0.1)


def test_fixed_effects_that_gain_more_are_told_where_entities_are_known():
    cells = [
        gained(ANN, FORWARD, 0.421),
        gained(ANN, ENTITIES, 0.3),
        gained(WITH_LEVELS, FORWARD, 0.868),
        gained(WITH_LEVELS, ENTITIES, 0.4),
    ]
    assert caveats(cells) == (
        "FE gains more than every estimator without fixed effects under “Forward in time” (86.8% against at "
        "most 42.1%): knowing the man is worth more than any functional form.",
    )


def test_of_several_estimators_with_levels_the_one_that_gains_least_is_named():
    cells = [gained(ANN, FORWARD, 0.421), gained(NET, FORWARD, 0.9), gained(WITH_LEVELS, FORWARD, 0.868)]
    (said,) = caveats(cells)
    assert said.startswith("FE gains more than every estimator without fixed effects")
    (over_ols,) = caveats(cells, reference="ols")
    assert over_ols.startswith("FE gains more over OLS than every estimator without fixed effects")
    assert caveats(cells, reference="regions", has_levels=True) == ()
    assert caveats([gained(ANN, FORWARD, 0.421), gained(WITH_LEVELS, FORWARD, 0.2)]) == ()


def test_a_gain_is_established_where_every_protocol_that_can_test_agrees():
    assert established([better(ANN, ENTITIES), better(ANN, FORWARD), unclear(ANN, INSIDE)]) == ("ann",)
    assert established([better(ANN, ENTITIES), unclear(ANN, FORWARD)]) == ()
    assert established([better(ANN, ENTITIES), refusal(ANN, FORWARD, "why")]) == ()
    assert established([better(ANN, INSIDE)]) == ()


def test_few_periods_establish_nothing_and_contradict_where_their_interval_lies_below_zero():
    given = {"inference": GIVEN_PERIODS, "p_holm": math.nan}
    assert established([once(ANN, FORWARD)]) == ()
    assert established([better(ANN, ENTITIES), cell(ANN, FORWARD, 0.1, -0.1, 0.3, **given)]) == ("ann",)
    assert established([better(ANN, ENTITIES), cell(ANN, FORWARD, -0.2, -0.3, -0.1, **given)]) == ()


def test_footnotes_give_equal_reasons_one_mark():
    notes = Footnotes()
    assert [notes.mark(reason) for reason in ("x", "y", "x", "")] == ["a", "b", "a", ""]
    marks = [notes.mark(str(number)) for number in range(30)]
    assert (marks[23], marks[24], marks[29]) == ("z", "aa", "af")

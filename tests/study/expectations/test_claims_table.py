"""claims.csv of a run on a textbook panel whose published numbers are known, and how a claim stands."""

import math
from pathlib import Path

import pandas as pd
import pytest

from harness.api import run_study as run
from harness.installed import installed
from harness.running.options import RunOptions
from harness.study.expectations.claim import Counterparts, ErrorClaim, GainClaim, MedianClaim
from harness.study.expectations.claims_table import (
    claims_table,
    counterpart_columns,
    counterpart_of,
    status_of,
)
from harness.study.expectations.consistency import Finding
from harness.study.expectations.lookup import RunTables, RunValue
from harness.study.expectations.moderated_claim import SOURCES
from harness.study.spec.load import load_study
from harness.tables.registry import TABLES

# Residual sums of squares 1,755,850 and 523,478 over 200 rows, slopes 0.116 and 0.110: Baltagi (2021), table
# 2.1, and the documentation of R's plm, with the same ten firms.
SPEC = """\
spec_version: 1
study: grunfeld
title: Investment of ten corporations
seed: 1
data: {dataset: grunfeld, rows: {firm: {exclude: [American Steel]}}}
roles: {entity: firm, time: year, outcomes: [invest], exposure: value, controls: [capital]}
estimators:
  - {id: ols, use: pooled_ols}
  - {id: fe, use: fixed_effects, effects: [entity]}
evaluation: {reference: ols, protocols: [in_sample]}
scenarios:
  - {use: curve, draws: 4, grid: 5}
report: {formats: []}
"""
CLAIMS = """\
data_are_published: PUBLISHED
claims:
  - {outcome: invest, quantity: mse, estimator: ols, value: 8779, source: Table 2.1}
  - {outcome: invest, quantity: mse, estimator: fe, value: 2617.4}
  - {outcome: invest, quantity: gain, estimator: fe, value: 0.7019}
  - {outcome: invest, quantity: gain, estimator: fe, value: 0.7200}
  - {outcome: invest, quantity: change, estimator: ols, between: [1000, 2000], value: 116}
  - {outcome: invest, quantity: change, estimator: fe, between: [1000, 2000], value: 110}
  - {outcome: invest, quantity: direction, estimator: fe, kind: rising, between: [500, 5000]}
  - {outcome: invest, quantity: level, estimator: ols, at: 1000, value: -5.0, note: made up}
  - {outcome: invest, quantity: median, estimator: ols, by: firm, group: IBM, value: 5}
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("claims")

    def run_with(name, claims):
        path = folder / f"{name}.yaml"
        path.write_text(SPEC + claims, encoding="utf-8")
        return run(RunOptions(spec=path, out=folder / name)).path

    return {
        "published": run_with("published", CLAIMS.replace("PUBLISHED", "true")),
        "other": run_with("other", CLAIMS.replace("PUBLISHED", "false")),
    }


def read(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "claims.csv")


def test_textbook_numbers_are_reproduced_and_wrong_ones_are_not(runs):
    claims = read(runs["published"])
    assert claims["status"].tolist() == [
        *("reproduced", "reproduced", "reproduced", "inconsistent"),
        *("reproduced", "reproduced", "reproduced", "differs", "not comparable"),
    ]
    assert claims["this_run"][:2].tolist() == pytest.approx([1755850.48 / 200, 523478.15 / 200], rel=1e-6)
    assert claims["this_run"][2] == pytest.approx(1 - 523478.15 / 1755850.48, rel=1e-6)
    assert claims["this_run"][4:7].tolist() == pytest.approx([115.5622, 110.1238, 1.0], rel=1e-5)


def test_the_gain_is_recomputed_from_the_published_errors(runs):
    gain = read(runs["published"]).loc[2]
    assert gain["check"] == "ratio"
    assert gain["recomputed"] == pytest.approx(1 - 2617.4 / 8779, rel=1e-12)
    assert gain["recomputed_low"] == pytest.approx(1 - 2617.45 / 8778.5, rel=1e-12)
    assert gain["recomputed_high"] == pytest.approx(1 - 2617.35 / 8779.5, rel=1e-12)


def test_on_other_data_this_run_is_shown_but_not_compared(runs):
    claims = read(runs["other"])
    assert claims["status"].tolist() == [
        *("not comparable", "not comparable", "consistent", "inconsistent"),
        *["not comparable"] * 5,
    ]
    assert claims["this_run"].equals(read(runs["published"])["this_run"])


def test_every_row_says_what_is_claimed_where_it_is_printed_and_why(runs):
    claims = read(runs["published"])
    assert tuple(claims.columns) == TABLES["claims"].columns
    assert claims["published"].tolist() == [8779, 2617.4, 0.7019, 0.72, 116, 110, 1, -5, 5]
    assert claims["digits"].dropna().tolist() == [0, 1, 4, 4, 0, 0, 1, 0]
    assert claims["about"].tolist()[4:] == [
        "change of the curve from 1000 to 2000",
        "change of the curve from 1000 to 2000",
        "share of the range 500 to 5000 on which the curve is rising",
        "curve at 1000",
        "median in IBM (firm)",
    ]
    assert claims.loc[0, ["source", "protocol", "sample"]].tolist() == ["Table 2.1", "in_sample", "test"]
    assert claims.loc[4, ["at", "to"]].tolist() == [1000, 2000]
    assert claims.loc[7, ["at", "note"]].tolist() == [1000, "made up"]
    assert claims["reason"].notna().all()


CLAIM = ErrorClaim(outcome="y", estimator="ols", quantity="mse", value=2.0, digits=1)
NONE = RunValue(math.nan, "no room")
ABSENT = RunValue(math.nan, "no minimum", is_absent=True)
RIGHT = Finding("ratio", is_consistent=True, reason="as printed")
WRONG = Finding("ratio", is_consistent=False, reason="cannot be")


@pytest.mark.parametrize(
    ("found", "finding", "published", "status"),
    [
        (RunValue(2.04), None, True, "reproduced"),
        (RunValue(2.05), None, True, "reproduced"),
        (RunValue(2.06), None, True, "differs"),
        (RunValue(2.04), RIGHT, True, "reproduced"),
        (RunValue(2.06), RIGHT, True, "differs"),
        (RunValue(2.04), WRONG, True, "inconsistent"),
        (RunValue(2.04), WRONG, False, "inconsistent"),
        (RunValue(2.04), RIGHT, False, "consistent"),
        (RunValue(2.04), None, False, "not comparable"),
        (NONE, None, True, "not comparable"),
        (NONE, RIGHT, True, "consistent"),
        (NONE, WRONG, True, "inconsistent"),
        (ABSENT, None, True, "differs"),
        (ABSENT, None, False, "not comparable"),
    ],
)
def test_the_rule(found, finding, published, status):
    found_status, reason = status_of(CLAIM, found, finding=finding, data_are_published=published)
    assert found_status == status
    assert reason


def test_a_declared_tolerance_is_added_to_the_rounding():
    claim = CLAIM.model_copy(update={"tolerance": 0.5})
    assert status_of(claim, RunValue(2.55), finding=None, data_are_published=True)[0] == "reproduced"
    assert status_of(claim, RunValue(2.56), finding=None, data_are_published=True)[0] == "differs"


BESIDE = Counterparts(estimators={"rows": "whole"}, protocols={"leaky": "apart"})
GAIN = GainClaim(outcome="y", estimator="ann", quantity="gain", value=0.65)
MEDIAN = MedianClaim(outcome="y", estimator="rows", quantity="median", value=3.0, by="size", group="large")


def run_tables():
    gains = pd.DataFrame(
        {
            "outcome": "y",
            "estimator": "ann",
            "protocol": ["leaky", "apart"],
            "sample": "test",
            "gain": [0.6, -0.1],
        }
    )
    medians = pd.DataFrame(
        {
            "outcome": "y",
            "estimator": ["rows", "whole"],
            "by": "size",
            "group": "large",
            "mode": "pooled",
            "median": [3.1, 2.7],
        }
    )
    return RunTables({"gain": gains, "heterogeneity": medians}, "leaky")


def test_a_gain_is_looked_up_under_the_other_protocol():
    found = counterpart_columns(GAIN, BESIDE, run_tables())
    assert found["counterpart"] == pytest.approx(-0.1)
    assert (found["counterpart_estimator"], found["counterpart_protocol"]) == ("ann", "apart")


def test_a_median_is_looked_up_by_the_other_estimator():
    found = counterpart_columns(MEDIAN, BESIDE, run_tables())
    assert found["counterpart"] == pytest.approx(2.7)
    assert (found["counterpart_estimator"], found["counterpart_protocol"]) == ("whole", None)


def test_what_has_no_counterpart_has_no_columns():
    other = MEDIAN.model_copy(update={"estimator": "ann"})
    assert counterpart_of(other, BESIDE, first_protocol="leaky") is None
    assert counterpart_columns(other, BESIDE, run_tables()) == {}
    own = GAIN.model_copy(update={"protocol": "apart"})
    assert counterpart_of(own, BESIDE, first_protocol="leaky") is None


ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "../shared/reference/paper_claims.yaml"


@pytest.fixture(scope="module")
def claims():
    study = load_study(ROOT / "specs/digital_carbon.yaml", catalogs=installed().catalogs).study
    return claims_table(study, {name: pd.DataFrame() for name in SOURCES})


def test_the_intervals_of_the_gains_are_those_of_the_printed_errors(claims):
    gains = claims[claims["source"].eq("Table 2") & claims["quantity"].eq("gain")].set_index("outcome")
    low, high = gains["recomputed_low"], gains["recomputed_high"]
    assert [low["co2_pc"], high["co2_pc"]] == pytest.approx([0.56563, 0.56577], abs=1e-5)
    assert [low["co2_intensity"], high["co2_intensity"]] == pytest.approx([0.6866, 0.7246], abs=1e-4)
    assert gains["recomputed"]["co2"] == pytest.approx(0.655763, abs=5e-7)


def test_levels_and_thresholds_are_not_of_one_unit_system(claims):
    thresholds = claims[claims["check"] == "units"]
    assert thresholds["published"].tolist() == [3.7, 7.5]
    assert set(thresholds["status"]) == {"inconsistent under assumption"}
    told = thresholds["reason"].iloc[0]
    assert "implies a GDP per head of 19.4 to 19.7, beyond 2 times the published values" in told


def test_the_rounding_of_the_gain_in_intensity_is_the_only_error(claims):
    errors = claims[claims["status"] == "inconsistent"]
    assert set(errors["quantity"]) == {"gain"}
    assert set(errors["outcome"]) == {"co2_intensity"}
    assert set(errors["assumption"]) == {""}

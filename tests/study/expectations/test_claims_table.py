"""Every kind of claim finds its number in the tables of a run, and how it stands."""

import math
from pathlib import Path

import pandas as pd
import pytest
from pydantic import TypeAdapter

from harness.api import run_study as run
from harness.installed import installed
from harness.running.options import RunOptions
from harness.study.expectations.claim import Counterparts, ErrorClaim, GainClaim, MedianClaim
from harness.study.expectations.claims_table import (
    claims_table,
    counterpart_columns,
    counterpart_of,
    status_of,
    verdict_of,
)
from harness.study.expectations.consistency import Finding
from harness.study.expectations.curve_claim import SOURCES, AnyClaim
from harness.study.expectations.lookup import RunTables, RunValue, truth_of
from harness.study.spec.load import load_study
from harness.tables.csv_table import as_declared, from_csv
from harness.tables.registry import TABLES

FOLDER = Path(__file__).parent / "tables"


def tables(*folders):
    """Return the tables in folders as a run has them; those of later ones take the place of others."""
    paths = (path for folder in folders for path in folder.glob("*.csv"))
    read = {path.stem: from_csv(path.read_text(encoding="utf-8")) for path in paths}
    return {name: as_declared(TABLES[name], [frame]) for name, frame in read.items()}


# A curve of the squared exposure; groups, turning points and thresholds.
PLAIN = tables(FOLDER)
# A moderator whose effect begins to fall at 4.
WITH_MODERATOR = tables(FOLDER, FOLDER / "moderated")
MODERATED = {"moderator": "gdp"}


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ({"quantity": "onset", "kind": "begins", "effect": "falling", "value": 9.0, **MODERATED}, 4.0),
        ({"quantity": "onset", "kind": "fades", "effect": "rising", "value": 9.0, **MODERATED}, 1.0),
        ({"quantity": "onset", "kind": "begins", "effect": "falling", "value": 0.872}, 0.6),
        ({"quantity": "order", "by": "rank", "groups": ("a", "c", "b")}, 1.0),
        ({"quantity": "order", "by": "rank", "groups": ("a", "b", "c")}, 0.5),
        ({"quantity": "choice", "choice": "controls"}, 2 / 3),
    ],
    ids=lambda one: " ".join(map(str, one.values())) if isinstance(one, dict) else None,
)
def test_a_statement_finds_the_share_on_which_it_holds(keys, value):
    found = ask(given=WITH_MODERATOR, **keys)
    assert found.value == pytest.approx(value, rel=1e-9)
    assert not found.reason


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (
            {"quantity": "onset", "kind": "begins", "effect": "rising", "value": 3.7, **MODERATED},
            "in this run the effect never begins",
        ),
        (
            {"quantity": "onset", "kind": "fades", "effect": "rising", "value": 3.7, "moderator": "fdi"},
            "this run has no effects conditional on fdi",
        ),
        (
            {"quantity": "direction", "kind": "falling", "between": (0.5, 1.5)},
            "the curve of this run goes from 0 to 1",
        ),
        ({"quantity": "choice", "choice": "hidden"}, "this run has no multiverse over 'hidden'"),
    ],
)
def test_a_statement_about_what_is_not_there_says_why(keys, reason):
    found = ask(given=WITH_MODERATOR, **keys)
    assert math.isnan(found.value)
    assert found.reason == reason


def ask(*, given=None, **keys):
    claim = TypeAdapter(AnyClaim).validate_python({"outcome": "y", "estimator": "rab"} | keys)
    run = RunTables(PLAIN if given is None else given)
    return claim.completed(reference="ols", protocol="p").look_up(run)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ({"quantity": "mse", "value": 1.0}, 2.0),
        ({"quantity": "mse", "value": 1.0, "sample": "train"}, 1.5),
        ({"quantity": "mse", "value": 1.0, "protocol": "q"}, 3.0),
        ({"quantity": "mse", "value": 1.0, "outcome": "z"}, 9.0),
        ({"quantity": "gain", "value": 1.0}, 0.25),
        ({"quantity": "level", "value": 1.0, "at": 0.3}, 0.09),
        ({"quantity": "change", "value": 1.0, "between": (0.2, 0.6)}, 0.32),
        ({"quantity": "direction", "kind": "rising", "between": (0.0, 1.0)}, 1.0),
        ({"quantity": "direction", "kind": "falling", "between": (0.0, 1.0)}, 0.0),
        ({"quantity": "turning_point", "kind": "maximum", "value": 0.75}, 0.8),
        ({"quantity": "turning_point", "kind": "maximum", "value": 0.1}, 0.2),
        ({"quantity": "median", "value": 1.0, "by": "size", "group": "1"}, 7.0),
        ({"quantity": "threshold", "value": 3.7, "moderator": "gdp"}, 3.5),
    ],
    ids=lambda one: " ".join(map(str, one.values())) if isinstance(one, dict) else None,
)
def test_a_claim_finds_its_number(keys, value):
    found = ask(**keys)
    assert found.value == pytest.approx(value, rel=1e-12)
    assert not found.reason


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"quantity": "mse", "value": 1.0, "estimator": "fe"}, "absorbed"),
        ({"quantity": "level", "value": 1.0, "at": 0.0, "estimator": "fe"}, "absorbed"),
        ({"quantity": "gain", "value": 1.0, "sample": "all"}, "this run has no such number"),
        ({"quantity": "level", "value": 1.0, "at": 0.0, "outcome": "z"}, "this run has no such curve"),
        ({"quantity": "median", "value": 1.0, "by": "size", "group": "9"}, "this run has no such number"),
        ({"quantity": "threshold", "value": 3.7, "moderator": "fdi"}, "this run has no such number"),
    ],
    ids=["refused cell", "refused curve", "no such sample", "no such curve", "no such group", "no threshold"],
)
def test_a_claim_without_a_number_says_why(keys, reason):
    found = ask(**keys)
    assert math.isnan(found.value)
    assert found.reason == reason
    assert not found.is_absent


@pytest.mark.parametrize(
    "keys",
    [
        {"quantity": "turning_point", "kind": "minimum"},
        {"quantity": "turning_point", "kind": "maximum", "outcome": "z"},
        {"quantity": "threshold", "moderator": "gdp", "outcome": "z"},
    ],
    ids=["the other kind alone", "no turning point at all", "no threshold"],
)
def test_having_looked_and_found_nothing_is_an_answer(keys):
    found = ask(value=0.5, **keys)
    assert found.is_absent
    assert found.reason == "this run found none"
    assert math.isnan(found.value)


def test_having_been_refused_is_none():
    found = ask(quantity="turning_point", kind="minimum", value=0.5, estimator="fe")
    assert not found.is_absent
    assert found.reason == "absorbed"


@pytest.mark.parametrize("kind", ["mse", "gain", "turning_point"])
def test_tables_that_the_study_did_not_ask_for_are_empty(kind):
    nothing = {name: pd.DataFrame() for name in SOURCES}
    keys = {"kind": "minimum"} if kind == "turning_point" else {}
    assert math.isnan(ask(given=nothing, quantity=kind, value=1.0, **keys).value)


# The curve falls from 1 to 0.3, rises to 0.8 and falls; a moderator has one sign change, groups an order.
TRUE_LEVELS = [(0.0, 4.0), (0.3, 1.0), (0.8, 3.0), (1.0, 2.0)]
TRUTH = pd.DataFrame(
    [
        *({"kind": "level", "at": x, "truth": level, "scenario": "curve"} for x, level in TRUE_LEVELS),
        {"kind": "maximum", "at": 0.8, "truth": 3.0, "scenario": "curve"},
        {"kind": "median", "group": "a", "truth": 1.0, "scenario": "by_rank"},
        {"kind": "median", "group": "b", "truth": 2.0, "scenario": "by_rank"},
    ]
).assign(outcome="y", moderator_at=math.nan)


@pytest.mark.parametrize(
    ("keys", "value", "verdict"),
    [
        # the run's curve is the squared exposure, and has a maximum at 0.2 and 0.8 in its table
        ({"quantity": "direction", "kind": "rising", "between": (0.3, 0.8)}, 1.0, "finds it"),
        ({"quantity": "direction", "kind": "falling", "between": (0.0, 0.3)}, 1.0, "misses it"),
        ({"quantity": "direction", "kind": "rising", "between": (0.8, 1.0)}, 0.0, "finds what is not there"),
        ({"quantity": "direction", "kind": "falling", "between": (0.3, 0.8)}, 0.0, "cannot be judged"),
        ({"quantity": "change", "between": (0.0, 0.3), "value": -2.0}, -3.0, "misses it"),
        ({"quantity": "level", "at": 0.3, "value": 0.9, "bound": "least"}, 1.0, "misses it"),
        ({"quantity": "level", "at": 0.3, "value": 1.0}, 1.0, "cannot be judged"),
        ({"quantity": "turning_point", "kind": "maximum", "value": 0.75}, 0.8, "finds it"),
        ({"quantity": "turning_point", "kind": "minimum", "value": 0.3}, math.nan, "cannot be judged"),
        ({"quantity": "order", "by": "rank", "groups": ("a", "b")}, 1.0, "finds it"),
        ({"quantity": "order", "by": "rank", "groups": ("b", "a")}, 0.0, "cannot be judged"),
        ({"quantity": "mse", "value": 2.0}, math.nan, "cannot be judged"),
    ],
    ids=lambda one: " ".join(map(str, one.values())) if isinstance(one, dict) else None,
)
def test_a_claim_is_judged_by_the_truth_of_simulated_data(keys, value, verdict):
    groups = WITH_MODERATOR["heterogeneity"]
    groups = groups.assign(scenario=groups["by"].map("by_{}".format))
    empty = {name: pd.DataFrame() for name in SOURCES}
    run = RunTables({**empty, **PLAIN, "heterogeneity": groups, "truth": TRUTH})
    claim = TypeAdapter(AnyClaim).validate_python({"outcome": "y", "estimator": "rab"} | keys)
    true = claim.look_up(truth_of(run))
    assert true.value == pytest.approx(value, nan_ok=True)
    assert verdict_of(claim, claim.look_up(run), true) == verdict
    nothing = truth_of(RunTables(PLAIN))
    assert verdict_of(claim, claim.look_up(run), claim.look_up(nothing)) == "cannot be judged"


# Residual sums of squares 1,755,850 and 523,478 over 200 rows, slopes 0.116 and 0.110: Baltagi (2021), table
# 2.1, and the documentation of R's plm, with the same ten firms.
SPEC = Path(__file__).with_name("textbook.yaml").read_text(encoding="utf-8")
CLAIMS = Path(__file__).with_name("textbook_claims.yaml").read_text(encoding="utf-8")


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
GAIN = GainClaim(outcome="y", estimator="ann", quantity="gain", value=0.65).completed(
    reference="ols", protocol="leaky"
)
MEDIAN = MedianClaim(outcome="y", estimator="rows", quantity="median", value=3.0, by="size", group="large")


def run_tables():
    gains = pd.DataFrame(
        {
            "outcome": "y",
            "estimator": "ann",
            "protocol": ["leaky", "apart", "leaky"],
            "reference": ["ols", "ols", "fe"],
            "sample": "test",
            "gain": [0.6, -0.1, 0.2],
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
    return RunTables({"gain": gains, "heterogeneity": medians})


def test_a_gain_is_looked_up_under_the_other_protocol():
    found = counterpart_columns(GAIN, BESIDE, run_tables(), NONE)
    assert found["counterpart"] == pytest.approx(-0.1)
    assert (found["counterpart_estimator"], found["counterpart_protocol"]) == ("ann", "apart")


def test_a_gain_is_looked_up_over_the_reference_that_the_claim_names():
    over = GainClaim(outcome="y", estimator="ann", quantity="gain", value=0.2, reference="fe")
    known = over.completed(reference="ols", protocol="leaky")
    assert known.number_of(run_tables()) == pytest.approx(0.2)
    assert GAIN.number_of(run_tables()) == pytest.approx(0.6)


def test_a_median_is_looked_up_by_the_other_estimator():
    found = counterpart_columns(MEDIAN, BESIDE, run_tables(), NONE)
    assert found["counterpart"] == pytest.approx(2.7)
    assert (found["counterpart_estimator"], found["counterpart_protocol"]) == ("whole", None)


def test_what_has_no_counterpart_has_no_columns():
    other = MEDIAN.model_copy(update={"estimator": "ann"})
    assert counterpart_of(other, BESIDE) is None
    assert counterpart_columns(other, BESIDE, run_tables(), NONE) == {}
    own = GAIN.model_copy(update={"protocol": "apart"})
    assert counterpart_of(own, BESIDE) is None


ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "../shared/reference/paper_claims.yaml"


@pytest.fixture(scope="module")
def claims():
    study = load_study(ROOT / "specs/digital_carbon.yaml", catalogs=installed().catalogs).study
    return claims_table(study, {name: pd.DataFrame() for name in SOURCES})


def test_levels_and_thresholds_are_not_of_one_unit_system(claims):
    thresholds = claims[claims["check"] == "units"]
    assert thresholds["published"].tolist() == [3.7, 7.5]
    assert set(thresholds["status"]) == {"inconsistent under assumption"}
    told = thresholds["reason"].iloc[0]
    assert "implies a GDP per head of 19.4 to 19.7, beyond 2 times the published values" in told

"""The cell that an expectation names, and printed numbers that cannot all be right."""

import math
from decimal import ROUND_DOWN, Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from harness.installed import installed
from harness.study.expectations.cell import (
    check_expectations,
    expectations_table,
    find_cell,
    idle_estimators,
    narrowed,
)
from harness.study.expectations.claim import ErrorClaim, GainClaim, Identity, MedianClaim
from harness.study.expectations.claims_table import Tied, identity_findings, status_of, tied_outcomes
from harness.study.expectations.consistency import (
    check_ratio,
    gain_interval,
    partition_findings,
    pooled_median,
    ratio_findings,
)
from harness.study.expectations.curve_claim import DirectionClaim, LevelClaim
from harness.study.expectations.expectation import AnyExpectation
from harness.study.expectations.lookup import NotInRun, RunCurve, RunValue
from harness.study.spec.document import WrittenSpec
from harness.study.spec.load import load_study
from harness.study.spec.printed import Interval

FRAME = pd.DataFrame(
    {
        "estimator": ["ols", "ols", "fe", "fe", "twfe"],
        "term": ["const", "educ", "educ", "union", None],
        "at": [0.1, 0.2, 0.1 + 0.2, 1.0, np.nan],
        "supported": [True, False, True, True, False],
        "estimate": [1.5, 0.1, 0.2, 0.3, np.nan],
        "status": ["ok", "ok", "ok", "ok", "refused"],
        "reason": ["", "", "", "", "educ never varies"],
    }
)


@pytest.mark.parametrize(
    ("where", "column", "value"),
    [
        ({"estimator": "ols", "term": "educ"}, "estimate", 0.1),
        ({"at": 0.3}, "estimate", 0.2),
        ({"at": 1}, "term", "union"),
        ({"estimator": "ols", "supported": False}, "estimate", 0.1),
        ({"estimator": "twfe"}, "status", "refused"),
        ({"estimator": "ols", "term": "educ"}, "supported", "False"),
    ],
)
def test_a_cell_is_found(where, column, value):
    found_of_curves = find_cell(FRAME, where, column)
    assert (found_of_curves.value, found_of_curves.reason) == (value, "")


@pytest.mark.parametrize(
    ("where", "column", "words"),
    [
        ({"estimator": "ols", "term": "eduk"}, "estimate", ["no such row", "nearest: estimator=ols, term="]),
        ({"estimator": "fe"}, "estimate", ["2 such rows: term=educ; term=union"]),
        ({"estimator": "twfe"}, "estimate", ["refused: educ never varies"]),
        ({"estimator": "twfe", "term": "educ"}, "estimate", ["no such row"]),
        ({"estimator": "ols", "trem": "educ"}, "estimate", ["no column trem", "estimator, term"]),
        ({"estimator": "ols", "term": "educ"}, "std_error", ["no column std_error"]),
    ],
    ids=["no row", "several rows", "a refused cell", "a row of it", "no such key", "no such column"],
)
def test_why_there_is_none(where, column, words):
    found_of_curves = find_cell(FRAME, where, column)
    assert found_of_curves.value is None
    for word in words:
        assert word in found_of_curves.reason


def test_an_empty_cell_and_an_empty_table():
    frame = FRAME.assign(status="ok")
    assert find_cell(frame, {"estimator": "twfe"}, "estimate").reason == "the cell is empty"
    assert "no such table" in find_cell(pd.DataFrame(), {"estimator": "ols"}, "estimate").reason


READ = TypeAdapter(AnyExpectation)


def check(held, **how):
    expectation = READ.validate_python(
        {"table": "gain", "where": {"estimator": "fe"}, "column": "gain", "from": "run"} | how
    )
    frame = pd.DataFrame({"estimator": ["fe"], "gain": [held], "status": ["ok"], "reason": [""]})
    (found_of_curves,) = check_expectations([expectation], {"gain": frame}.__getitem__)
    return found_of_curves


@pytest.mark.parametrize(
    ("held", "how", "status"),
    [
        (924.0, {"value": 920.0, "digits": -1}, "reproduced"),
        (926.0, {"value": 920.0, "digits": -1}, "differs"),
        (-0.3, {"value": 0.3, "digits": 1}, "differs"),
        (1.01, {"value": 1.0, "absolute": 0.01}, "reproduced"),
        (1.0101, {"value": 1.0, "absolute": 0.01}, "differs"),
        (-202.0, {"value": -200.0, "relative": 0.01}, "reproduced"),
        (-202.1, {"value": -200.0, "relative": 0.01}, "differs"),
        (math.inf, {"value": 1.0, "absolute": 5.0}, "differs"),
        (math.nan, {"value": 1.0, "absolute": 5.0}, "missing"),
        ("refused", {"value": "refused"}, "reproduced"),
        ("ok", {"value": "refused"}, "differs"),
        ("refused", {"value": 1.0, "digits": 1}, "differs"),
        (1.0, {"value": "refused"}, "differs"),
        (0.44, {"value": 0.47, "digits": 2, "here": 0.441, "reason": "a year is lost"}, "explained"),
        (0.47, {"value": 0.47, "digits": 2, "here": 0.441, "reason": "a year is lost"}, "differs"),
    ],
)
def test_how_a_number_stands(held, how, status):
    found_of_curves = check(held, **how)
    assert found_of_curves.status == status
    assert (found_of_curves.reason == "") == (status == "reproduced")


@given(st.decimals(min_value=-1000, max_value=1000, places=6), st.integers(0, 5))
def test_a_number_reproduces_what_it_rounds_to(number, digits):
    printed = number.quantize(Decimal(1).scaleb(-digits))
    assert check(float(number), value=float(printed), digits=digits).status == "reproduced"
    unit = Decimal(1).scaleb(-digits)
    assert check(float(number + 2 * unit), value=float(printed), digits=digits).status == "differs"


@given(st.floats(-1e6, 1e6), st.floats(0, 1e3), st.floats(-1e3, 1e3))
def test_a_wider_tolerance_never_makes_a_number_differ(value, tolerance, off):
    narrow, wide = (
        check(value + off, value=value, absolute=one).status for one in (tolerance, 2 * tolerance)
    )
    assert (narrow, wide) != ("reproduced", "differs")


def test_the_table_tells_all_of_it():
    found_of_curves = check(
        0.25, value=0.2, digits=1, source="Table 1", reason="as printed", **{"from": "publication"}
    )
    row = expectations_table([found_of_curves]).iloc[0].to_dict()
    assert row == {
        "table": "gain",
        "where": "estimator=fe",
        "column": "gain",
        "expected": "0.2",
        "obtained": 0.25,
        "difference": pytest.approx(0.05),
        "tolerance": pytest.approx(0.05),
        "origin": "publication",
        "source": "Table 1",
        "status": "reproduced",
        "reason": "",
        "note": "as printed",
        "digits": 1,
    }


TIED = Tied(frozenset({"co2", "co2_pc", "co2_intensity"}), frozenset({"population", "gdp_pc"}))


def level(outcome, at, value, digits, **how):
    return LevelClaim(
        outcome=outcome, estimator="rab", quantity="level", at=at, value=value, digits=digits, **how
    )


def direction(outcome, kind, start, end, estimator="rab"):
    return DirectionClaim(
        outcome=outcome, estimator=estimator, quantity="direction", kind=kind, between=(start, end)
    )


def found_of_curves(*claims, tied=TIED):
    return dict(identity_findings(claims, [tied]))


FIGURE_4 = (
    direction("co2", "falling", 0.0, 0.88),
    level("co2", 0.0, 920.0, -1),
    level("co2", 0.88, 590.0, -1),
    direction("co2_intensity", "rising", 0.0, 0.83),
    level("co2_intensity", 0.0, 0.12, 2),
    level("co2_intensity", 0.83, 0.14, 2),
    direction("co2_pc", "rising", 0.13, 0.87),
)


def test_the_three_published_curves_are_not_of_one_effect():
    findings = found_of_curves(*FIGURE_4)
    assert sorted(findings) == list(range(7))
    assert not any(finding.is_consistent for finding in findings.values())
    assert findings[0].reason == (
        "co2 falls by 36% between 0 and 0.88, while co2_intensity rises by 17% between 0 and 0.83; "
        "holding gdp_pc and population fixed and with one effect for all entities, both change by the same "
        "factor: not under a single effect; possible if effects differ between entities"
    )
    assert {finding.assumption for finding in findings.values()} == {"one effect for all entities"}
    assert not any(finding.is_error for finding in findings.values())
    assert findings[6].reason.startswith("co2_pc rises between 0.13 and 0.87, while co2 falls by 36%")


def test_levels_at_the_same_two_exposures_must_change_by_the_same_factor():
    claims = (
        level("co2", 0.0, 100.0, 0),
        level("co2", 1.0, 90.0, 0),
        level("co2_pc", 0.0, 2.0, 1),
        level("co2_pc", 1.0, 1.8, 1),
    )
    assert {one.is_consistent for one in found_of_curves(*claims).values()} == {True}
    findings = found_of_curves(*claims[:3], level("co2_pc", 1.0, 2.2, 1))
    assert {one.is_consistent for one in findings.values()} == {False}
    assert findings[0].reason.startswith(
        "co2 changes by -10.0 % between 0 and 1, while co2_pc changes by +10.0 % between 0 and 1"
    )


@given(
    seed=st.integers(0, 10_000),
    digits=st.integers(0, 4),
    n_points=st.integers(2, 5),
    log_rest=st.floats(-3.0, 3.0),
)
def test_an_exact_identity_is_never_inconsistent(seed, digits, n_points, log_rest):
    rng = np.random.default_rng(seed)
    at = np.linspace(0.0, 1.0, 9)
    curve = np.exp(rng.normal(scale=0.5, size=at.size) + 2.0)
    claims = []
    for outcome, own in (("co2", curve * np.exp(log_rest)), ("co2_pc", curve)):
        for place in rng.choice(at.size, size=n_points, replace=False):
            value = round(float(own[place]), digits)
            claims.append(level(outcome, float(at[place]), value, digits))
        for start in rng.choice(at.size - 1, size=n_points, replace=False):
            kind = "rising" if own[start + 1] > own[start] else "falling"
            claims.append(direction(outcome, kind, float(at[start]), float(at[start + 1])))
    assert all(finding.is_consistent for finding in found_of_curves(*claims).values())


@pytest.mark.parametrize(
    "claims",
    [
        (direction("co2", "falling", 0.0, 0.5), direction("co2_pc", "rising", 0.5, 1.0)),
        (direction("co2", "falling", 0.0, 1.0), direction("co2_pc", "rising", 0.0, 1.0, estimator="ann")),
        (direction("co2", "falling", 0.0, 1.0), direction("gdp", "rising", 0.0, 1.0)),
        (level("co2", 0.0, 9.0, 0), level("co2", 1.0, 1.0, 0), level("co2_pc", 0.0, 1.0, 0)),
        (
            *(level("co2", 0.0, 9.0, 0), level("co2", 1.0, 1.0, 0)),
            *(level("co2_pc", 0.0, 1.0, 0), level("co2_pc", 1.0, 9.0, 0, bound="least")),
        ),
        (
            *(level("co2", 0.0, 9.0, 0), level("co2", 1.0, 1.0, 0)),
            *(level("co2_pc", 0.0, 0.0, 0), level("co2_pc", 1.0, 9.0, 0)),
        ),
    ],
)
def test_what_cannot_be_compared_is_not_judged(claims):
    assert found_of_curves(*claims) == {}


def test_outcomes_are_tied_through_a_third_one():
    identities = (
        Identity(product="a", of=("b", "x")),
        Identity(product="c", of=("d", "y")),
        Identity(product="d", of=("a", "z", "x")),
    )
    (group,) = tied_outcomes(identities, frozenset("abcd"))
    assert group == Tied(frozenset("abcd"), frozenset("xyz"))
    apart = tied_outcomes(identities[:2], frozenset("abcd"))
    assert {one.outcomes for one in apart} == {frozenset("ab"), frozenset("cd")}


def error(value, digits, estimator="ann", **how):
    return ErrorClaim(outcome="y", estimator=estimator, quantity="mse", value=value, digits=digits, **how)


def gain(value, digits, **how):
    return GainClaim(outcome="y", estimator="ann", quantity="gain", value=value, digits=digits, **how)


TABLE_2 = {
    "total": (67575.9139, 196306.6045, 0.655763, (0.655763, 0.655764), True),
    "intensity": (0.0010, 0.0034, 0.678582, (0.686567, 0.724638), False),
    "per head": (0.4743, 1.0921, 0.565661, (0.565633, 0.565765), True),
}


@pytest.mark.parametrize(
    ("mse", "reference", "printed", "allowed", "is_consistent"), TABLE_2.values(), ids=TABLE_2
)
def test_table_2(mse, reference, printed, allowed, is_consistent):
    finding = check_ratio(gain(printed, 6), mse=error(mse, 4), mse_reference=error(reference, 4, "ols"))
    assert finding.is_consistent is is_consistent
    assert finding.recomputed == pytest.approx(1 - mse / reference, rel=1e-12)
    assert (finding.allowed.low, finding.allowed.high) == pytest.approx(allowed, abs=1e-6)


def test_table_2_can_be_right_if_digits_were_cut_off():
    """1 - 0.0011 / 0.0034 and 1 - 0.0010 / 0.0035 are 67.65 and 71.43 per cent, with 67.86 between them."""
    errors = {"mse": error(0.0010, 4), "mse_reference": error(0.0034, 4, "ols")}
    finding = check_ratio(gain(0.678582, 6), **errors)
    assert (finding.is_consistent, finding.is_error, finding.assumption) == (False, False, "rounding")
    assert "errors that were truncated allow 67.65 % to 71.43 %" in finding.reason
    published = status_of(gain(0.678582, 6), RunValue(math.nan), finding=finding, data_are_published=True)
    assert published[0] == "inconsistent if rounded, possible if truncated"
    for never in (0.6763, 0.7248):
        assert check_ratio(gain(never, 4), **errors).is_error
    assert check_ratio(gain(0.71, 2), **errors).is_consistent


@given(
    mse=st.floats(1e-3, 1e4),
    reference=st.floats(1e-3, 1e4),
    digits=st.integers(0, 6),
    gain_digits=st.integers(0, 8),
)
def test_a_gain_from_truncated_errors_is_never_an_error(mse, reference, digits, gain_digits):
    def cut(value, n):
        return float(Decimal(value).quantize(Decimal(1).scaleb(-n), rounding=ROUND_DOWN))

    finding = check_ratio(
        gain(cut(1 - mse / reference, gain_digits), gain_digits),
        mse=error(cut(mse, digits), digits),
        mse_reference=error(cut(reference, digits), digits, "ols"),
    )
    assert not finding.is_error


@given(
    mse=st.floats(1e-3, 1e4),
    reference=st.floats(1e-3, 1e4),
    digits=st.integers(0, 6),
    gain_digits=st.integers(0, 8),
)
def test_a_gain_from_errors_before_rounding_is_never_inconsistent(mse, reference, digits, gain_digits):
    finding = check_ratio(
        gain(round(1 - mse / reference, gain_digits), gain_digits),
        mse=error(round(mse, digits), digits),
        mse_reference=error(round(reference, digits), digits, "ols"),
    )
    assert finding.is_consistent


def test_a_reference_that_may_be_zero_allows_any_loss():
    assert gain_interval(Interval(0.5, 1.5), Interval(-0.5, 0.5)) == Interval(-math.inf, 0.0)
    assert gain_interval(Interval(0.5, 1.5), Interval(-0.5, 0.0)) == Interval(-math.inf, 1.0)
    assert gain_interval(Interval(-0.5, 0.5), Interval(1.0, 2.0)) == Interval(0.5, 1.0)


def found(*claims):
    return dict(ratio_findings([claim.completed(reference="ols", protocol="p") for claim in claims]))


def test_a_gain_is_set_against_the_errors_of_its_own_protocol_and_sample():
    claims = (
        error(2.0, 1, "ols"),
        error(1.0, 1, protocol="p"),
        error(4.0, 1, "ols", sample="train"),
        error(1.0, 1, sample="train"),
        gain(0.5, 1),
        gain(0.75, 2, sample="train"),
        gain(0.9, 1, protocol="other"),
        gain(0.9, 1, protocol="p"),
    )
    findings = found(*claims)
    assert {at: one.is_consistent for at, one in findings.items()} == {4: True, 5: True, 7: False}


MEDIANS = {
    "total": {"size": (789, 800, 865), "rank": (760.7, 742.6), "zone": (775, 743)},
    "intensity": {"size": (0.1174, 0.1162, 0.1153), "rank": (0.1182, 0.1193), "zone": (0.1175, 0.1193)},
    "per head": {"size": (2.2941, 2.2849, 2.235), "rank": (2.3142, 2.3290), "zone": (2.3055, 2.3290)},
}
DIGITS = {"total": 1, "intensity": 4, "per head": 3}


def group_medians(columns, digits, estimator="rab"):
    return [
        MedianClaim(
            outcome="y",
            estimator=estimator,
            quantity="median",
            by=by,
            group=str(group),
            value=float(value),
            digits=digits,
        )
        for by, values in columns.items()
        for group, value in enumerate(values)
    ]


@pytest.mark.parametrize("outcome", MEDIANS)
def test_the_published_medians_are_not_of_one_fit(outcome):
    findings = dict(partition_findings(group_medians(MEDIANS[outcome], DIGITS[outcome])))
    assert sorted(findings) == list(range(7))
    assert not any(finding.is_consistent for finding in findings.values())
    assert {finding.assumption for finding in findings.values()} == {"one fit"}


def test_the_reason_names_the_two_partitions_that_exclude_each_other():
    (reason,) = {one.reason for _, one in partition_findings(group_medians(MEDIANS["total"], 1))}
    assert reason == (
        "for one fit on the same rows, the overall median lies between the smallest and the largest group "
        "median of any partition: between 788.95 and 865.05 by size, but between 742.55 and 760.75 "
        "by rank"
    )


@given(
    seed=st.integers(0, 10_000),
    n_rows=st.integers(4, 30),
    n_groups=st.lists(st.integers(2, 4), min_size=2, max_size=4),
    digits=st.integers(0, 3),
)
def test_medians_of_real_rows_are_never_inconsistent(seed, n_rows, n_groups, digits):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=n_rows).round(int(rng.integers(0, 3)))
    columns = {}
    for at, n in enumerate(n_groups):
        groups = rng.permutation(np.arange(n_rows) % n)
        columns[f"by{at}"] = [round(float(np.median(rows[groups == one])), digits) for one in range(n)]
    findings = dict(partition_findings(group_medians(columns, digits)))
    assert len(findings) == sum(n_groups)
    assert all(finding.is_consistent for finding in findings.values())


@given(seed=st.integers(0, 10_000), n_rows=st.integers(4, 30), n_groups=st.integers(1, 4))
def test_the_pooled_median_lies_where_the_rule_says(seed, n_rows, n_groups):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=n_rows).round(int(rng.integers(0, 3)))
    groups = rng.permutation(np.arange(n_rows) % n_groups)
    exact = [float(np.median(rows[groups == one])) for one in range(n_groups)]
    pooled = pooled_median([Interval(one, one) for one in exact])
    assert pooled.low - 1e-12 <= np.median(rows) <= pooled.high + 1e-12


@pytest.mark.parametrize(
    "columns",
    [{"size": (1, 2)}, {"size": (1, 2), "zone": (5,)}],
    ids=["one partition", "a group alone is no partition"],
)
def test_one_partition_cannot_contradict_itself(columns):
    assert list(partition_findings(group_medians(columns, 0))) == []


def test_medians_of_two_estimators_are_two_curves():
    claims = [*group_medians({"size": (1, 2)}, 0), *group_medians({"zone": (5, 6)}, 0, estimator="ann")]
    assert list(partition_findings(claims)) == []


STUDY = """\
spec_version: 1
study: narrow
data: {dataset: grunfeld}
roles: {entity: firm, time: year, outcomes: invest, exposure: value, controls: capital}
estimators: [{id: ols, use: pooled_ols}, {id: fe, use: fixed_effects}, {id: net, use: mlp}]
evaluation: {reference: ols, protocols: [in_sample, forward]}
scenarios: [curve, {id: wide, use: curve, grid: 9}]
multiverse: {estimator: net, references: ols}
claims: [{outcome: invest, quantity: mse, estimator: fe, value: 1.0}]
expect: [CELLS]
"""
WHOLE = ("ols fe net", "in_sample forward", "curve wide", True)


def parts(cells):
    """Return what is kept of the study: estimators, protocols, scenarios, and whether it has a multiverse."""
    text = STUDY.replace("CELLS", cells)
    study = load_study(WrittenSpec(text), catalogs=installed().catalogs).study
    kept = narrowed(study)
    assert kept.expect == study.expect
    lists = (kept.estimators, kept.evaluation.protocols, kept.scenarios)
    return (*(" ".join(entry.id for entry in entries) for entries in lists), kept.multiverse is not None)


def cell(table, where, column="reason"):
    return f"{{table: {table}, where: {{{where}}}, column: {column}, value: x, from: run}}"


GAIN = cell("gain", "estimator: fe, protocol: forward")
CURVE = cell("curves", "estimator: net, scenario: wide")


@pytest.mark.parametrize(
    ("cells", "left"),
    [
        (GAIN, ("ols fe", "forward", "", False)),
        (cell("gain", "sample: test"), ("ols fe net", "in_sample forward", "", False)),
        (cell("coefficients", "estimator: fe"), ("ols fe", "", "", False)),
        (CURVE, ("ols net", "", "wide", False)),
        (cell("curves", "estimator: net"), ("ols net", "", "curve wide", False)),
        (cell("support", "scenario: curve", "at"), ("ols", "", "curve", False)),
        (cell("decomposition", "estimator: fe", "part"), ("ols fe", "in_sample forward", "", False)),
        (cell("claims", "estimator: fe"), WHOLE),
        (cell("thresholds", "estimator: fe"), WHOLE),
        (f"{GAIN}, {CURVE}", ("ols fe net", "forward", "wide", False)),
    ],
)
def test_a_study_keeps_what_its_numbers_rest_on(cells, left):
    assert parts(cells) == left


@pytest.mark.parametrize(
    ("where", "column", "outcomes", "references"),
    [
        ("outcome: kstock, reference: fe", "gain", "kstock", "fe"),
        ("estimator: fe", "gain", "invest kstock", "ols fe"),
        ("outcome: kstock, reference: fe", "p_value", "invest kstock", "ols fe"),
    ],
)
def test_outcomes_and_references_stay_that_are_named_or_whose_tests_are_adjusted_with_theirs(
    where, column, outcomes, references
):
    cells = f"{{table: gain, where: {{{where}}}, column: {column}, value: 1, from: run}}"
    text = STUDY.replace("outcomes: invest", "outcomes: [invest, kstock]").replace("CELLS", cells)
    text = text.replace("reference: ols", "reference: ols, further_references: fe")
    kept = narrowed(load_study(WrittenSpec(text), catalogs=installed().catalogs).study)
    assert (" ".join(kept.roles.outcomes), " ".join(kept.evaluation.references)) == (outcomes, references)


def test_an_estimator_is_idle_on_folds_or_on_all_rows_where_no_number_rests_on_such_fits():
    def idle(cells):
        study = load_study(WrittenSpec(STUDY.replace("CELLS", cells)), catalogs=installed().catalogs).study
        return tuple(map(sorted, idle_estimators(narrowed(study))))

    assert idle(f"{GAIN}, {CURVE}") == (["net"], ["fe", "ols"])
    assert idle(cell("coefficients", "estimator: fe")) == (["fe"], ["ols"])
    assert idle(f"{GAIN}, {cell('claims', 'estimator: fe')}") == ([], [])


AT = np.linspace(0.0, 1.0, 41)


def test_levels_of_a_line_are_exact_between_grid_points():
    curve = RunCurve(AT, 3.0 - 2.0 * AT)
    assert curve.levels_at(0.333)[0] == pytest.approx(3.0 - 0.666, rel=1e-12)


@given(turn=st.floats(0.05, 0.95))
def test_the_share_of_an_inverted_u_that_rises_ends_at_its_top(turn):
    curve = RunCurve(AT, -((AT - turn) ** 2))
    rises = curve.share_going(0.0, 1.0, sign=1.0)
    assert rises == pytest.approx(turn, abs=1 / 40)
    assert rises + curve.share_going(0.0, 1.0, sign=-1.0) == pytest.approx(1.0, abs=1 / 40)


def test_a_direction_is_judged_between_its_ends_alone():
    curve = RunCurve(AT, np.abs(AT - 0.5))
    assert curve.share_going(0.0, 0.5, sign=-1.0) == 1.0
    assert curve.share_going(0.0, 0.5, sign=1.0) == 0.0
    assert curve.share_going(0.41, 0.61, sign=1.0) == pytest.approx(0.55, rel=1e-9)


def test_what_lies_beyond_the_grid_has_a_reason():
    curve = RunCurve(AT[:2], AT[:2])
    for beyond in (lambda: curve.levels_at(0.5), lambda: curve.share_going(0.0, 1.0, sign=1.0)):
        with pytest.raises(NotInRun, match=r"the curve of this run goes from 0 to 0\.025"):
            beyond()


def test_a_grid_that_ends_a_rounding_before_the_exposure_claimed_has_it():
    at = np.linspace(0.0, 0.88, 89)
    short = np.append(at[:-1], np.nextafter(at[-1], 0.0))
    for level in (at**2, -np.sqrt(at)):
        whole, cut = RunCurve(at, level), RunCurve(short, level)
        assert cut.levels_at(0.88) == pytest.approx(whole.levels_at(0.88))
        for sign in (1.0, -1.0):
            assert cut.share_going(0.0, 0.88, sign=sign) == whole.share_going(0.0, 0.88, sign=sign)
    with pytest.raises(NotInRun):
        RunCurve(short, short).levels_at(0.8801)

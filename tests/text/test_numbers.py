"""Numbers and verdicts on gains as texts."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evaluation.protocol import LATER_PERIODS, SAME_ENTITY, SAME_PERIOD, TEST_SELECTION, TRAINING_ROWS
from harness.findings.rules import gain, gain_caveat
from harness.record.manifest import EstimatorRecord, ProtocolRecord
from harness.report.render.text import latex
from harness.tables.decision import ABOVE
from harness.tables.gain import GIVEN_PERIODS, GainRow, decide_gain
from harness.text.numbers import (
    count,
    decimals_for,
    fixed,
    in_unit,
    interval,
    percent,
    percent_interval,
    plain,
    rounded,
    significant,
    with_interval,
)
from harness.text.plain_text import (
    axis_lines,
    file_slug,
    footnote_marks,
    joined,
    printable,
    shortened,
    wrapped,
)
from harness.text.render import sentence_text
from report.fake_run import manifest, read_manifest

NAN = math.nan


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.110124, 4, "0.1101"),
        (-0.02615, 3, "−0.026"),
        (196306.6045, 1, "196,306.6"),
        (-0.00001, 2, "0.00"),
        (0.0, 0, "0"),
        (NAN, 2, "–"),
        (math.inf, 2, "–"),
    ],
)
def test_fixed(value, decimals, text):
    assert fixed(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.110124, "0.1101"), (0.0, "0"), (6.626e-34, "6.626 × 10⁻³⁴"), (NAN, "–")]
)
def test_significant(value, text):
    assert significant(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.75, "0.75"), (15.0, "15"), (0.0, "0"), (1200.0, "1,200")])
def test_plain_has_no_trailing_zeros(value, text):
    assert plain(value) == text


@pytest.mark.parametrize(
    ("values", "decimals"), [([0.011857], 5), ([0.2312, 12.0], 4), ([5000.0], 0), ([], 0), ([1e-12], 9)]
)
def test_decimals_show_the_smallest_with_four_digits(values, decimals):
    assert decimals_for(values) == decimals


def test_percentages_and_intervals():
    assert percent(0.655763, 4) == "65.5763%"
    assert percent(-1.62) == "−162.0%"
    assert percent(NAN) == "–"
    assert percent_interval(-0.203, 0.083) == "[−20.3,\u00a08.3]"
    assert percent_interval(-0.0002, 0.057) == "[−0.02,\u00a05.70]"
    assert percent_interval(0.000021, 0.057) == "[0.002,\u00a05.700]"
    assert percent_interval(0.0, 0.057) == "[0.0,\u00a05.7]"
    assert percent_interval(1e-9, 0.057) == "[0.0,\u00a05.7]"
    assert with_interval(-441.7, -554.1, -0.13) == "−441.7 [−554.1,\u00a0−0.1]"
    assert with_interval(0.0109, 0.0004, 0.0164) == "0.0109 [0.0004,\u00a00.0164]"
    assert with_interval(0.2, 1e-17, 0.5) == "0.20 [0.00,\u00a00.50]"
    assert with_interval(0.6, 0.1, 0.5) == "0.60, outside its interval [0.10,\u00a00.50]"
    assert with_interval(0.1 + 1e-16, 0.1, 0.1) == "0.1000 [0.1000,\u00a00.1000]"
    assert with_interval(0.6, NAN, NAN) == "0.6000"
    assert interval(NAN, 1.0, 2) == ""
    assert (count(None), count(4360)) == ("–", "4,360")


def test_numbers_too_small_for_decimals_are_in_powers_of_ten():
    decimals = decimals_for([6.0995e-11])
    assert rounded(1.80865e-9, decimals) == "1.809 × 10⁻⁹"
    assert interval(1.68528e-9, 1.93203e-9, decimals) == "[1.685 × 10⁻⁹,\u00a01.932 × 10⁻⁹]"
    assert rounded(1.80865, decimals_for([0.060995])) == "1.80865"


@given(st.floats(min_value=-1e12, max_value=1e12).filter(lambda value: value == 0 or abs(value) > 1e-9))
def test_significant_is_within_half_a_unit_of_the_fourth_digit(value):
    text = significant(value).replace("−", "-").replace(",", "")
    mantissa, _, power = text.partition(" × 10")
    exponent = int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)
    assert float(mantissa) * 10.0**exponent == pytest.approx(value, rel=5.1e-4)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;owned\x07title", "title"),
        ("two\r\nlines\tand a tab", "two lines and a tab"),
        ("nul\x00 bell\x07", "nul bell"),
        ("abc\u202edef", "abcdef"),
        ("碳排放", "碳排放"),
    ],
)
def test_printable_strips_what_terminals_and_browsers_obey(text, safe):
    assert printable(text) == safe


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("a_b & 50% $x$ #1", r"a\_b \& 50\% \$x\$ \#1"),
        ("x^2 ~ y", r"x\textasciicircum{}2 \textasciitilde{} y"),
        ("[h] *", "{[}h{]} {*}"),
        ("−14.3", "$-$14.3"),
        ("碳排放", "碳排放"),
    ],
)
def test_latex_escapes(text, escaped):
    assert latex(text) == escaped


@given(st.text())
def test_no_text_leaves_a_bare_latex_character(text):
    escapes = r"\\[a-zA-Z]+\{\}|\$\\[a-zA-Z]+\$|\\[`'^~=u.\"rHvck]\{.\}|\$_\{-?\d+\}\$|\\[&%$#_{}]"
    escapes += r"|\{[\[\]*]\}|\$-\$|~|\$(\\times 10)?\^\{-?\d+\}\$"
    assert not set(re.sub(escapes, "", latex(text))) & set("\\&%$#_{}~^[]*\n")
    assert re.sub(r"\\~", "", latex(text)).count("~") == printable(text).count("\u00a0")


@given(st.text())
def test_a_file_slug_is_a_plain_name(text):
    slug = file_slug(text)
    assert 1 <= len(slug) <= 64
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")


def test_file_slugs_keep_plain_names_and_tell_others_apart():
    assert file_slug("lwage") == "lwage"
    assert file_slug("co2-pc") == "co2-pc"
    assert file_slug("co2_pc") == "co2_pc"
    assert len({file_slug(name) for name in ("a b", "a_b", "A b", "碳", "碳排放", "../a", "")}) == 7


def test_lists_and_lengths():
    assert [joined([]), joined(["a"]), joined(["a", "b"]), joined(["a", "b", "c"], "or")] == [
        "",
        "a",
        "a and b",
        "a, b or c",
    ]
    assert shortened("abcdefgh", 5) == "abcd…"
    assert wrapped("one two three four", 8, lines=2) == "one two\nthree…"
    assert joined(["FE (city, year)", "b", "c"]) == "FE (city, year), b and c"
    assert joined(["FE", "RAB, ours", "c"]) == "FE; RAB, ours and c"


def test_wide_characters_count_twice():
    assert wrapped("碳排放总量与数字经济", 10, lines=2) == "碳排放总量\n与数字经济"
    assert shortened("碳排放总量与数字经济", 10) == "碳排放总…"
    assert shortened("碳排放总量", 10) == "碳排放总量"


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("GDP (yuan)", "GDP (yuan)"),
        ("GDP per head (10⁴ yuan per person)", "GDP per head\n(10⁴ yuan per person)"),
        ("Fiscal spending on science per head (10⁴ yuan)", "Fiscal spending on…\n(10⁴ yuan)"),
        ("Pupils (a share of all who live there)", "Pupils (a share of all\nwho live there)"),
        ("A label without a unit in brackets", "A label without a unit\nin brackets"),
        ("人均国内生产总值与其他 (万元)", "人均国内生产总值与其他\n(万元)"),
    ],
)
def test_the_label_of_an_axis_keeps_its_unit(label, shown):
    assert axis_lines(label, 22, lines=2) == shown


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("years", "3 years"),
        ("10⁴ t per 10⁸ yuan", "3 × 10⁴ t per 10⁸ yuan"),
        ("per cent", "3 per cent"),
        ("", "3"),
    ],
)
def test_a_unit_stands_behind_its_number_and_a_power_of_ten_is_a_factor(unit, text):
    assert in_unit("3", unit) == text


def gain_row(estimator, protocol, gain, low, high, *, status="ok", reason="", **numbers):
    """Return the row of one estimator under one protocol; p-values that are not given are missing."""
    p_holm, inference = numbers.get("p_holm", math.nan), numbers.get("inference", "")
    return GainRow(
        outcome="y",
        estimator=estimator.id,
        reference="ols",
        protocol=protocol.id,
        sample="test",
        gain=gain,
        conf_low=low,
        conf_high=high,
        status=status,
        reason=reason,
        decision=decide_gain(gain, low, high, p_holm, inference=inference, size=0.05, least_gain=0.1),
        **numbers,
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


# Estimator and protocol of each gain, by its identity: cases name other protocols alike.
ENTRIES = {}


def study_of(rows):
    """Return a study with the estimators and protocols of some gains, OLS its reference."""
    base = read_manifest(manifest(outcomes={"y": ("Y", "")})).study
    reference = EstimatorRecord("ols", "pooled_ols", "OLS", {})
    named = [ENTRIES[id(row)] for row in rows]
    estimators = {entry.id: entry for entry, _ in named}.values()
    protocols = {entry.id: entry for _, entry in named}.values()
    return replace(base, reference="ols", estimators=(reference, *estimators), protocols=tuple(protocols))


def headline(rows):
    study = study_of(rows)
    return " ".join(sentence_text(one, study, outcome="y") for one, _ in gain.verdicts(study, "ols", rows))


def verdict_on_one(rows):
    return sentence_text(gain.estimator_verdict("ols", rows), study_of(rows), estimator=rows[0].estimator)


def caveats(rows, **options):
    study = study_of(rows)
    return tuple(sentence_text(one, study) for one in gain_caveat.verdict_caveats(study, rows, **options))


def established(rows):
    honest = gain.honest_rows(study_of(rows), rows)
    subsets = {row.estimator: [one for one in honest if one.estimator == row.estimator] for row in honest}
    return tuple(name for name, subset in subsets.items() if gain.agreeing(subset, ABOVE))


def cell(estimator, protocol, gain, low, high, **numbers):
    p_holm = 0.5 if low <= 0.0 <= high else 0.01
    row = gain_row(estimator, protocol, gain, low, high, **{"p_holm": p_holm, **numbers})
    ENTRIES[id(row)] = estimator, protocol
    return row


def refusal(estimator, protocol, reason):
    return cell(estimator, protocol, math.nan, math.nan, math.nan, status="refused", reason=reason)


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
    "undetectable": [cell(ANN, ENTITIES, 0.4, -0.9, 0.8, least_detectable=1.0)],
    "equal": [cell(ANN, ENTITIES, 0.0, 0.0, 0.0), worse(FE, ENTITIES)],
    "alone-equal": [cell(ANN, ENTITIES, 0.0, 0.0, 0.0)],
    "alone-behind": [cell(ANN, ENTITIES, -0.002, -0.05, 0.04)],
    "alone-unclear": [unclear(ANN, ENTITIES)],
    "no-bound": [cell(ANN, ENTITIES, -0.5, -math.inf, 0.2), worse(FE, ENTITIES)],
    "cut-off": [cell(ANN, ENTITIES, -1.53, -3.19, 1.0)],
    "cut-off-gain": [cell(ANN, ENTITIES, 0.3, -0.9, 1.0, least_detectable=0.8)],
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
    assert caveats(cells, reference="fe") == ()
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
    assert footnote_marks(["x", "y", "x", ""]) == {"x": "a", "y": "b"}
    marks = footnote_marks(map(str, range(32)))
    assert (marks["25"], marks["26"], marks["31"]) == ("z", "aa", "af")

"""Numbers as texts."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.render.text import latex
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
from harness.text.plain_text import axis_lines, file_slug, joined, printable, shortened, wrapped

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
    ("value", "text"),
    [
        (0.110124, "0.1101"),
        (196306.6045, "196,307"),
        (1.0, "1.000"),
        (0.0, "0"),
        (-0.00098765, "−0.0009877"),
        (6.626e-34, "6.626 × 10⁻³⁴"),
        (-2.5e9, "−2.500 × 10⁹"),
        (NAN, "–"),
    ],
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

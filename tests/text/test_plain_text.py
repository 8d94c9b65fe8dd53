"""Texts made safe for HTML, LaTeX, figures and file names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.render.text import latex
from harness.text.plain_text import axis_lines, file_slug, joined, printable, shortened, wrapped


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

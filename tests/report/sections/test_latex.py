"""The LaTeX tables of gains and coefficients."""

import re

import pytest


def source(folder, table="gain"):
    return (folder.path / "tables" / f"{table}.tex").read_text(encoding="utf-8")


def test_the_table_of_gains(wage):
    lines = source(wage).splitlines()
    assert r"\begin{tabular}{l*{4}{c}}" in lines
    assert r" & Held-out entities & Forward in time & As published (random rows) & In sample \\" in lines
    assert r"SOM + ANN & $-$14.3$^{-}$ & 2.1 & 31.2$^{+}$ & 44.7$^{+}$ \\" in lines
    assert r" & {[}$-$20.3,~$-$8.3{]} & {[}$-$2.9,~7.1{]} & {[}27.2,~35.2{]} & {[}42.7,~46.7{]} \\" in lines
    assert r"Fixed effects & refused$^{\mathrm{a}}$ & 39.5$^{+}$ & 42.1$^{+}$ & 47.8$^{+}$ \\" in lines
    assert any(
        line.startswith(r"\par $^{\mathrm{a}}$ Log wage: fold 1: experience is absorbed") for line in lines
    )


def test_the_table_of_coefficients(wage):
    lines = source(wage, "coefficients").splitlines()
    assert r"\begin{tabular}{l*{2}{c}}" in lines
    assert r"\label{tab:coefficients-wage-panel-lwage}" in lines
    assert r" & Pooled OLS & Fixed effects \\" in lines
    start = lines.index(r"Experience & 0.11012 & 0.11012 \\")
    assert lines[start + 1] == r" & (0.01186) & (0.01186) \\"
    assert lines[start + 2] == r" & {[}0.08688,~0.13336{]} & {[}0.08688,~0.13336{]} \\"
    assert r"Effects & -- & entity and time \\" in lines
    assert r"Covariance & clustered by entity & clustered by entity and time \\" in lines
    assert r"Rows & 4,360 & 4,360 \\" in lines
    assert (
        r"\par Pooled OLS: covariance clustered by entity (545 clusters and small-sample factor 1.0037)."
        in lines
    )
    assert r"\par SOM + ANN, RAB and Boosting: no coefficients; the curves say what is estimated." in lines


def test_every_outcome_has_a_table_of_coefficients(chinese):
    assert source(chinese, "coefficients").count(r"\begin{table}") == 2


WIDTHS = {"gain": 4, "coefficients": 2}


@pytest.mark.parametrize("table", WIDTHS)
@pytest.mark.parametrize("name", ["wage", "chinese", "hostile"])
def test_braces_balance_rows_are_whole_and_only_known_commands_occur(name, table, request):
    text = source(request.getfixturevalue(name), table)
    bare = text.replace(r"\{", "").replace(r"\}", "")
    assert bare.count("{") == bare.count("}")
    rows = [line for line in text.splitlines() if line.endswith(r"\\") and r"\multicolumn" not in line]
    assert rows
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {WIDTHS[table]}
    commands = set(re.findall(r"\\([a-zA-Z]+)", text))
    assert commands <= {
        *("begin", "end", "centering", "caption", "label", "toprule", "midrule", "bottomrule", "multicolumn"),
        *("textit", "par", "smallskip", "footnotesize", "mathrm", "usepackage", "times"),
        *("textbackslash", "textless", "textgreater", "textasciicircum", "textasciitilde", "textbar"),
    }

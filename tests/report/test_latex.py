"""The LaTeX table of gains."""

import re

import pytest


def source(folder):
    return (folder.path / "tables" / "gain.tex").read_text(encoding="utf-8")


def test_the_table_of_gains(wage):
    lines = source(wage).splitlines()
    assert r"\begin{tabular}{l*{4}{c}}" in lines
    assert r" & As published (random rows) & In sample & Held-out entities & Forward in time \\" in lines
    assert r"SOM + ANN & 31.2$^{+}$ & 44.7$^{+}$ & $-$14.3$^{-}$ & 2.1 \\" in lines
    assert r" & {[}27.2,~35.2{]} & {[}42.7,~46.7{]} & {[}$-$20.3,~$-$8.3{]} & {[}$-$2.9,~7.1{]} \\" in lines
    assert r"Fixed effects & 42.1$^{+}$ & 47.8$^{+}$ & refused$^{\mathrm{a}}$ & 39.5$^{+}$ \\" in lines
    assert any(
        line.startswith(r"\par $^{\mathrm{a}}$ Log wage: fold 1: experience is absorbed") for line in lines
    )


@pytest.mark.parametrize("name", ["wage", "chinese", "hostile"])
def test_braces_balance_rows_are_whole_and_only_known_commands_occur(name, request):
    text = source(request.getfixturevalue(name))
    bare = text.replace(r"\{", "").replace(r"\}", "")
    assert bare.count("{") == bare.count("}")
    rows = [line for line in text.splitlines() if line.endswith(r"\\") and r"\multicolumn" not in line]
    assert rows
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {4}
    commands = set(re.findall(r"\\([a-zA-Z]+)", text))
    assert commands <= {
        *("begin", "end", "centering", "caption", "label", "toprule", "midrule", "bottomrule", "multicolumn"),
        *("textit", "par", "smallskip", "footnotesize", "mathrm", "usepackage", "times"),
        *("textbackslash", "textless", "textgreater", "textasciicircum", "textasciitilde", "textbar"),
    }

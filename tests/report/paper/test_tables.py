"""Tables for a paper: numbers of the run, what stands in brackets, stars, the same in four files."""

import csv
import dataclasses
import io
import re
import shutil
import subprocess
from pathlib import Path

import lxml.html
import pandas as pd
import pytest
from docx import Document

from harness.findings.run import read_run
from harness.report.paper.tables import PAPER, paper_files, paper_tables
from harness.report.render.text import FITTED
from harness.report.sections.coefficients import bracketed, starred
from harness.tables.effects import EFFECTS
from harness.tables.variations import VARIATION_EFFECTS
from report.fake_run import with_table

ESTIMATE, ERROR = 0.110124, 0.011857
NB = "\u00a0"
FORMATS = ("html", "latex", "docx")


def asking(run, **asked):
    """Return the run of a study that asks for other tables."""
    study = dataclasses.replace(run.manifest.study, **asked)
    return dataclasses.replace(run, manifest=dataclasses.replace(run.manifest, study=study), _kept={})


@pytest.fixture(scope="module")
def tables(run):
    return {table.name: table for table in paper_tables(run)}


def test_gains_say_where_they_are_established(tables):
    table = tables["gains"]
    heads = ("", "Held-out entities", "Forward in time", "As published (random rows)", "In sample")
    assert table.heads == (heads,)
    at = next(place for place, row in enumerate(table.texts) if row[0] == "SOM + ANN")
    assert table.texts[at] == ("SOM + ANN", "−14.3%‡", "2.1%", "31.2%†", "44.7%†")
    limits = (f"[−20.3,{NB}−8.3]", f"[−2.9,{NB}7.1]", f"[27.2,{NB}35.2]", f"[42.7,{NB}46.7]")
    assert table.texts[at + 1] == ("", *limits)
    assert any(note.startswith("No result: fold 1: experience is absorbed") for note in table.notes)


def test_test_statistics_stand_in_brackets_on_request(run):
    asked = asking(run, brackets="t", stars=(0.1, 0.05, 0.01))
    table = next(one for one in paper_tables(asked) if one.name == "regressions-lwage")
    at = next(place for place, row in enumerate(table.texts) if row[0] == "Experience")
    assert table.texts[at] == ("Experience", "0.110***", "0.110***")
    assert table.texts[at + 1] == ("", *[f"({ESTIMATE / ERROR:.2f})"] * 2)
    assert table.notes[0].startswith(
        "Test statistics in brackets, clustered by entity, correction stata, 545 clusters (1)"
    )
    assert "* p < 0.1, ** p < 0.05, *** p < 0.01." in table.notes


@pytest.mark.parametrize(
    ("p_value", "shown"),
    [(0.2, "1"), (0.1, "1"), (0.09, "1*"), (0.049, "1**"), (0.0, "1***"), (float("nan"), "1")],
)
def test_stars_are_for_p_values_below_each_level(run, p_value, shown):
    study = asking(run, stars=(0.1, 0.05, 0.01)).manifest.study
    assert starred(study, "1", p_value) == shown
    assert starred(run.manifest.study, "1", p_value) == "1"


@pytest.mark.parametrize("brackets", ["std_error", "t"])
def test_nothing_stands_in_brackets_without_a_standard_error(run, brackets):
    study = asking(run, brackets=brackets).manifest.study
    assert bracketed(study, 1.0, float("nan"), in_powers=False) == ""
    assert bracketed(study, 1.0, 0.5, in_powers=False) == ("(0.500)" if brackets == "std_error" else "(2.00)")


def test_each_table_is_the_same_in_four_files(run, tables):
    files = {file.path: file.content for file in paper_files(run, FORMATS)}
    assert files.keys() == {
        *(f"tables/paper/{name}.{ending}" for name in tables for ending in ("csv", "tex", "docx", "html")),
        *("tables/paper/paper.docx", "tables/paper/paper.tex"),
    }
    together = Document(io.BytesIO(files["tables/paper/paper.docx"]))
    assert [len(grid.rows) for grid in together.tables] == [len(table.texts) for table in tables.values()]
    assert together.paragraphs[0].text == "Table 1. Descriptive statistics"
    for name, table in tables.items():
        path = f"tables/paper/{name}"
        read = csv.reader(io.StringIO(files[f"{path}.csv"].removeprefix("\ufeff")))
        assert [tuple(row) for row in read] == [
            tuple(text.replace(NB, " ") for text in row) for row in table.texts
        ]
        (grid,) = Document(io.BytesIO(files[f"{path}.docx"])).tables
        assert [tuple(cell.text for cell in row.cells) for row in grid.rows] == list(table.texts)
        page = lxml.html.fromstring(files[f"{path}.html"].encode("utf-8"))
        (shown,) = page.iter("table")
        cells = [[cell.text_content() for cell in row.iter("td", "th")] for row in shown.iter("tr")]
        assert [[text for text in row if text] for row in cells] == [
            [text for text in row if text] for row in table.texts
        ]
        tex = files[f"{path}.tex"]
        assert re.findall(r"\\(toprule|midrule|bottomrule|hline|cmidrule)", tex) == [
            *("toprule", "midrule", "bottomrule")
        ]
        body = tex.split(r"\begin{tabular}")[1].split(r"\end{tabular}")[0]
        assert body.count("\\\\\n") == len(table.texts)


def test_debiased_effects_have_their_errors_beneath(run):
    def table(_frame):
        place = {"outcome": "lwage", "exposure": "exper", "learner": "boosting", "status": "ok"}
        place |= {"form": "line", "band": "pointwise", "n_obs": 4360, "n_entities": 545}
        first = {"method": "first_differences", "estimate": 0.2, "std_error": 0.05, "p_value": 0.02}
        other = {"method": "instrumented", "estimate": 0.3, "p_value": 0.5}
        limits = {"conf_low": 0.1, "conf_high": 0.3, "assumption": "No shocks."}
        rows = [place | limits | first, place | limits | other]
        return pd.DataFrame(rows).reindex(columns=list(EFFECTS.columns))

    asked = asking(with_table(run, "effects", table), stars=(0.05,))
    (shown,) = [table for table in paper_tables(asked) if table.name == "effects"]
    assert shown.texts[1][0] == "Experience on Log wage (log dollars an hour)"
    interval = f"[0.100,{NB}0.300]"
    first = ("First differences, slope", "Boosting", "0.200*", interval, "4,360", "545")
    assert shown.texts[2:4] == (first, ("", "", "(0.050)", "", "", ""))
    other = ("Instrumented, slope", "Boosting", "0.300", interval, "4,360", "545")
    assert shown.texts[4:] == (other,)


def test_robustness_has_a_row_for_each_check(run):
    def table(_frame):
        place = {"outcome": "lwage", "exposure": "exper", "method": "first_differences", "status": "ok"}
        place |= {"learner": "boosting", "list": "robustness", "n_obs": 100}
        slope = {"estimate": 0.2, "std_error": 0.05, "conf_low": 0.1, "conf_high": 0.3, "p_value": 0.01}
        rows = [
            place | slope | {"variation": "as it is"},
            place | {"variation": "all together", "p_difference": 0.4},
        ]
        return pd.DataFrame(rows).reindex(columns=list(VARIATION_EFFECTS.columns))

    tables = paper_tables(with_table(run, "variation_effects", table))
    (shown,) = [one for one in tables if one.name == "robustness"]
    assert shown.texts[1][0] == "Experience on Log wage: First differences, Boosting"
    assert shown.texts[2:] == (
        ("as it is", "0.200", f"[0.100,{NB}0.300]", "–", "100"),
        ("", "(0.050)", "", "", ""),
        ("all together", "–", "–", "0.400", "100"),
    )


COMMANDS = {
    *("begin", "end", "centering", "caption", "label", "toprule", "midrule", "bottomrule", "multicolumn"),
    *("textit", "par", "smallskip", "footnotesize", "usepackage", "times", "hspace", "rlap", "shortstack"),
    *("textdagger", "textdaggerdbl", "leq"),
    *("textbackslash", "textless", "textgreater", "textasciicircum", "textasciitilde", "textbar"),
}


@pytest.mark.parametrize("name", ["wage", pytest.param("chinese", marks=pytest.mark.slow), "hostile"])
def test_braces_balance_rows_are_whole_and_only_known_commands_occur(name, request):
    run = read_run(request.getfixturevalue(name))
    widths = {f"{PAPER}/{table.name}.tex": table.width for table in paper_tables(run)}
    texts = {file.path: file.content for file in paper_files(run, ("latex",)) if file.path in widths}
    assert texts.keys() == widths.keys()
    for path, text in texts.items():
        bare = text.replace(r"\{", "").replace(r"\}", "")
        assert bare.count("{") == bare.count("}")
        rows = [line for line in text.splitlines() if line.endswith(r"\\") and r"{l}{\textit" not in line]
        assert rows
        assert {1 + len(re.findall(r"(?<!\\)&", row)) for row in rows} == {widths[path]}
        assert set(re.findall(r"\\([a-zA-Z]+)", text)) <= COMMANDS
        assert name == "chinese" or text.isascii()


PDFLATEX = shutil.which("pdflatex")


def missing_for_latex(directory):
    """Return why the document of all tables cannot be compiled on this machine, or None."""
    if PDFLATEX is None:
        return "pdflatex is not on this machine"
    # A small installation of TeX has pdflatex without the packages that tables are set with.
    packages = sorted(set(re.findall(r"\\usepackage(?:\[.*?\])?\{([\w,]+)\}", FITTED)))
    loading = "".join(f"\\usepackage{{{names}}}\n" for names in packages)
    probe = f"\\documentclass{{article}}\n{loading}\\begin{{document}}.\\end{{document}}\n"
    (directory / "probe.tex").write_text(probe, encoding="ascii")
    command = [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", "probe.tex"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    lacking = re.search(r"! LaTeX Error: File `(.*?)' not found", done.stdout)
    return f"LaTeX on this machine lacks {lacking[1]}" if lacking else None


@pytest.mark.parametrize("name", ["wage", "hostile"])
def test_the_document_of_all_tables_compiles(name, request, tmp_path):
    if reason := missing_for_latex(tmp_path):
        pytest.skip(reason)

    def tiny(frame):
        return frame.assign(estimate=frame["estimate"] * 1e-5, std_error=frame["std_error"] * 1e-5)

    run = with_table(read_run(request.getfixturevalue(name)), "coefficients", tiny)
    for file in paper_files(run, ("latex",)):
        (tmp_path / Path(file.path).name).write_text(file.content, encoding="utf-8")
    command = [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    if shutil.which("pdftotext"):
        text = ["pdftotext", "paper.pdf", "-"]
        found = subprocess.run(text, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        shown = "".join(found.split())
        assert "10−6" in shown
        assert shown.index("Table1:Descriptivestatistics") < shown.index(":Gainsover")

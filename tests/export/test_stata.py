"""The do-file of a run's linear cells: commands as Stata, reghdfe and estout document them."""

import re
from dataclasses import replace

import pytest

from harness.export.cells import CellLeftOut, LinearCell
from harness.export.write import script_of

NAME = r"[A-Za-z_]\w{0,31}"
QUOTED = r"`\"[^`\"$]*\"'"
CLUSTERED = r"vce\(cluster (?:entity_id|time)\)"
GRAMMAR = re.compile(
    "|".join(
        (
            r"\*.*",
            r'import delimited using "[^"]+", clear case\(preserve\) asdouble stringcols\(1\) '
            r'encoding\("utf-8"\)',
            r"egen entity_id = group\(entity\)",
            r"xtset entity_id time",
            rf"regress {NAME}(?: {NAME})+(?:, {CLUSTERED})?",
            rf"reghdfe {NAME}(?: {NAME})+, absorb\((?:entity_id|time|entity_id time)\) keepsingletons"
            rf"(?: {CLUSTERED})?",
            rf"xtreg {NAME}(?: {NAME})+, re sa(?: {CLUSTERED})?",
            r"eststo",
            rf"keep_term `results' {QUOTED} {QUOTED} {NAME} {QUOTED} [01]",
        )
    )
)
CELL = LinearCell(
    outcome="wage",
    estimator="ols",
    label="Pooled /* OLS",
    model="pooled",
    terms=("exper", 'years of `school"'),
    has_constant=True,
    effects=(),
    errors="by entity",
)
CELLS = (
    CELL,
    replace(CELL, estimator="iid", errors="classical"),
    replace(CELL, estimator="fe", model="within", effects=("entity", "time"), has_constant=False),
    replace(CELL, estimator="hc3", model="within", effects=("entity",), errors=None),
    replace(CELL, estimator="re", model="random", errors="classical"),
)
NAMES = {"wage": "wage", "exper": "exper", CELL.terms[1]: "x2_"}


@pytest.fixture(scope="module")
def script():
    left_out = [CellLeftOut("wage", "spline", "it has terms // that are no columns")]
    return script_of("stata", CELLS, left_out, data={"wage": "rows_wage.csv"}, names=NAMES)


def body(script):
    """Return what stands between the program that keeps numbers and the file they are written to."""
    lines = script.splitlines()
    return lines[lines.index("end") + 1 : next(at for at, line in enumerate(lines) if "esttab" in line)]


def test_every_line_is_a_documented_command(script):
    assert [line for line in body(script) if line and not GRAMMAR.fullmatch(line)] == []


def test_each_cell_is_fitted_as_it_was(script):
    fits = [line for line in body(script) if re.match("regress|reghdfe|xtreg", line)]
    assert fits == [
        "regress wage exper x2_, vce(cluster entity_id)",
        "regress wage exper x2_",
        "reghdfe wage exper x2_, absorb(entity_id time) keepsingletons vce(cluster entity_id)",
        "reghdfe wage exper x2_, absorb(entity_id) keepsingletons",
        "xtreg wage exper x2_, re sa",
    ]
    assert script.count("eststo\n") == len(CELLS)


def test_every_coefficient_is_kept_with_its_error_where_it_has_the_same(script):
    kept = [line.split() for line in body(script) if line.startswith("keep_term")]
    errors = {"ols": "1", "iid": "1", "fe": "0", "hc3": "0", "re": "1"}
    assert all(words[-1] == errors[re.sub(r"\W", "", words[3])] for words in kept)
    constants = [re.sub(r"\W", "", words[3]) for words in kept if "_cons" in words]
    assert constants == ["ols", "iid", "re"]
    assert len(kept) == 2 * len(CELLS) + len(constants)


def test_no_comment_begins_another_and_no_text_a_macro(script):
    assert "/*" not in script
    assert "//" not in script
    texts = re.findall(QUOTED, script)
    assert len(texts) >= 3 * 13

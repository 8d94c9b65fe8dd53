"""A do-file that fits linear cells with regress, reghdfe and xtreg, and writes coefficients as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.export.linear_cell import CellLeftOut, LinearCell

FILE, RESULTS = "linear_cells.do", "stata_results.csv"

NOT_IN_QUOTES = str.maketrans({"`": "'", "$": "S", '"': "'"})
"""What would begin a macro or end a text."""

HEAD = """\
* Repeats the linear cells of a run. In this folder: do linear_cells.do
* It asks for reghdfe and estout: ssc install reghdfe, ssc install ftools, ssc install estout
* Then: harness compare RUN stata_results.csv
version 15
clear all
tempname results
tempfile found
postfile `results' str244(outcome estimator term) double(estimate std_error) using `"`found'"'
program define keep_term
    args results outcome estimator name term errors
    local error (cond(`errors', _se[`name'], .))
    post `results' (`"`outcome'"') (`"`estimator'"') (`"`term'"') (_b[`name']) `error'
end
"""

TAIL = f"""
esttab using linear_cells.rtf, replace se r2 ar2
postclose `results'
use `"`found'"', clear
format estimate std_error %24.17g
export delimited using {RESULTS}, replace datafmt
"""


def stata_script(
    cells: Sequence[LinearCell],
    left_out: Sequence[CellLeftOut],
    *,
    data: Mapping[str, str],
    names: Mapping[str, str],
) -> str:
    """Return the file; parameters as of `harness.export.r_script.r_script`."""
    parts = [HEAD]
    parts += [
        f"* not repeated: {cell.estimator} on {cell.outcome}: {comment(cell.reason)}\n" for cell in left_out
    ]
    for outcome, file in data.items():
        own = [cell for cell in cells if cell.outcome == outcome]
        if own:
            parts.append(
                f'\nimport delimited using "{file}", clear case(preserve) asdouble stringcols(1) '
                'encoding("utf-8")\n'
                "egen entity_id = group(entity)\nxtset entity_id time\n"
            )
        for cell in own:
            parts += list(_cell(cell, names))
    return "".join([*parts, TAIL])


def _cell(cell: LinearCell, names: Mapping[str, str]) -> Iterator[str]:
    regressors = " ".join(names[term] for term in cell.terms)
    errors = {"by entity": "vce(cluster entity_id)", "by time": "vce(cluster time)"}
    asked = errors.get(cell.errors or "", "")
    variables = f"{names[cell.outcome]} {regressors}"
    yield f"\n* {cell.estimator}: {comment(cell.label)}\n"
    if cell.model == "pooled":
        yield f"regress {variables}{f', {asked}' if asked else ''}\n"
    elif cell.model == "within":
        keys = {"entity": "entity_id", "time": "time"}
        absorbed = " ".join(keys[effect] for effect in cell.effects)
        yield f"reghdfe {variables}, absorb({absorbed}) keepsingletons{f' {asked}' if asked else ''}\n"
    else:
        yield f"xtreg {variables}, re sa{f' {asked}' if asked else ''}\n"
    yield "eststo\n"
    terms = {names[term]: term for term in cell.terms}
    if cell.has_constant and cell.model != "within":
        terms = {"_cons": "const", **terms}
    has_errors = int(_has_same_errors(cell))
    if cell.errors is not None and not has_errors:
        yield "* its standard errors have another small-sample factor here, and are not compared\n"
    for name, term in terms.items():
        told = f"{quoted(cell.outcome)} {quoted(cell.estimator)} {name} {quoted(term)}"
        yield f"keep_term `results' {told} {has_errors}\n"


def _has_same_errors(cell: LinearCell) -> bool:
    """Return whether Stata has the same errors: for clustered ones reghdfe's factor counts effects."""
    return cell.errors == "classical" or (cell.errors is not None and cell.model == "pooled")


def quoted(text: str) -> str:
    """Return a text in compound quotes, without what would be a macro or end them."""
    return f'`"{text.translate(NOT_IN_QUOTES)}"\''


def comment(text: str) -> str:
    """Return a text for a comment of one line, without what would begin or go on with another."""
    return text.replace("/*", "/ *").replace("//", "/ /")

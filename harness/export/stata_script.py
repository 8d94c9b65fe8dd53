"""A do-file that fits linear cells with regress, reghdfe and xtreg, and writes coefficients as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.export.linear_cell import CellLeftOut, LinearCell

FILE, RESULTS = "linear_cells.do", "stata_results.csv"

HEAD = """\
* Repeats the linear cells of a run. In this folder: do linear_cells.do
* It asks for reghdfe and estout: ssc install reghdfe, ssc install ftools, ssc install estout
* Then: harness compare RUN stata_results.csv
version 15
clear all
tempname results
tempfile found
postfile `results' str244(outcome estimator term) double(estimate std_error) using `found'
program define keep_term
    args results outcome estimator name term errors
    local error = .
    if `errors' local error = _se[`name']
    post `results' ("`outcome'") ("`estimator'") ("`term'") (_b[`name']) (`error')
end
"""

TAIL = f"""
esttab using linear_cells.rtf, replace se r2 ar2
postclose `results'
use `found', clear
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
    parts += [f"* not repeated: {one.estimator} on {one.outcome}: {one.reason}\n" for one in left_out]
    for outcome, file in data.items():
        own = [cell for cell in cells if cell.outcome == outcome]
        if own:
            parts.append(
                f'\nimport delimited using "{file}", clear case(preserve) asdouble stringcols(1)\n'
                "egen entity_id = group(entity)\nxtset entity_id time\n"
            )
        for cell in own:
            parts += list(_cell(cell, names))
    return "".join([*parts, TAIL])


def _cell(cell: LinearCell, names: Mapping[str, str]) -> Iterator[str]:
    regressors = " ".join(names[term] for term in cell.terms)
    errors = {"classical": "", "by entity": " vce(cluster entity_id)", "by time": " vce(cluster time)"}
    asked = errors[cell.errors] if cell.errors else ""
    variables = f"{names[cell.outcome]} {regressors}"
    yield f"\n* {cell.estimator}: {cell.label}\n"
    if cell.model == "pooled":
        yield f"regress {variables},{asked}\n"
    elif cell.model == "within":
        keys = {"entity": "entity_id", "time": "time"}
        absorbed = " ".join(keys[effect] for effect in cell.effects)
        yield f"reghdfe {variables}, absorb({absorbed}) keepsingletons{asked}\n"
    else:
        yield f"xtreg {variables}, re sa{asked}\n"
    yield "eststo\n"
    terms = {names[term]: term for term in cell.terms}
    if cell.has_constant and cell.model != "within":
        terms = {"_cons": "const", **terms}
    for name, term in terms.items():
        has_errors = 0 if cell.errors is None else 1
        yield f'keep_term `results\' "{cell.outcome}" "{cell.estimator}" {name} "{term}" {has_errors}\n'

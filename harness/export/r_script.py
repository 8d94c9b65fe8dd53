"""An R file that fits linear cells with plm and fixest, and writes coefficients and errors as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.export.linear_cell import CellLeftOut, LinearCell

FILE, RESULTS, BY_FIXEST = "linear_cells.R", "r_results.csv", "fixest_results.csv"

HEAD = """\
# Repeats the linear cells of a run with plm. In this folder: Rscript linear_cells.R
# Then: harness compare RUN r_results.csv
# Where fixest is installed, it fits all but random effects too: harness compare RUN fixest_results.csv
suppressPackageStartupMessages(library(plm))
has_fixest <- requireNamespace("fixest", quietly = TRUE)

rows_of <- function(fit, covariance, outcome, estimator, terms) {
  estimate <- coef(fit)
  error <- if (is.null(covariance)) rep(NA_real_, length(estimate)) else sqrt(diag(covariance))
  found <- match(names(terms), names(estimate))
  data.frame(outcome = outcome, estimator = estimator, term = unname(terms),
    estimate = unname(estimate[found]), std_error = unname(error[found]))
}
write_results <- function(results, file) {
  results$estimate <- sprintf("%.17g", results$estimate)
  results$std_error <- ifelse(is.na(results$std_error), "", sprintf("%.17g", results$std_error))
  write.csv(results, file, row.names = FALSE, quote = TRUE)
}
results <- data.frame()
by_fixest <- data.frame()
"""

TAIL = f"""\
write_results(results, "{RESULTS}")
if (nrow(by_fixest)) write_results(by_fixest, "{BY_FIXEST}")
"""

MODELS = {"pooled": "pooling", "within": "within", "random": "random"}
EFFECTS = {("entity",): "individual", ("time",): "time", ("entity", "time"): "twoways"}


def r_script(
    cells: Sequence[LinearCell],
    left_out: Sequence[CellLeftOut],
    *,
    data: Mapping[str, str],
    names: Mapping[str, str],
) -> str:
    """Return the file.

    Parameters
    ----------
    data : the CSV file of each outcome
    names : of columns in these files
    """
    parts = [HEAD]
    parts += [f"# not repeated: {cell.estimator} on {cell.outcome}: {cell.reason}\n" for cell in left_out]
    for outcome, file in data.items():
        own = [cell for cell in cells if cell.outcome == outcome]
        if own:
            read = f'read.csv({quoted(file)}, colClasses = c(entity = "character"))'
            parts.append(f'\nd <- pdata.frame({read}, index = c("entity", "time"))\n')
        for cell in own:
            parts += list(_cell(cell, names))
    return "".join([*parts, "\n", TAIL])


def _cell(cell: LinearCell, names: Mapping[str, str]) -> Iterator[str]:
    formula = f"{names[cell.outcome]} ~ {' + '.join(names[term] for term in cell.terms)}"
    asked = [formula, "data = d", f'model = "{MODELS[cell.model]}"']
    if cell.model == "within":
        asked.append(f'effect = "{EFFECTS[cell.effects]}"')
    if cell.model == "random":
        asked.append('random.method = "swar"')
    terms = {names[term]: term for term in cell.terms}
    if cell.has_constant and cell.model != "within":
        terms = {"(Intercept)": "const", **terms}
    named = ", ".join(f"`{name}` = {quoted(term)}" for name, term in terms.items())
    yield f"\n# {cell.estimator}: {cell.label}\n"
    yield f"fit <- plm({', '.join(asked)})\n"
    told = f"{quoted(cell.outcome)}, {quoted(cell.estimator)}, c({named})"
    yield f"results <- rbind(results, rows_of(fit, {_covariance(cell)}, {told}))\n"
    if cell.model != "random":
        covariance = "NULL" if cell.errors is None else "vcov(fit)"
        yield "if (has_fixest) {\n"
        yield f"  fit <- {_fixest(cell, formula)}\n"
        yield f"  by_fixest <- rbind(by_fixest, rows_of(fit, {covariance}, {told}))\n"
        yield "}\n"


def _covariance(cell: LinearCell) -> str:
    if cell.errors is None:
        return "NULL"
    if cell.errors == "classical":
        return "vcov(fit)"
    cluster = "group" if cell.errors == "by entity" else "time"
    return f'vcovHC(fit, method = "arellano", type = "sss", cluster = "{cluster}")'


def _fixest(cell: LinearCell, formula: str) -> str:
    """Return the call of feols; its factor counts absorbed effects for classical errors alone, as plm's does.

    The arguments of ``ssc`` have other names from 0.13 on, in the same places.
    """
    absorbed = f" | {' + '.join(cell.effects)}" if cell.effects else ""
    clustered = {"by entity": "~entity", "by time": "~time"}.get(cell.errors or "", "")
    errors = f'{clustered}, ssc = fixest::ssc(TRUE, "none")' if clustered else '"iid"'
    return f"fixest::feols({formula}{absorbed}, data = as.data.frame(d), vcov = {errors})"


def quoted(text: str) -> str:
    """Return a text as a string of R."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

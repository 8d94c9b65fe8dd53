"""Scripts that fit linear cells in R with plm and fixest, or in Stata, and write coefficients as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from harness.export.cells import CONSTANT, CellLeftOut, LinearCell


@dataclass(frozen=True)
class Program:
    """A program that fits linear cells.

    Attributes
    ----------
    file : of its script; files of this package with the same ending hold what it begins and ends with
    comment : writes a comment of one line
    read : writes what reads the rows in a file
    fit : writes what fits a cell and keeps its coefficients, given the names of columns in the file
    """

    file: str
    comment: Callable[[str], str]
    read: Callable[[str], str]
    fit: Callable[[LinearCell, Mapping[str, str]], Iterator[str]]

    def script(
        self,
        cells: Sequence[LinearCell],
        left_out: Sequence[CellLeftOut],
        *,
        data: Mapping[str, str],
        names: Mapping[str, str],
    ) -> str:
        """Return the script.

        Parameters
        ----------
        data : the CSV file of each outcome
        names : of columns in these files
        """
        ending = self.file.rpartition(".")[2]
        head, tail = (
            (files(__package__) / f"{part}.{ending}").read_text("utf-8") for part in ("head", "tail")
        )
        parts = [head]
        parts += [
            self.comment(f"not repeated: {one.estimator} on {one.outcome}: {one.reason}") for one in left_out
        ]
        for outcome, file in data.items():
            own = [cell for cell in cells if cell.outcome == outcome]
            parts += [self.read(file)] if own else []
            for cell in own:
                parts += ["\n", self.comment(f"{cell.estimator}: {cell.label}"), *self.fit(cell, names)]
        return "".join([*parts, "\n", tail])


def _terms(cell: LinearCell, names: Mapping[str, str], constant: str) -> Mapping[str, str]:
    """Return the terms by how the program calls them, the constant first where it is reported."""
    terms = {names[term]: term for term in cell.terms}
    return {constant: CONSTANT, **terms} if cell.has_constant and cell.model != "within" else terms


MODELS = {"pooled": "pooling", "within": "within", "random": "random"}
EFFECTS = {("entity",): "individual", ("time",): "time", ("entity", "time"): "twoways"}


def _read_in_r(file: str) -> str:
    read = f'read.csv({quoted_in_r(file)}, colClasses = c(entity = "character"))'
    return f'\nd <- pdata.frame({read}, index = c("entity", "time"))\n'


def _fit_in_r(cell: LinearCell, names: Mapping[str, str]) -> Iterator[str]:
    formula = f"{names[cell.outcome]} ~ {' + '.join(names[term] for term in cell.terms)}"
    arguments = [formula, "data = d", f'model = "{MODELS[cell.model]}"']
    if cell.model == "within":
        arguments.append(f'effect = "{EFFECTS[cell.effects]}"')
    if cell.model == "random":
        arguments.append('random.method = "swar"')
    terms = _terms(cell, names, "(Intercept)")
    named = ", ".join(f"`{name}` = {quoted_in_r(term)}" for name, term in terms.items())
    key = f"{quoted_in_r(cell.outcome)}, {quoted_in_r(cell.estimator)}, c({named})"
    yield f"fit <- plm({', '.join(arguments)})\n"
    yield f"results <- rbind(results, rows_of(fit, {_covariance(cell)}, {key}))\n"
    if cell.model != "random":
        covariance = "NULL" if cell.errors is None else "vcov(fit)"
        yield f"if (has_fixest) {{\n  fit <- {_fixest(cell, formula)}\n"
        yield f"  by_fixest <- rbind(by_fixest, rows_of(fit, {covariance}, {key}))\n}}\n"


def _covariance(cell: LinearCell) -> str:
    if cell.errors is None:
        return "NULL"
    if cell.errors == "classical":
        return "vcov(fit)"
    cluster = "group" if cell.errors == "by entity" else "time"
    return f'vcovHC(fit, method = "arellano", type = "sss", cluster = "{cluster}")'


def _fixest(cell: LinearCell, formula: str) -> str:
    """Return the call of feols; its factor counts absorbed effects for classical errors alone, as plm's does.

    The arguments of ``ssc`` have other names from 0.13 on, in the same positions.
    """
    absorbed = f" | {' + '.join(cell.effects)}" if cell.effects else ""
    clustered = {"by entity": "~entity", "by time": "~time"}.get(cell.errors or "", "")
    errors = f'{clustered}, ssc = fixest::ssc(TRUE, "none")' if clustered else '"iid"'
    return f"fixest::feols({formula}{absorbed}, data = as.data.frame(d), vcov = {errors})"


def quoted_in_r(text: str) -> str:
    """Return a text as a string of R."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


R = Program("linear_cells.R", lambda text: f"# {text}\n", _read_in_r, _fit_in_r)


# What would begin a macro or end a text.
NOT_IN_QUOTES = str.maketrans({"`": "'", "$": "S", '"': "'"})


def _stata_comment(text: str) -> str:
    """Return a comment of one line, without what would begin or go on with another."""
    own = text.replace("/*", "/ *").replace("//", "/ /")
    return f"* {own}\n"


def _read_in_stata(file: str) -> str:
    options = 'clear case(preserve) asdouble stringcols(1) encoding("utf-8")'
    keys = "egen entity_id = group(entity)\nxtset entity_id time\n"
    return f'\nimport delimited using "{file}", {options}\n{keys}'


def _fit_in_stata(cell: LinearCell, names: Mapping[str, str]) -> Iterator[str]:
    clusters = {"by entity": "vce(cluster entity_id)", "by time": "vce(cluster time)"}
    errors = clusters.get(cell.errors or "", "")
    variables = " ".join(names[name] for name in (cell.outcome, *cell.terms))
    if cell.model == "pooled":
        yield f"regress {variables}{f', {errors}' if errors else ''}\n"
    elif cell.model == "within":
        absorbed = " ".join({"entity": "entity_id", "time": "time"}[effect] for effect in cell.effects)
        yield f"reghdfe {variables}, absorb({absorbed}) keepsingletons{f' {errors}' if errors else ''}\n"
    else:
        yield f"xtreg {variables}, re sa{f' {errors}' if errors else ''}\n"
    yield "eststo\n"
    # Of clustered errors reghdfe's factor counts effects.
    has_errors = cell.errors == "classical" or (cell.errors is not None and cell.model == "pooled")
    if cell.errors is not None and not has_errors:
        yield "* its standard errors have another small-sample factor here, and are not compared\n"
    for name, term in _terms(cell, names, "_cons").items():
        key = f"{quoted_in_stata(cell.outcome)} {quoted_in_stata(cell.estimator)}"
        yield f"keep_term `results' {key} {name} {quoted_in_stata(term)} {int(has_errors)}\n"


def quoted_in_stata(text: str) -> str:
    """Return a text in compound quotes, without what would be a macro or end them."""
    return f'`"{text.translate(NOT_IN_QUOTES)}"\''


STATA = Program("linear_cells.do", _stata_comment, _read_in_stata, _fit_in_stata)

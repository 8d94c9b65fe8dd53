"""Write the linear cells of a run for another program: its script, and the rows of each outcome as CSV."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from harness.arrays import Grouping
from harness.audit.sources import RunSources, prepare_again
from harness.data.name import mean_term
from harness.data.panel import Panel
from harness.errors import ArtifactError, Problem
from harness.estimators.protocol import ESTIMATOR, LinearModel, linear_model_of
from harness.export import spatial
from harness.export.dynamic import DynamicEquation, Lags
from harness.findings.run import Run, read_run
from harness.language import Coded, in_series, marked
from harness.record.manifest import EstimatorRecord
from harness.running.files import MANIFEST, flush_names, move
from harness.running.folder import RunFolder
from harness.tables.coefficients import COEFFICIENTS, CoefficientRow
from harness.tables.csv_table import csv_text
from harness.text.plain_text import text_templates

# Term of the constant.
CONSTANT = "const"

# Covariances that the programs compute alike; of moments, robust ones of one step, Windmeijer's of two; of
# likelihood the inverse information.
Errors = Literal["classical", "by entity", "by time", "of moments", "of likelihood"]

# What the table of coefficients calls clustered errors, by one key.
CLUSTERED = re.compile(r"clustered by (entity|time)(?:, correction (\w+))?")

# How far a small-sample factor may be from its formula.
ROUNDING = 1e-9


@dataclass(frozen=True)
class LinearCell:
    """One regression.

    Attributes
    ----------
    terms : columns of the panel, without the constant
    has_constant : whether the run reports one
    effects : of ``entity`` and ``time``, those that are absorbed
    errors : which standard errors; None for those that the programs do not compute alike
    scale : of clustered ones the small-sample factor over G / (G - 1) (n - 1) / (n - K), whose K counts no
        absorbed effect
    has_stata_factor : whether that is the one of reghdfe
    endogenous, instruments : terms that are instrumented, and columns that they are instrumented by
    dynamic : lags and instruments of a dynamic panel
    """

    outcome: str
    estimator: str
    label: str
    model: LinearModel
    terms: tuple[str, ...]
    has_constant: bool
    effects: tuple[str, ...]
    errors: Errors | None = None
    scale: float = 1.0
    has_stata_factor: bool = False
    endogenous: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    dynamic: DynamicEquation | None = None

    @property
    def reports_constant(self) -> bool:
        """Whether the programs report a constant; that of a within regression is another one."""
        return self.has_constant and not (self.model == "within" or self.effects)

    @property
    def exogenous(self) -> tuple[str, ...]:
        """Terms that are not instrumented."""
        return tuple(term for term in self.terms if term not in self.endogenous)


@dataclass(frozen=True)
class CellLeftOut:
    """A cell that is not repeated elsewhere, and why."""

    outcome: str
    estimator: str
    reason: str


def linear_cells(
    run: Run, panels: Mapping[str, Panel], models: Mapping[str, LinearModel]
) -> tuple[tuple[LinearCell, ...], tuple[CellLeftOut, ...]]:
    """Return the cells that can be repeated, and the others that have coefficients, outcome by outcome.

    Parameters
    ----------
    panels : the rows of each outcome
    models : which regressions estimators are, by the names that these are chosen by
    """
    study = run.manifest.study
    keys = {study.entity: "entity", study.time: "time"}
    cells: list[LinearCell] = []
    others: list[CellLeftOut] = []
    done = [row for row in run.rows(COEFFICIENTS) if row.is_done and row.term]
    for outcome in study.outcomes:
        for entry in study.estimators:
            rows = [row for row in done if (row.outcome, row.estimator) == (outcome, entry.id)]
            if not rows:
                continue
            effects = {keys.get(effect, effect) for effect in entry.effects}
            reason = _reason(entry, rows, panels[outcome], models, effects)
            if reason:
                others.append(CellLeftOut(outcome, entry.id, reason))
                continue
            cell = _cell(entry, rows, panels[outcome], models[entry.use])
            cells.append(replace(cell, effects=tuple(sorted(effects))))
    return tuple(cells), tuple(others)


def _cell(
    entry: EstimatorRecord, rows: Sequence[CoefficientRow], panel: Panel, model: LinearModel
) -> LinearCell:
    """Return the regression of rows of the table of coefficients, without its effects."""
    terms = [row.term for row in rows]
    cell = LinearCell(
        *(panel.outcome, entry.id, entry.label, model),
        terms=tuple(term for term in terms if term != CONSTANT),
        has_constant=CONSTANT in terms,
        effects=(),
    )
    if model == "dynamic":
        dynamic = DynamicEquation.of(entry.options, panel)
        return replace(cell, terms=dynamic.terms, errors="of moments", dynamic=dynamic)
    if model == "spatial":
        return replace(cell, errors="of likelihood")
    if model == "instrumental":
        named = (*panel.exposure_columns, *entry.options["endogenous"])
        endogenous = tuple(term for term in cell.terms if term in named)
        cell = replace(cell, endogenous=endogenous, instruments=panel.instruments)
    return _with_errors(cell, rows)


def _reason(
    entry: EstimatorRecord,
    rows: Sequence[CoefficientRow],
    panel: Panel,
    models: Mapping[str, LinearModel],
    effects: set[str],
) -> str:
    """Return why an estimator is not repeated, or an empty string."""
    model, terms = models.get(entry.use), {row.term for row in rows}
    if model == "dynamic":
        reason = DynamicEquation.of_no_other_program(entry.options, panel)
        return reason or _unlike(terms, DynamicEquation.of(entry.options, panel).terms)
    if model == "spatial":
        reason = spatial.of_no_other_program(entry.options, panel)
        lagged = (f"{spatial.LAG}{name}" for name in (*panel.columns, panel.outcome))
        return reason or _unlike(terms, (*panel.columns, *lagged))
    n_rows = panel.n_entities if model == "between" else panel.n_obs
    if model is None:
        return Coded("{name} is none of {models}", name=entry.use, models=", ".join(models))
    if entry.options.get("method", "2sls") != "2sls":
        return Coded("its method is {method}, which plm lacks", method=entry.options["method"])
    if strangers := terms - {CONSTANT, *panel.columns, *_means_of(panel)}:
        shown = ", ".join(sorted(strangers))
        return Coded("it has terms that are no columns of the panel: {terms}", terms=shown)
    if rows[0].n_obs != n_rows:
        return marked("it is fitted on rows of its own")
    if entry.options.get("weights"):
        return marked("its rows are weighted")
    if effects - {"entity", "time"}:
        return marked("it absorbs effects of other columns than the keys")
    return ""


def _unlike(terms: set[str], expected: tuple[str, ...]) -> str:
    """Return that terms are not those of the equation, or an empty string."""
    if terms == {*expected}:
        return ""
    return marked("columns of it were dropped, which the programs choose otherwise")


def _with_errors(cell: LinearCell, rows: Sequence[CoefficientRow]) -> LinearCell:
    """Return a cell with the errors of its rows in the table of coefficients."""
    first, n_obs, clustered = rows[0], rows[0].n_obs, CLUSTERED.fullmatch(rows[0].covariance)
    if clustered is None or n_obs is None:
        return replace(cell, errors="classical" if first.covariance == "classical" else None)
    n_clusters = float(first.n_clusters)
    scale = first.factor * (n_clusters - 1.0) / n_clusters * (n_obs - len(rows)) / (n_obs - 1.0)
    is_same = not cell.effects and math.isclose(scale, 1.0, rel_tol=ROUNDING)
    return replace(
        cell,
        errors="by entity" if clustered[1] == "entity" else "by time",
        scale=1.0 if is_same else scale,
        has_stata_factor=is_same or clustered[2] == "stata",
    )


# Scripts by program; a template of this package writes each.
SCRIPTS = {"r": "linear_cells.R", "stata": "linear_cells.do"}

# What would begin a macro of Stata or end a text.
NOT_IN_QUOTES = str.maketrans({"`": "'", "$": "S", '"': "'"})

# Names that every program takes: a letter, then letters, digits and underscores, for Stata no more than 32;
# but no words of Stata and R, nor the names of the keys.
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
RESERVED = frozenset(
    {
        *("if", "in", "using", "with", "byte", "int", "long", "float", "double", "else", "for", "while"),
        *("function", "next", "repeat", "break", "t", "f", "entity", "time"),
    }
)


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes
    ----------
    script : the file to run, next to the data
    cells : that it repeats
    left_out : cells with coefficients that it does not, each with the reason
    """

    script: Path
    cells: tuple[LinearCell, ...]
    left_out: tuple[CellLeftOut, ...]


def export(sources: RunSources, *, program: Literal["r", "stata"], out: Path) -> Exported:
    """Write script and data of a finished run's linear cells into a folder.

    Raises
    ------
    ArtifactError
        Where the data are not those of the run, or no cell can be repeated.
    """
    run, prepared = read_run(sources.folder), prepare_again(sources)
    outcomes = run.manifest.study.outcomes
    panels = {outcome: prepared.panels.panel(outcome) for outcome in outcomes}
    chosen = ((name, linear_model_of(one)) for name, one in sources.registry.of(ESTIMATOR).items())
    models = {name: model for name, model in chosen if model is not None}
    cells, left_out = linear_cells(run, panels, models)
    if not cells:
        reasons = in_series(
            Coded("{name}: {reason}", name=cell.estimator, reason=cell.reason) for cell in left_out
        )
        what = Coded(
            "no cell can be repeated elsewhere: {reasons}",
            reasons=reasons or marked("no cell has coefficients"),
        )
        raise ArtifactError(Problem(str(sources.folder.path), what))
    columns = (column for panel in panels.values() for column in (*panel.columns, *panel.instruments))
    names = plain_names((*outcomes, *columns, *(term for cell in cells for term in cell.terms)))
    files = {outcome: f"rows_{names[outcome]}.csv" for outcome in outcomes}
    if os.path.lexists(out / MANIFEST):
        raise ArtifactError.at(
            str(out),
            marked("is a run folder"),
            marked("a folder of its own"),
            marked("name another with --out"),
        )
    # The first one is there with all of its files, or not at all.
    begun = out if os.path.lexists(out) else out.with_name(f".{out.name}.new")
    script = SCRIPTS[program]
    with RunFolder.claimed(begun) as folder, folder.replaced() as new:
        for outcome, file in files.items():
            new.write_text(file, csv_text(_frame(panels[outcome], names)))
            if any(cell.model == "spatial" and cell.outcome == outcome for cell in cells):
                new.write_text(f"weights_{file}", csv_text(spatial.pairs_of(panels[outcome])))
        new.write_text(script, script_of(program, cells, left_out, data=files, names=names))
    if begun != out:
        move(begun, out)
        flush_names(out.parent)
    return Exported(out / script, cells, left_out)


def _means_of(panel: Panel) -> tuple[str, ...]:
    """Return what tables of coefficients call the entity means of the columns."""
    return tuple(map(mean_term, panel.columns))


def _frame(panel: Panel, names: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows with plain names; time counts periods, so that gaps stay gaps."""
    columns = {names[name]: panel.X[:, column] for column, name in enumerate(panel.columns)}
    if panel.Z is not None:
        columns |= {names[name]: panel.Z[:, column] for column, name in enumerate(panel.instruments)}
    entities = Grouping.of(panel.entity.codes)
    means = entities.means(panel.X)[entities.codes]
    of_means = enumerate(_means_of(panel))
    columns |= {names[name]: means[:, column] for column, name in of_means if name in names}
    lagged = spatial.lagged_columns(panel).items()
    columns |= {names[name]: values for name, values in lagged if name in names}
    return pd.DataFrame(
        {
            "entity": np.array(panel.entity.labels, dtype=object)[panel.entity.codes],
            "time": panel.period,
            names[panel.outcome]: panel.observed,
            **columns,
        }
    )


def plain_names(columns: Iterable[str]) -> Mapping[str, str]:
    """Return a name for every column, its own where programs take it; names differ in any case."""
    names: dict[str, str] = {}
    for number, column in enumerate(dict.fromkeys(columns), start=1):
        taken = {name.lower() for name in names.values()} | RESERVED
        is_plain = PLAIN.fullmatch(column) and column.lower() not in taken
        names[column] = column if is_plain else f"x{number}_"
    return names


def script_of(
    program: str,
    cells: Sequence[LinearCell],
    left_out: Sequence[CellLeftOut],
    *,
    data: Mapping[str, str],
    names: Mapping[str, str],
) -> str:
    """Return the script of a program.

    Parameters
    ----------
    data : the CSV file of each outcome
    names : of columns in these files
    """
    environment = text_templates(__package__)
    environment.filters.update(in_r=quoted_in_r, in_stata=quoted_in_stata, in_comment=in_comment)
    environment.filters.update(lags_in_r=lags_in_r, lags_in_stata=lags_in_stata)
    environment.filters["named"] = lambda terms: [names[term] for term in terms]
    template = environment.get_template(f"{SCRIPTS[program]}.j2")
    return template.render(cells=cells, left_out=left_out, data=data, names=names)


def quoted_in_r(text: str) -> str:
    """Return a text as a string of R."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def lags_in_r(lags: Lags, names: Mapping[str, str]) -> str:
    """Return lags of a column in a formula of plm, all there are as up to the 99th."""
    name, last = names[lags.column], 99 if lags.last is None else lags.last
    if lags.first == last:
        return f"lag({name}, {last})" if last else name
    return f"lag({name}, {lags.first}:{last})"


def lags_in_stata(lags: Lags, names: Mapping[str, str]) -> str:
    """Return lags of a column by operators of time series."""
    name = names[lags.column]
    if lags.first == lags.last:
        return f"L{lags.last}.{name}" if lags.last else name
    return f"L({lags.first}/{lags.last}).{name}"


def quoted_in_stata(text: str) -> str:
    """Return a text in compound quotes, without what would be a macro or end them."""
    return f'`"{text.translate(NOT_IN_QUOTES)}"\''


def in_comment(text: str) -> str:
    """Return a text for a comment of Stata, without what would begin or go on with another."""
    return text.replace("/*", "/ *").replace("//", "/ /")

"""Write the linear cells of a run for another program: its script, and the rows of each outcome as CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from harness.data.panel import Panel
from harness.errors import ArtifactError, Problem
from harness.estimators.protocol import ESTIMATOR, LinearModel, linear_model_of
from harness.export.cells import CellLeftOut, LinearCell, linear_cells
from harness.export.scripts import STATA, R
from harness.findings.run import read_run
from harness.registry.registry import Registry
from harness.running.prepare import RunSources, prepare_again

PROGRAMS = {"r": R, "stata": STATA}

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
    run = read_run(sources.folder)
    panels = panels_of(sources)
    cells, left_out = linear_cells(run, panels, _models(sources.registry))
    if not cells:
        reasons = "; ".join(f"{cell.estimator}: {cell.reason}" for cell in left_out)
        what = f"no cell can be repeated elsewhere: {reasons or 'no cell has coefficients'}"
        raise ArtifactError(Problem(str(sources.folder.path), what))
    outcomes = run.manifest.study.outcomes
    names = plain_names((*outcomes, *(column for panel in panels.values() for column in panel.columns)))
    files = {outcome: f"rows_{names[outcome]}.csv" for outcome in outcomes}
    out.mkdir(parents=True, exist_ok=True)
    for outcome, file in files.items():
        _frame(panels[outcome], names).to_csv(out / file, index=False, encoding="utf-8")
    chosen = PROGRAMS[program]
    script = chosen.script(cells, left_out, data=files, names=names)
    (out / chosen.file).write_text(script, encoding="utf-8")
    return Exported(out / chosen.file, cells, left_out)


def panels_of(sources: RunSources) -> Mapping[str, Panel]:
    """Return the rows that a finished run was fitted on, by outcome.

    Raises
    ------
    ArtifactError
        Where the data at hand are not those of the run.
    """
    prepared = prepare_again(sources)
    outcomes = sources.folder.manifest().study.outcomes
    return {outcome: prepared.panels.panel(outcome) for outcome in outcomes}


def _models(registry: Registry) -> Mapping[str, LinearModel]:
    """Return the regressions that estimators say they are, by the estimators' names."""
    found = ((name, linear_model_of(estimator)) for name, estimator in registry.of(ESTIMATOR).items())
    return {name: model for name, model in found if model is not None}


def _frame(panel: Panel, names: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows with plain names; time counts periods, so that gaps stay gaps."""
    columns = {names[name]: panel.X[:, column] for column, name in enumerate(panel.columns)}
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

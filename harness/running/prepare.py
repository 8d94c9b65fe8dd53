"""A study that is ready to run: its spec and data are read, its fits planned."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Floats
from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec
from harness.data.expand import expand
from harness.data.panel import Panel
from harness.data.read.files import DataFolder, read_table
from harness.data.read.source import DATASET, READER, Table
from harness.data.schema import read_file_schema
from harness.errors import ArtifactError, DataError, Problem
from harness.estimators.guard import Attempt, attempt
from harness.estimators.protocol import FitsByDraws
from harness.language import Coded, marked
from harness.registry.registry import Registry
from harness.running.isolation import one_thread
from harness.running.options import RunOptions
from harness.running.plan import Plan, as_quick, as_whole, group_columns, make_plan
from harness.scenarios.scenario import EvaluatesModels
from harness.study.spec.document import Document, read_document
from harness.study.spec.load import LoadedStudy, load_study
from harness.study.spec.reader import Loc, spec_error
from harness.study.spec.study import Study, Variable

if TYPE_CHECKING:
    import pandera.pandas as pa

# Times that the numbers of draws are held where tables are made of them: joined, as given, and ordered.
COPIES = 3

# Rows that a scenario is tried on to count its numbers.
FEW_ROWS = 100


@dataclass(frozen=True)
class _Zero:
    """One draw that predicts zero."""

    def predict(self, panel: Panel) -> Floats:
        """Return zeros, (1, n_obs)."""
        return np.zeros((1, panel.n_obs))

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return zeros, (1, n_points)."""
        return np.zeros((1, len(points)))


def numbers_of_a_draw(scenario: EvaluatesModels, panel: Panel, *, n_rows: int = FEW_ROWS) -> Attempt[int]:
    """Return how many numbers a scenario asks of one draw on some rows, or why it refuses them."""
    rows = panel.take(np.unique(np.linspace(0, panel.n_obs - 1, n_rows).astype(np.int64)))
    return attempt(lambda: sum(values.size for values in scenario.numbers(_Zero(), rows, rows).values()))


def require_memory(plan: Plan, *, available: int) -> None:
    """Refuse a study whose answers to a scenario need more memory than there is.

    Parameters
    ----------
    available : bytes

    Raises
    ------
    ArtifactError
        With every scenario and estimator of which that is so.
    """
    problems = []
    panel = plan.panels.panel(plan.study.roles.outcomes[0])
    for entry in plan.study.scenarios:
        if not isinstance(entry.scenario, EvaluatesModels):
            continue
        numbers = numbers_of_a_draw(entry.scenario, panel).value or 0
        for asked in plan.study.estimators:
            own = asked.estimator
            n_draws = own.draws if isinstance(own, FitsByDraws) else entry.scenario.plan.n_draws
            needed = 8 * COPIES * n_draws * numbers
            if needed > available:
                what = Coded(
                    "{n_draws} draws of {numbers} numbers each take {needed} GB of memory, and this "
                    "machine has {available}",
                    n_draws=f"{n_draws:,}",
                    numbers=f"{numbers:,}",
                    needed=f"{needed / 1e9:,.0f}",
                    available=f"{available / 1e9:,.0f}",
                )
                where = Coded("scenarios, {id}, of {estimator}", id=entry.id, estimator=asked.id)
                hint = marked("ask for fewer draws or a coarser grid")
                problems.append(Problem(where, what, marked("what fits into memory"), hint))
    if problems:
        raise ArtifactError(*problems)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A study that is ready to run.

    Attributes
    ----------
    root : folder that paths of data start at
    n_read : rows of the table before any was left out
    """

    loaded: LoadedStudy
    table: Table
    panels: PanelBuilder
    plan: Plan
    root: Path
    n_read: int


def prepare(options: RunOptions, registry: Registry) -> Prepared:
    """Read spec and data and plan the fits.

    Parameters
    ----------
    registry : what the plugins of the options offer

    Raises
    ------
    SpecError, DataError
        With every mistake of the spec, or of the data.
    """
    return prepare_loaded(load(options, registry), options, registry)


def load(options: RunOptions, registry: Registry) -> LoadedStudy:
    """Read the spec.

    Raises
    ------
    SpecError
        With every mistake of the spec.
    """
    return load_study(options.spec, catalogs=registry.catalogs, overrides=options.overrides)


@one_thread()
def prepare_loaded(loaded: LoadedStudy, options: RunOptions, registry: Registry) -> Prepared:
    """Read the data of a study and plan the fits; see `prepare`.

    Raises
    ------
    SpecError, DataError
        With every mistake of the data, or of what the spec says of them.
    """
    known = registry.catalogs
    study = as_quick(loaded.study) if options.quick else as_whole(loaded.study)
    folder = DataFolder(options.root, options.allow_outside, registry.of(READER))
    source = read_table(
        study.data,
        folder=folder,
        given=options.data,
        datasets=registry.of(DATASET),
        entity=study.roles.entity,
        time=study.roles.time,
    )
    expanded, n_read = expand(source, study.data, study.roles), len(source.frame)
    source = expanded.table
    study = with_units(with_labels(study, source.labels.columns), source.labels.units)
    study = with_labels(study, {name: _of_level(study, *level) for name, level in expanded.labels.items()})
    # Of rows that were given nothing is known of what the spec would simulate in their place.
    data = expanded.spec if options.data is None else replace(expanded.spec, simulate=None)
    study = study.model_copy(update={"data": data, "roles": expanded.roles})
    own = read_schema_file(study.data, folder)
    groups = group_columns(study, known)
    try:
        panels = PanelBuilder.build(source, study.data, study.roles, groups=groups, file_schema=own).noted()
    except DataError as error:
        raise DataError(*(_placed(problem, loaded.document) for problem in error.problems)) from error
    # Columns of truth values, which other files hold as such, are called as they are.
    levels = {name: level for name, level in panels.indicated.items() if level.casefold() != "true"}
    labels = {name: Variable(label=_of_level(study, name, level)) for name, level in levels.items()}
    study = study.model_copy(update={"variables": {**study.variables, **labels}})
    return Prepared(loaded, source, panels, make_plan(study, panels, known), options.root.resolve(), n_read)


def _of_level(study: Study, column: str, level: str) -> str:
    """Return the label of a column that is 1 for one value of another."""
    return f"{study.variables.get(column, Variable()).label or column}: {level}"


def with_labels(study: Study, labels: Mapping[str, str]) -> Study:
    """Return a study whose variables without a label of their own have that of the data file."""
    variables = dict(study.variables)
    for name, label in labels.items():
        known = variables.get(name, Variable())
        variables[name] = known if known.label else known.model_copy(update={"label": label})
    return study.model_copy(update={"variables": variables})


def with_units(study: Study, units: Mapping[str, str]) -> Study:
    """Return a study whose variables without a unit of their own have that of the schema, or of the file."""
    variables = dict(study.variables)
    of_schema = {name: rule.unit for name, rule in study.data.schema.items() if rule.unit}
    for name, unit in {**units, **of_schema}.items():
        known = variables.get(name, Variable())
        if not known.unit:
            variables[name] = known.model_copy(update={"unit": unit})
    return study.model_copy(update={"variables": variables})


def read_schema_file(spec: DataSpec, folder: DataFolder) -> pa.DataFrameSchema | None:
    """Return the schema of ``data.schema_file``, read as strictly as a spec; None where there is none.

    Parameters
    ----------
    folder : where it lies

    Raises
    ------
    DataError, SpecError
        Where the file cannot be read, or says what is not taken.
    """
    if spec.schema_file is None:
        return None
    document = read_document(folder.find(spec.schema_file))
    if document.flaws:
        raise spec_error(document.flaws)
    return read_file_schema(document.data, spec.schema_file)


def _placed(problem: Problem, document: Document) -> Problem:
    """Add the line of the spec where a problem of the data names a part of it, as ``(data.checks[2])``."""
    found = re.fullmatch(r"(.*)\(((?:data|roles)\.(?:schema\..*|[^()]*))\)", problem.where)
    if found is None:
        return problem
    before, column = found[2].partition("data.schema.")[1:]
    parts = re.findall(r"[^.\[\]]+", before or found[2])
    loc: Loc = tuple(
        int(part) if part.isdecimal() else part for part in (*parts, *([column] if before else ()))
    )
    return problem.placed(found[2], f"{document.find(loc).spot}: {found[2]}")

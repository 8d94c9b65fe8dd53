"""A study that is ready to run: its spec and data are read, its fits planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.data.build import PanelBuilder
from harness.data.dataset import DATASET
from harness.data.expand import expand
from harness.data.read.data_folder import DataFolder
from harness.data.read.read_table import read_table
from harness.data.read.table import Table
from harness.execution.data_rules import places_in, read_schema_file
from harness.execution.one_thread import one_thread
from harness.execution.options import RunOptions
from harness.execution.plan import Plan, as_quick, group_columns, make_plan
from harness.registry.registry import Registry
from harness.spec.load import LoadedStudy, load_study
from harness.spec.study import Study, Variable


@dataclass(frozen=True, eq=False)
class Prepared:
    """A study that is ready to run."""

    loaded: LoadedStudy
    table: Table
    panels: PanelBuilder
    plan: Plan


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
    study = as_quick(loaded.study) if options.quick else loaded.study
    folder = DataFolder(options.root, allow_outside=options.allow_outside)
    source = read_table(
        study.data,
        folder=folder,
        given=options.data,
        datasets=registry.of(DATASET),
        entity=study.roles.entity,
        time=study.roles.time,
    )
    expanded = expand(source, study.data, study.roles)
    source = expanded.table
    study = with_labels(study, source.labels.columns)
    study = with_labels(study, {name: _of_level(study, *level) for name, level in expanded.labels.items()})
    study = study.model_copy(update={"data": expanded.spec, "roles": expanded.roles})
    own = read_schema_file(study.data, folder)
    with places_in(loaded.document):
        panels = PanelBuilder.build(
            source, study.data, study.roles, groups=group_columns(study, known), user_schema=own
        ).noted()
    return Prepared(loaded, source, panels, make_plan(study, panels, known))


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

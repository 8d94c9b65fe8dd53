"""A study that is ready to run: its spec and data are read, its fits planned."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec
from harness.data.dataset import DATASET
from harness.data.expand import expand
from harness.data.read.files import FRAME_FILE, DataFolder, read_table
from harness.data.read.source import READER, Table
from harness.data.user_schema import UserSchema, read_user_schema
from harness.errors import ArtifactError, DataError, HarnessError, Problem
from harness.registry.registry import Registry
from harness.registry.sources import PluginChoice
from harness.running.folder import RunFolder
from harness.running.isolation import one_thread
from harness.running.layout import SPEC
from harness.running.options import RunOptions
from harness.running.plan import Plan, as_quick, group_columns, make_plan
from harness.study.spec.document import Document, read_document
from harness.study.spec.load import LoadedStudy, load_study
from harness.study.spec.node import Loc, spec_error
from harness.study.spec.study import Study, Variable


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
    folder = DataFolder(options.root, options.allow_outside, registry.of(READER))
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


@dataclass(frozen=True, eq=False)
class RunSources:
    """A finished run, and where what it was made from lies now.

    Attributes
    ----------
    folder : of the run
    registry : what plugins offer, as the run had them
    plugins : which they are
    spec : where the spec lies that was run, beside its data; where it lay, if none
    data : file that the run was given in the place of the data that its spec names, if it was
    """

    folder: RunFolder
    registry: Registry
    plugins: PluginChoice
    spec: Path | None = None
    data: Path | None = None


@dataclass(frozen=True)
class PreparedAgain:
    """What a run was made from.

    Attributes
    ----------
    root : folder that paths of data start at
    """

    prepared: Prepared
    root: Path


def prepare_again(sources: RunSources) -> PreparedAgain:
    """Read what a finished run was made from.

    Raises
    ------
    ArtifactError
        Where the data are not found, or spec or data at hand are not those of the run.
    """
    folder, spec, data = sources.folder, sources.spec, sources.data
    manifest = folder.manifest()
    own = folder.path / FRAME_FILE
    lay = spec or Path(manifest.spec.path)
    if spec is not None and not spec.is_file():
        raise ArtifactError(Problem(str(spec), "is no file", hint="name the spec that was run"))
    if lay.is_file() and hashlib.sha256(lay.read_bytes()).hexdigest() != manifest.spec.sha256:
        hint = f"copy {folder.path / SPEC} beside the data and name it with --spec"
        raise ArtifactError(Problem(str(lay), "was changed since the run", hint=hint))
    options = RunOptions(
        spec=lay if lay.is_file() else folder.path / SPEC,
        data=data or (own if own.is_file() else None),
        overrides=manifest.spec.overrides,
        allow_outside=True,
        plugins=sources.plugins,
    )
    try:
        prepared = prepare(options, sources.registry)
    except HarnessError as error:
        if lay.is_file() or data is not None:
            raise
        what = f"spec and data of the run are not where they lay, {manifest.spec.path}: {error}"
        hint = "name the spec beside its data with --spec, or the data file with --data"
        raise ArtifactError(Problem(str(folder.path), what, hint=hint)) from error
    if not own.is_file() and prepared.table.sha256 != manifest.data.sha256:
        what = f"are not those of the run: SHA-256 {prepared.table.sha256}, then {manifest.data.sha256}"
        hint = "name spec and file of the run: --spec, --data"
        raise ArtifactError(Problem(prepared.table.origin, what, hint=hint))
    return PreparedAgain(prepared, options.root.resolve())


def read_schema_file(spec: DataSpec, folder: DataFolder) -> UserSchema | None:
    """Return the schema of the user's own, read as strictly as a spec; None where there is none.

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
    return read_user_schema(document.data, spec.schema_file)


@contextmanager
def places_in(document: Document) -> Iterator[None]:
    """Tell the line of the spec where a problem of the data names a part of it, as ``(data.checks[2])``."""
    try:
        yield
    except DataError as error:
        raise DataError(*(_placed(problem, document) for problem in error.problems)) from error


def _placed(problem: Problem, document: Document) -> Problem:
    found = re.fullmatch(r"(.*)\((data\.(?:schema|checks)[^()]*|data\.schema\..*)\)", problem.where)
    if found is None:
        return problem
    if at := re.fullmatch(r"data\.checks\[([0-9]+)\]", found[2]):
        loc: Loc = ("data", "checks", int(at[1]))
    else:
        loc = ("data", "schema", found[2].removeprefix("data.schema."))
    return replace(problem, where=f"{found[1]}({document.find(loc).spot}: {found[2]})")

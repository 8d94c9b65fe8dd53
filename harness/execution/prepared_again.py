"""Spec and data of a finished run, read again from where they lay."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from harness.data.read.frame_file import FRAME_FILE
from harness.errors import ArtifactError, HarnessError, Problem
from harness.execution.options import RunOptions
from harness.execution.prepared import Prepared, prepare
from harness.registry.plugin_choice import PluginChoice
from harness.registry.registry import Registry
from harness.store.folder import RunFolder
from harness.store.layout import SPEC


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

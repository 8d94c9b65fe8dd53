"""What a finished run was made from, found again and read, and refused where it has changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness.data.read.files import FRAME_FILE
from harness.errors import ArtifactError, HarnessError
from harness.language import Coded, marked
from harness.registry.choice import PluginChoice
from harness.registry.registry import Registry
from harness.running.files import SPEC, sha256_of
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.running.prepare import Prepared, load, prepare_loaded
from harness.study.spec.document import read_spec


@dataclass(frozen=True, eq=False)
class RunSources:
    """A finished run, and where what it was made from lies now.

    Attributes
    ----------
    folder : of the run
    registry : what plugins offer, as the run had them
    plugins : which they are
    spec : where the spec lies that was run, beside its data; where it lay, if none
    data : file that the run was given instead of the data that its spec names, if it was
    """

    folder: RunFolder
    registry: Registry
    plugins: PluginChoice
    spec: Path | None = None
    data: Path | None = None


def prepare_again(sources: RunSources) -> Prepared:
    """Read what a finished run was made from.

    Raises
    ------
    ArtifactError
        Where the data are not found, or spec or data are not those of the run.
    """
    folder, spec, manifest = sources.folder, sources.spec, sources.folder.manifest()
    own = folder.path / FRAME_FILE
    if spec is not None and not spec.is_file():
        raise ArtifactError.at(str(spec), marked("is no file"), hint=marked("name the spec that was run"))
    lay = spec or _found(folder.path, manifest.spec.path, manifest.spec.sha256) or Path(manifest.spec.path)
    if lay.is_file() and read_spec(lay).sha256 != manifest.spec.sha256:
        hint: str = Coded("copy {path} next to the data and name it with --spec", path=folder.path / SPEC)
        raise ArtifactError.at(str(lay), marked("was changed since the run"), hint=hint)
    options = RunOptions(
        spec=lay if lay.is_file() else folder.path / SPEC,
        data=sources.data or (own if own.is_file() else None),
        overrides=manifest.spec.overrides,
        allow_outside=True,
        plugins=sources.plugins,
    )
    try:
        loaded, origin = load(options, sources.registry), manifest.data.origin
        if options.data is None and not (
            loaded.study.data.path == origin and (options.root / origin).is_file()
        ):
            options = replace(options, data=_found(options.root, origin, manifest.data.sha256))
        prepared = prepare_loaded(loaded, options, sources.registry)
    except HarnessError as error:
        if lay.is_file() or sources.data is not None:
            raise
        what = Coded(
            "spec and data of the run are not where they lay, {path}: {error}",
            path=manifest.spec.path,
            error=error,
        )
        hint = marked("name the spec next to its data with --spec, or the data file with --data")
        raise ArtifactError.at(str(folder.path), what, hint=hint) from error
    if not own.is_file() and prepared.table.sha256 != manifest.data.sha256:
        what = Coded(
            "are not those of the run: SHA-256 {own}, then {recorded}",
            own=prepared.table.sha256,
            recorded=manifest.data.sha256,
        )
        hint = marked("name spec and file of the run: --spec, --data")
        raise ArtifactError.at(prepared.table.origin, what, hint=hint)
    return prepared


def _found(folder: Path, name: str, sha256: str | None) -> Path | None:
    """Return the file of a name and content in a folder, or in the next of those that the folder is in."""
    start = folder.resolve()
    named = (around / name for around in (start, *start.parents))
    return next((path for path in named if path.is_file() and sha256_of(path) == sha256), None)

"""The numbers of a finished run as a repository of tests: spec, pins, data, tox.ini, CI and README."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from harness.audit.pin import PinSelection, pinned, with_entries
from harness.audit.sources import RunSources, prepare_again
from harness.data.read.files import FRAME_FILE
from harness.errors import ArtifactError
from harness.pack.archive import origin_of, requirements, source_folders
from harness.record.manifest import Manifest
from harness.registry.hooks import DISTRIBUTION, OURS
from harness.registry.plugin import LOCAL, Plugin
from harness.running.files import SPEC
from harness.scaffold.plugin import environment, write_folder
from harness.study.spec.document import WrittenSpec, read_document
from harness.study.spec.load import load_study
from harness.tables.preparation import SUMMARY

# Files of the repository next to spec and data, each made from a template of its name.
FILES = ("tox.ini", "constraints.txt", "README.md", ".github/workflows/replication.yml")

# What `[replication]` of tox.ini calls the one place that the harness is installed from.
SETTING = "{[replication]harness}"


@dataclass(frozen=True)
class Installation:
    """How tox installs the harness.

    Attributes
    ----------
    setting : a version of the index, or an address or folder that pip can install from
    lines : requirement of each distribution that the study needs, written with that setting
    """

    setting: str
    lines: tuple[str, ...]


def write_replication(
    sources: RunSources, selection: PinSelection, *, out: Path, replace: bool = False
) -> tuple[int, Mapping[str, str]]:
    """Write a repository whose tests are the numbers of a finished run.

    Moments of every variable are pinned as well, so that a changed data file is named by its column. Data
    files that lie in the folder of the spec, or below it, come along.

    Parameters
    ----------
    selection : the numbers
    out : a folder that is not there yet
    replace : whether they take the place of numbers that the spec has from a run

    Returns
    -------
    How many numbers are pinned, and the SHA-256 of each data file that is not in the repository.

    Raises
    ------
    ArtifactError
        Where the run was given data or changes that its spec does not have, the data are not those of the
        run, or the folder is there.
    """
    run, manifest = sources.folder, sources.folder.manifest()
    _refuse_changes(sources, manifest)
    again = prepare_again(sources)
    entries = (
        *pinned(run, selection),
        *pinned(run, PinSelection((SUMMARY.name,), relative=selection.relative)),
    )
    text = with_entries(run.path / SPEC, entries, replace=replace)
    load_study(WrittenSpec(text.removeprefix("\ufeff")), catalogs=sources.registry.catalogs)
    included = {file for file in again.table.files if file.path.is_relative_to(again.root)}
    paths = [file.path for file in included]
    schema = again.loaded.study.data.schema_file
    paths += [again.root / schema] if schema and (again.root / schema).is_file() else []
    elsewhere = {str(file.path): file.sha256 for file in again.table.files if file not in included}
    installation = _installation(sources, manifest)
    spec = f"{manifest.study.id}.yaml"
    given = {
        "study": manifest.study,
        "spec": spec,
        "data": manifest.data,
        "elsewhere": elsewhere,
        "installation": installation,
        "python": ".".join(manifest.versions["python"].split(".")[:2]),
        "constraints": [line for line in requirements(manifest).splitlines() if not _is_ours(line)],
    }
    templates = environment()
    files: dict[PurePosixPath, str | bytes] = {
        PurePosixPath(name): templates.get_template(f"replication/{Path(name).name}.j2").render(given)
        for name in FILES
    }
    files[PurePosixPath(spec)] = text
    files |= {PurePosixPath(path.relative_to(again.root).as_posix()): path.read_bytes() for path in paths}
    write_folder(out, files)
    return len(entries), elsewhere


def _refuse_changes(sources: RunSources, manifest: Manifest) -> None:
    """Refuse a run that its spec alone does not repeat."""
    changes = " ".join(f"--set {change}" for change in manifest.spec.overrides)
    if sources.data is not None or (sources.folder.path / FRAME_FILE).is_file():
        changes = "data of a script or of --data"
    if changes:
        what = f"was run with {changes}, which its spec does not have"
        raise ArtifactError.at(str(sources.folder.path), what, hint="write it into the spec and run that")


def _is_ours(line: str) -> bool:
    return not line.startswith("#") and ("==" not in line or line.partition("==")[0] in OURS)


def _installation(sources: RunSources, manifest: Manifest) -> Installation:
    """Return what tox installs: the harness, and the plugins whose members the spec names."""
    words = set(_words(read_document(sources.folder.path / SPEC).data))
    named: dict[str, list[Plugin]] = {DISTRIBUTION: []}
    for plugin in sources.registry.plugins:
        offered = {name for names in plugin.offers.values() for name in names}
        if words & offered and not plugin.distribution.startswith(LOCAL):
            named.setdefault(plugin.distribution, []).append(plugin)
    folders, origin = source_folders(OURS), origin_of(DISTRIBUTION)
    if root := folders.get(DISTRIBUTION):
        setting = root.as_uri()
    elif "vcs_info" in origin:
        setting = f"{origin['vcs_info']['vcs']}+{origin['url']}@{origin['vcs_info']['commit_id']}"
    else:
        setting = manifest.versions[DISTRIBUTION]
    is_index = setting == manifest.versions[DISTRIBUTION]
    data = manifest.data.origin
    extra = "files" if "." in data else "panels"
    lines = []
    for name, plugins in named.items():
        extras = extra if name == DISTRIBUTION else ""
        extras = "fixest" if any(plugin.name == "harness_fixest" for plugin in plugins) else extras
        start = f"{name}[{extras}]" if extras else name
        if name not in OURS:
            lines.append(f"{start}=={plugins[0].version}")
        elif is_index:
            lines.append(f"{start}=={SETTING}")
        else:
            below = "" if name == DISTRIBUTION else _below(name)
            lines.append(f"{start} @ {{env:PANEL_HARNESS:{SETTING}}}{below}")
    return Installation(setting, tuple(lines))


def _below(name: str) -> str:
    """Return where the source of a plugin of ours lies in that of the harness; of pip, for tox.ini."""
    return f"\\#subdirectory=plugins/{name.removeprefix('panel-').replace('-', '_')}"


def _words(value: Any) -> Iterator[str]:  # noqa: ANN401 - what YAML holds
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _words(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _words(inner)

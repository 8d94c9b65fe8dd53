"""Write the replication archive of a finished run."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.data.read.files import FRAME_FILE
from harness.data.read.source import DataFile
from harness.pack.crate import METADATA, metadata
from harness.pack.own_code import own_code
from harness.pack.readme import REQUIREMENTS, RUN, SPEC, readme, requirements
from harness.running.files import MANIFEST, MANIFEST_SUM, MARKER, SIGNATURE
from harness.running.folder import RunFolder
from harness.running.prepare import RunSources, prepare_again

DATA = "data"
"""Folder of a data file that lies outside the folder of the spec."""

STAMP = (1980, 1, 1, 0, 0, 0)
"""Date of every file in the archive, so that the same run gives the same bytes."""


@dataclass(frozen=True)
class RunInputs:
    """The data files of a run.

    Attributes
    ----------
    contents : by their place in the archive
    digests : their SHA-256
    given : the one that takes the place of the data that the spec names; empty where the spec finds its own
    """

    contents: Mapping[str, bytes]
    digests: tuple[tuple[str, str], ...]
    given: str


def pack(sources: RunSources, *, out: Path, with_data: bool = True) -> Path:
    """Write the archive of a finished run and return its path.

    Parameters
    ----------
    with_data : whether the archive holds data files; without, its README names them by their SHA-256

    Raises
    ------
    ArtifactError
        Where the data at hand are not those of the run.
    """
    folder = sources.folder
    manifest = folder.manifest()
    inputs = _inputs(sources)
    run = {name: (folder.path / name).read_bytes() for name in _run_files(folder)}
    files = {f"{RUN}/{name}": content for name, content in run.items()}
    files |= inputs.contents if with_data else {}
    files[SPEC] = run[SPEC]
    files[REQUIREMENTS] = requirements(manifest).encode()
    files |= own_code()
    text = readme(manifest, given=inputs.given, files=inputs.digests, has_data=with_data)
    files["README.md"] = text.encode()
    held = tuple(inputs.contents) if with_data else ()
    files[METADATA] = metadata(manifest, files, data=held).encode()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, STAMP), content, zipfile.ZIP_DEFLATED)
    return out


def _run_files(folder: RunFolder) -> tuple[str, ...]:
    signature = (SIGNATURE,) if (folder.path / SIGNATURE).is_file() else ()
    return (*folder.files(), MANIFEST, MANIFEST_SUM, MARKER, *signature)


def _inputs(sources: RunSources) -> RunInputs:
    """Return the data files of a run, none where it was given a script's table, a dataset or a simulation."""
    if (sources.folder.path / FRAME_FILE).is_file():
        return RunInputs({}, (), f"{RUN}/{FRAME_FILE}")
    again = prepare_again(sources)
    table, root, is_given = again.prepared.table, again.root, sources.data is not None
    places = {file: _place(file, root, is_given=is_given) for file in table.files}
    given = next(iter(places.values()), "") if is_given else ""
    return RunInputs(
        {place: file.path.read_bytes() for file, place in places.items()},
        tuple((place, file.sha256) for file, place in places.items()),
        given or next((place for place in places.values() if place.startswith(f"{DATA}/")), ""),
    )


def _place(file: DataFile, root: Path, *, is_given: bool) -> str:
    """Return where a file lies in the archive: as it lies beside the spec, or in the folder of data."""
    if is_given or not file.path.is_relative_to(root):
        return f"{DATA}/{file.path.name}"
    return file.path.relative_to(root).as_posix()

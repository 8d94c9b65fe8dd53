"""The replication archive of a finished run: its files, README, and metadata as RO-Crate 1.1.

The metadata follow Soiland-Reyes et al. (2022).
"""

from __future__ import annotations

import hashlib
import json
import shlex
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from itertools import pairwise
from mimetypes import MimeTypes
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from harness.audit.sources import RunSources, prepare_again
from harness.data.read.files import FRAME_FILE
from harness.data.read.source import DataFile
from harness.errors import ArtifactError, Problem
from harness.findings.run import Run, read_run
from harness.language import marked
from harness.pack.deposit import Deposited, deposit
from harness.record.manifest import Manifest
from harness.registry.hooks import DISTRIBUTION, OURS
from harness.registry.plugin import LOCAL
from harness.report.sections.record import info_sheet
from harness.running.dependence import BLAS, NOT_INSTALLED
from harness.running.files import MANIFEST, MANIFEST_SUM, MARKER, SIGNATURE, replacing_own
from harness.running.folder import RunFolder
from harness.running.prepare import Prepared
from harness.text.plain_text import text_templates

METADATA = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/crate/1.1"

# Media types by the ending of a file's name, whatever the system knows; others are left out.
MEDIA = MimeTypes()
MEDIA.add_type("application/vnd.apache.parquet", ".parquet")
MEDIA.add_type("application/yaml", ".yaml")
MEDIA.add_type("text/markdown", ".md")


def metadata(manifest: Manifest, files: Mapping[str, bytes], *, data: tuple[str, ...]) -> str:
    """Return the metadata of an archive as JSON.

    Parameters
    ----------
    files : contents by their path in the archive
    data : those of them that the run was given
    """
    parts = [_file(name, content) for name, content in sorted(files.items())]
    study = manifest.study
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": study.title,
        "description": study.description or f"Replication archive of the study {study.id}",
        "datePublished": manifest.started,
        "license": "see the terms of the data and of the study",
        "hasPart": [{"@id": part["@id"]} for part in parts],
        "mentions": {"@id": "#run"},
    }
    software = {
        "@id": "#panel-harness",
        "@type": "SoftwareApplication",
        "name": "panel-harness",
        "version": manifest.versions.get("panel-harness", ""),
    }
    action = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": manifest.command,
        "startTime": manifest.started,
        "instrument": {"@id": "#panel-harness"},
        "object": [{"@id": name} for name in (SPEC, *data)],
        "result": [{"@id": part["@id"]} for part in parts if part["@id"].startswith(f"{RUN}/")],
    }
    descriptor = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "conformsTo": {"@id": PROFILE},
        "about": {"@id": "./"},
    }
    graph = [descriptor, root, software, action, *parts]
    crate = {"@context": f"{PROFILE}/context", "@graph": graph}
    return json.dumps(crate, indent=1, ensure_ascii=False) + "\n"


def _file(name: str, content: bytes) -> dict[str, Any]:
    known, _ = MEDIA.guess_type(name)
    return {
        "@id": name,
        "@type": "File",
        "contentSize": str(len(content)),
        "sha256": hashlib.sha256(content).hexdigest(),
        **({"encodingFormat": known} if known else {}),
    }


# Names within the archive: the run folder, the folder of the repetition, the spec, the libraries.
RUN, AGAIN, SPEC, REQUIREMENTS = "run", "again", "spec.yaml", "requirements.txt"

# The option of the command that lets a spec name classes of a package.
PACKAGE = "--package"


def rerun_command(manifest: Manifest, given: str) -> str:
    """Return the command that runs the study again within the unpacked archive.

    Parameters
    ----------
    given : file that takes the place of the data that the spec names; empty where the spec finds its own
    """
    pairs = pairwise(shlex.split(manifest.command))
    packages = (word for pair in pairs if pair[0] == PACKAGE for word in pair)
    words = ["harness", *packages, "run", SPEC, "--out", AGAIN]
    words += ["--quick"] if manifest.study.quick else []
    words += ["--data", given] if given else []
    words += [word for change in manifest.spec.overrides for word in ("--set", change)]
    return shlex.join(words)


def sheet(run: Run) -> str:
    """Return the model info sheet of a run."""
    fields = (f"{number}. **{name}**: {text}" for number, (name, text) in enumerate(info_sheet(run), start=1))
    return "\n".join(["# Model info sheet", "", "After Kapoor and Narayanan (2023).", "", *fields, ""])


def readme(manifest: Manifest, *, given: str, files: Sequence[tuple[str, str]], has_data: bool) -> str:
    """Return the text.

    Parameters
    ----------
    given : as of `rerun_command`
    files : data files by their path in the archive, each with its SHA-256; empty where the study has none
    has_data : whether the archive holds them
    """
    return (
        text_templates(__package__)
        .get_template("README.md.j2")
        .render(
            study=manifest.study,
            data=manifest.data,
            missing=() if has_data else files,
            python=manifest.versions.get("python", ""),
            command=rerun_command(manifest, given),
            has_code=bool(source_folders([DISTRIBUTION])),
        )
    )


def requirements(manifest: Manifest) -> str:
    """Return the harness and the libraries of the run with their versions, as pip reads them.

    The local label of a version, such as ``+cpu``, names a build that indexes do not have. A plugin of a
    folder is a comment with the hash of its files.
    """
    versions = {name: version for name, version in manifest.versions.items() if version != NOT_INSTALLED}
    sources = source_folders(OURS)
    lines = [own_requirement(name, versions.pop(name), sources) for name in OURS if name in versions]
    for name in ("python", BLAS):
        versions.pop(name, None)
    for name, version in versions.items():
        lines.append(
            f"# {name}: {version}" if name.startswith(LOCAL) else f"{name}=={version.partition('+')[0]}"
        )
    return "".join(f"{line}\n" for line in lines)


# Folder of the source in the archive.
CODE = "code"

# In which installers note where a distribution was taken from if not from an index (PEP 610).
ORIGIN = "direct_url.json"

PROJECT = "pyproject.toml"

# What an installation of the harness from source reads beside its package.
BESIDE = (PROJECT, "README.md", "LICENSE", "hatch_build.py")


def own_requirement(name: str, version: str, sources: Mapping[str, Path]) -> str:
    """Return the requirement of one of our distributions: a version, a commit, or a folder of the archive.

    Parameters
    ----------
    sources : as of `source_folders`
    """
    if name in sources:
        return f"./{_place(sources[name], sources)}"
    origin = origin_of(name)
    if "vcs_info" in origin:
        vcs, below = origin["vcs_info"], origin.get("subdirectory")
        part = f"#subdirectory={below}" if below else ""
        return f"{name} @ {vcs['vcs']}+{origin['url']}@{vcs['commit_id']}{part}"
    return f"{name}=={version}"


def own_code(names: Iterable[str]) -> Mapping[str, bytes]:
    """Return the sources of those distributions that folders have, by their places in the archive."""
    sources = source_folders(names)
    files = (path for name, folder in sources.items() for path in _source(name, folder))
    return {_place(path, sources): path.read_bytes() for path in files}


def source_folders(names: Iterable[str]) -> Mapping[str, Path]:
    """Return the folders, within that of the harness, that distributions were installed from."""
    found = {name: folder for name in names if (folder := _folder(origin_of(name))) is not None}
    root = found.get(DISTRIBUTION)
    return {name: own for name, own in found.items() if root is not None and own.is_relative_to(root)}


def _place(path: Path, sources: Mapping[str, Path]) -> str:
    return Path(CODE, path.relative_to(sources[DISTRIBUTION])).as_posix()


def origin_of(name: str) -> dict[str, Any]:
    """Return where an installer took a distribution from, as it noted it; nothing for one of an index."""
    try:
        found: dict[str, Any] = json.loads(distribution(name).read_text(ORIGIN) or "{}")
    except PackageNotFoundError:
        return {}
    return found


def _folder(origin: Mapping[str, Any]) -> Path | None:
    """Return the folder that a distribution was installed from, where it is one that is still there."""
    if "dir_info" not in origin:
        return None
    root = Path(url2pathname(urlsplit(origin["url"]).path))
    return root if (root / PROJECT).is_file() else None


def _source(name: str, folder: Path) -> Iterator[Path]:
    """Yield the files that a distribution is built from; the folder of a plugin is its package."""
    is_harness = name == DISTRIBUTION
    yield from (folder / file for file in BESIDE if is_harness)
    for path in sorted((folder / "harness" if is_harness else folder).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


# Folder of a data file that lies outside the folder of the spec.
DATA = "data"


@dataclass(frozen=True)
class RunInputs:
    """The data files of a run.

    Attributes
    ----------
    contents : by their path in the archive
    digests : their SHA-256
    given : the one that takes the place of the data that the spec names; empty where the spec finds its own
    paths : of the files in the archive, by those on this machine
    """

    contents: Mapping[str, bytes]
    digests: tuple[tuple[str, str], ...]
    given: str
    paths: Mapping[Path, str] = field(default_factory=dict)


def pack(
    sources: RunSources, *, out: Path, with_data: bool = True, readers: Sequence[str] = ()
) -> tuple[Sequence[str], Sequence[Problem]]:
    """Write the archive of a finished run.

    Parameters
    ----------
    with_data : whether the archive holds data files; without, its README names them by their SHA-256
    readers : of `harness.pack.deposit.READERS`, whom it is made for as well

    Returns
    -------
    What is to be filled in for these, and what they should not see.

    Raises
    ------
    ArtifactError
        Where the data are not those of the run, or what is there is no such archive.
    """
    folder = sources.folder
    manifest = folder.manifest()
    again = prepare_again(sources)
    inputs = _inputs(sources, again)
    _refuse_stranger(out)
    run = {name: folder.read_bytes(name, most=sys.maxsize) for name in _run_files(folder)}
    files = {f"{RUN}/{name}": content for name, content in run.items()}
    files |= inputs.contents if with_data else {}
    files[SPEC] = run[SPEC]
    files[REQUIREMENTS] = requirements(manifest).encode()
    files |= own_code(name for name in OURS if name in manifest.versions)
    text = readme(manifest, given=inputs.given, files=inputs.digests, has_data=with_data)
    files["README.md"] = text.encode()
    files["model_info_sheet.md"] = sheet(read_run(folder)).encode()
    own = Deposited(sources, again, inputs.paths, with_data, files, rerun_command(manifest, inputs.given))
    added, to_fill_in, warnings = deposit(own, readers)
    files |= added
    held = tuple(inputs.contents) if with_data else ()
    files[METADATA] = metadata(manifest, files, data=held).encode()
    with replacing_own(out) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            # Without a date, so that the same run gives the same bytes.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return to_fill_in, warnings


def _refuse_stranger(out: Path) -> None:
    """Refuse to write over anything but an archive of a run."""
    is_ours = not out.exists()
    if out.is_file() and zipfile.is_zipfile(out):
        with zipfile.ZipFile(out) as archive:
            is_ours = {METADATA, f"{RUN}/{MANIFEST}"} <= set(archive.namelist())
    if not is_ours:
        what = marked("is there, and is no archive that harness pack wrote")
        raise ArtifactError.at(
            str(out), what, marked("a new file, or such an archive"), marked("name another with --out")
        )


def _run_files(folder: RunFolder) -> tuple[str, ...]:
    signature = (SIGNATURE,) if folder.held(SIGNATURE) is not None else ()
    return (*folder.files(), MANIFEST, MANIFEST_SUM, MARKER, *signature)


def _inputs(sources: RunSources, again: Prepared) -> RunInputs:
    """Return the data files of a run, none where it was given a script's table, a dataset or a simulation."""
    if (sources.folder.path / FRAME_FILE).is_file():
        return RunInputs({}, (), f"{RUN}/{FRAME_FILE}")
    table, root, is_given = again.table, again.root, sources.data is not None
    paths = {file: _path(file, root, is_given=is_given) for file in table.files}
    given = next(iter(paths.values()), "") if is_given else ""
    return RunInputs(
        {path: file.path.read_bytes() for file, path in paths.items()},
        tuple((path, file.sha256) for file, path in paths.items()),
        given or next((path for path in paths.values() if path.startswith(f"{DATA}/")), ""),
        {file.path: path for file, path in paths.items()},
    )


def _path(file: DataFile, root: Path, *, is_given: bool) -> str:
    """Return where a file lies in the archive: as it lies beside the spec, or in the folder of data."""
    if is_given or not file.path.is_relative_to(root):
        return f"{DATA}/{file.path.name}"
    return file.path.relative_to(root).as_posix()

"""The README of a replication archive, with the commands that run the study again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from harness.pack.own_code import CODE, DISTRIBUTION, own_code, own_requirement
from harness.record.manifest import Manifest

RUN, AGAIN, SPEC, REQUIREMENTS = "run", "again", "spec.yaml", "requirements.txt"
"""Names within the archive: the run folder, the folder of the repetition, the spec, the libraries."""


def rerun_command(manifest: Manifest, given: str) -> str:
    """Return the command that runs the study again within the unpacked archive.

    Parameters
    ----------
    given : file that takes the place of the data that the spec names; empty where the spec finds its own
    """
    words = ["harness", "run", SPEC, "--out", AGAIN]
    words += ["--quick"] if manifest.study.quick else []
    words += ["--data", given] if given else []
    words += [word for change in manifest.spec.overrides for word in ("--set", change)]
    return shlex.join(words)


def readme(manifest: Manifest, *, given: str, files: Sequence[tuple[str, str]], has_data: bool) -> str:
    """Return the text.

    Parameters
    ----------
    given : as of `rerun_command`
    files : data files by their place in the archive, each with its SHA-256; empty where the study has none
    has_data : whether the archive holds them
    """
    study, data = manifest.study, manifest.data
    lines = [f"# {study.title}", ""]
    if study.description:
        lines += [study.description, ""]
    lines += [
        f"Data: {data.title}{f', {data.source}' if data.source else ''}; {data.n_obs} rows, "
        f"{data.n_entities} entities, {data.n_periods} periods.",
        "",
    ]
    if data.simulated:
        lines += ["The data are simulated: no number here says anything about the world.", ""]
    if files and not has_data:
        lines += ["The data may not be passed on. Put these files in their places first:", ""]
        lines += [f"- `{name}`, SHA-256 `{digest}`" for name, digest in files]
        lines += [""]
    lines += [
        f"Python {manifest.versions.get('python', '')} ran it, its libraries are in `{REQUIREMENTS}`. "
        "Again, in this folder:",
        "",
        "```sh",
        "python3 -m venv .venv && . .venv/bin/activate",
        f"pip install -r {REQUIREMENTS}",
        rerun_command(manifest, given),
        f"harness compare {RUN} {AGAIN}",
        "```",
        "",
        "The last line ends with exit code 0 where every number is the same within 1e-8.",
        "",
        f"- `{SPEC}`: the study as it was asked",
        f"- `{RUN}/`: its tables, figures and report; `harness verify {RUN}` checks them",
        f"- `{REQUIREMENTS}`: versions of the libraries",
        *([f"- `{CODE}/`: the source of {DISTRIBUTION}"] if own_code() else []),
        "- `ro-crate-metadata.json`: what is in this archive, for machines (RO-Crate 1.1)",
    ]
    return "\n".join([*lines, ""])


def requirements(manifest: Manifest) -> str:
    """Return the harness and the libraries of the run with their versions, as pip reads them.

    The local label of a version, such as ``+cpu``, names a build that indexes do not have.
    """
    versions = dict(manifest.versions)
    own = own_requirement(versions.pop(DISTRIBUTION, ""))
    pinned = {name: version.partition("+")[0] for name, version in versions.items() if name != "python"}
    return "".join([f"{own}\n", *(f"{name}=={version}\n" for name, version in pinned.items())])

"""The files of a run folder against their hashes."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.errors import ArtifactError, Problem
from harness.language import Coded, marked
from harness.record.manifest import Manifest
from harness.running import files
from harness.running.files import MANIFEST, SIGNATURE, regular
from harness.running.folder import RunFolder

_MEND = "take a whole copy of the folder, or run the study again"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def manifest_problems(folder: RunFolder) -> Iterator[Problem]:
    """Yield what is wrong with the manifest's own hash, with the marker, and with a run that is not whole."""
    if not folder.read_bytes(files.MANIFEST_SUM):
        yield Problem(files.MANIFEST_SUM, marked("is missing, so nothing protects the manifest"), hint=_MEND)
    elif folder.read_bytes(files.MANIFEST_SUM) != files.sum_line(folder.read_bytes(files.MANIFEST)):
        yield Problem(
            files.MANIFEST,
            Coded("is not the manifest whose SHA-256 is in {manifest_sum}", manifest_sum=files.MANIFEST_SUM),
            hint=_MEND,
        )
    if folder.read_bytes(files.MARKER) != files.MARK:
        yield Problem(files.MARKER, marked("does not hold what every run writes into it"), hint=_MEND)
    if process := files.holder(folder.path):
        yield Problem(
            str(folder.path),
            Coded("{process} is writing a run or report here", process=process),
            hint=marked("wait for it"),
        )


def file_problems(folder: RunFolder, manifest: Manifest) -> Iterator[Problem]:
    """Yield what is wrong with the reported files: missing, of other bytes, or written by no run."""
    listed, present = manifest.files, folder.files()
    for name in manifest.forced:
        yield Problem(
            name, marked("was not as the run wrote it when a report was forced with --force"), hint=_MEND
        )
    for name in sorted(listed.keys() - set(present)):
        yield Problem(name, marked("is missing"), hint=_MEND)
    for name in present:
        if name not in listed:
            yield Problem(
                name,
                marked("was not written by the run, yet a report would read it"),
                hint=marked("remove it"),
            )
        elif files.sha256_of(folder.path / name) != listed[name]:
            yield Problem(name, marked("has other bytes than the run wrote: its SHA-256 differs"), hint=_MEND)


def changed_inputs(folder: RunFolder) -> tuple[str, ...]:
    """Return what a report reads and what is not as the run wrote it, the manifest among it."""
    manifest = replace(folder.manifest(), forced=())
    places = dict.fromkeys(
        one.where for one in (*manifest_problems(folder), *file_problems(folder, manifest))
    )
    drawn = ("tables/", "figures/")
    return tuple(
        name
        for name in places
        if name in (files.MANIFEST, files.MANIFEST_SUM)
        or (name.endswith((".csv", ".parquet")) and not name.startswith(drawn))
    )


def require_unchanged(folder: RunFolder, *, hint: str = _MEND) -> None:
    """Refuse a folder in which what a report reads is not what the run wrote.

    Raises
    ------
    ArtifactError
        Naming every file whose hash fails, or the process that writes here.
    """
    if process := files.holder(folder.path):
        raise ArtifactError.at(
            str(folder.path), Coded("{process} is writing here", process=process), hint=marked("wait for it")
        )
    changed = changed_inputs(folder)
    if changed:
        what = marked("is not as the run wrote it: its SHA-256 is another")
        raise ArtifactError(*(Problem(name, what, hint=hint) for name in changed))


def require_whole(folder: RunFolder) -> None:
    """Refuse a folder in which any file is not as the run wrote it.

    Raises
    ------
    ArtifactError
        With everything that is wrong.
    """
    problems = [*manifest_problems(folder), *file_problems(folder, folder.manifest())]
    if problems:
        raise ArtifactError(*problems)


def spec_problems(folder: RunFolder, manifest: Manifest) -> Iterator[Problem]:
    """Yield whether the spec in the folder is another than the one that was run."""
    written = folder.read_bytes(files.SPEC)
    # The hash is of the file that the user gave, which may have begun with a byte order mark.
    hashes = {hashlib.sha256(start + written).hexdigest() for start in (b"", _BYTE_ORDER_MARK)}
    if manifest.spec.sha256 not in hashes:
        yield Problem(
            files.SPEC, marked("is not the spec whose SHA-256 the manifest names under spec"), hint=_MEND
        )


# What signatures are for, as the format of ssh has it, so that none made for something else counts.
PURPOSE = "panel-harness"

_SIGNER = "signer"
_KINDS = ("ssh-", "ecdsa-", "sk-")


def sign(folder: RunFolder, key: Path) -> None:
    """Sign the manifest of a run, and with it every file that it has the hash of.

    Parameters
    ----------
    key : private key, or public key whose private part is with the user's ssh agent

    Raises
    ------
    ArtifactError
        Where ``ssh-keygen`` is not installed, or cannot sign with this key.
    """
    if key.exists():
        regular(key)
    words = ["-Y", "sign", "-q", "-n", PURPOSE, "-f", str(key)]
    done = _ssh_keygen(words, folder.read_bytes(MANIFEST))
    if done.returncode != 0:
        hint = marked("name a private key, such as ~/.ssh/id_ed25519; ssh-keygen -t ed25519 makes one")
        raise ArtifactError.at(str(key), Coded("cannot sign: {output}", output=_output(done)), hint=hint)
    folder.write_bytes(SIGNATURE, done.stdout)


def signed_by(folder: RunFolder, signer: Path | None) -> str:
    """Return by whose key the manifest is signed, in words.

    Parameters
    ----------
    signer : public key that it has to be; None takes any

    Raises
    ------
    ArtifactError
        Where the manifest is not signed, was changed since, or is signed with another key.
    """
    signature = folder.held(SIGNATURE)
    if signature is None:
        hint = marked("ask for a signed folder, or sign it: harness sign RUN --key FILE")
        raise ArtifactError.at(SIGNATURE, marked("is missing: nobody signed this run"), hint=hint)
    check = ["-n", PURPOSE, "-s", str(signature)]
    manifest = folder.read_bytes(MANIFEST)
    if signer is None:
        done = _ssh_keygen(["-Y", "check-novalidate", *check], manifest)
    else:
        with TemporaryDirectory(prefix="harness-signer-") as place:
            allowed = Path(place) / "allowed_signers"
            allowed.write_text(f"{_SIGNER} {_public_key(signer)}\n", encoding="utf-8")
            done = _ssh_keygen(["-Y", "verify", *check, "-I", _SIGNER, "-f", str(allowed)], manifest)
    if done.returncode != 0:
        what = marked("is not a good signature of this manifest: {output}")
        if signer is not None:
            what = marked("is not a signature by {signer} of this manifest: {output}")
        hint = marked(
            "take a whole copy of the folder; its author can sign it again: harness sign RUN --key FILE"
        )
        raise ArtifactError.at(SIGNATURE, Coded(what, signer=signer, output=_output(done)), hint=hint)
    return done.stdout.decode("utf-8", "replace").strip().rpartition(" key ")[2]


def _public_key(path: Path) -> str:
    """Return kind and number of a public key, without what else may stand in its file.

    Raises
    ------
    ArtifactError
        Where the file holds none.
    """
    try:
        words = regular(path).read_text(encoding="utf-8").split()[:2]
    except (OSError, UnicodeDecodeError) as error:
        raise ArtifactError.at(
            str(path), Coded("cannot be read: {error}", error=error), hint=marked("name a public key")
        ) from error
    if len(words) < 2 or not words[0].startswith(_KINDS):
        hint = marked("name a file such as id_ed25519.pub")
        raise ArtifactError.at(
            str(path), marked("holds no public key of ssh"), marked("ssh-ed25519 AAAA..."), hint
        )
    return " ".join(words)


def _ssh_keygen(words: Sequence[str], content: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - a fixed program, and words that no shell sees
            ["ssh-keygen", *words],  # noqa: S607 - found where the user's system has it
            input=content,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        hint = marked("install OpenSSH 8.2 or later")
        raise ArtifactError.at(
            "ssh-keygen", Coded("cannot be run: {reason}", reason=error.strerror), hint=hint
        ) from error


def _output(done: subprocess.CompletedProcess[bytes]) -> str:
    output = done.stderr or done.stdout
    return " ".join(output.decode("utf-8", "replace").split())[:200]

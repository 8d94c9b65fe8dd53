"""Signatures of manifests, made and checked by ``ssh-keygen`` with a key that the user has."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.errors import ArtifactError
from harness.running.files import MANIFEST, SIGNATURE, regular
from harness.running.folder import RunFolder

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
        hint = "name a private key, such as ~/.ssh/id_ed25519; ssh-keygen -t ed25519 makes one"
        raise ArtifactError.at(str(key), f"cannot sign: {_output(done)}", hint=hint)
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
        hint = "ask for a signed folder, or sign it: harness sign RUN --key FILE"
        raise ArtifactError.at(SIGNATURE, "is missing: nobody signed this run", hint=hint)
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
        whose = "a good signature" if signer is None else f"a signature by {signer}"
        hint = "take a whole copy of the folder; its author can sign it again: harness sign RUN --key FILE"
        raise ArtifactError.at(SIGNATURE, f"is not {whose} of this manifest: {_output(done)}", hint=hint)
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
        raise ArtifactError.at(str(path), f"cannot be read: {error}", hint="name a public key") from error
    if len(words) < 2 or not words[0].startswith(_KINDS):
        hint = "name a file such as id_ed25519.pub"
        raise ArtifactError.at(str(path), "holds no public key of ssh", "ssh-ed25519 AAAA...", hint)
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
        hint = "install OpenSSH 8.2 or later"
        raise ArtifactError.at("ssh-keygen", f"cannot be run: {error.strerror}", hint=hint) from error


def _output(done: subprocess.CompletedProcess[bytes]) -> str:
    said = done.stderr or done.stdout
    return " ".join(said.decode("utf-8", "replace").split())[:200]

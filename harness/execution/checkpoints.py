"""Results of finished tasks on disk, so that a run that was cut off can be taken up again."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from harness.store.atomic import write_atomically


@dataclass(frozen=True)
class CheckpointStore:
    """A folder of results of one study on one data set.

    Attributes
    ----------
    path : the folder
    fingerprint : of everything that the results depend on: spec, data, versions, quick or not
    """

    path: Path
    fingerprint: str

    def clear(self) -> None:
        """Forget all results."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _file(self, label: str) -> Path:
        return self.path / hashlib.sha256(f"{self.fingerprint}\n{label}".encode()).hexdigest()

    def load(self, label: str) -> bytes | None:
        """Return a result's bytes; None where there are none, or where they are not what was written."""
        file = self._file(label)
        if not file.is_file():
            return None
        digest, _, data = file.read_bytes().partition(b"\n")
        return data if hashlib.sha256(data).hexdigest().encode() == digest else None

    def save(self, label: str, data: bytes) -> None:
        """Keep a result's bytes, with their hash before them."""
        write_atomically(self._file(label), hashlib.sha256(data).hexdigest().encode() + b"\n" + data)


def fingerprint(*parts: str) -> str:
    """Return the hash of what results depend on."""
    lengths = [f"{len(part)}:{part}" for part in parts]
    return hashlib.sha256("".join(lengths).encode()).hexdigest()

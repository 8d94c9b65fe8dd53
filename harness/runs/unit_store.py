"""Results of finished tasks on disk, so that a run that was cut off can be taken up again."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from harness.estimators.guard import Status
from harness.runs.atomic import write_atomically


class Result(Protocol):
    """What a task returns."""

    @property
    def status(self) -> Status:
        """How it went."""


class LabelledTask(Protocol):
    """A task with a name of its own within the study."""

    @property
    def label(self) -> str:
        """The name."""


R = TypeVar("R", bound=Result)
R_co = TypeVar("R_co", bound=Result, covariant=True)


@dataclass(frozen=True)
class UnitStore:
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


class RunnableTask(LabelledTask, Protocol[R_co]):
    """A task that can be run."""

    def run(self) -> R_co:
        """Do the work."""


@dataclass(frozen=True, eq=False)
class Kept(Generic[R]):
    """A task whose result is read from the store where it is there, and kept there where it is not.

    A task that failed is not kept: it is tried again when the run is taken up.
    """

    task: RunnableTask[R]
    store: UnitStore
    encode: Callable[[R], bytes]
    decode: Callable[[bytes], R]

    def run(self) -> R:
        """Return the kept result, or do the work and keep it."""
        known = self.store.load(self.task.label)
        if known is not None:
            return self.decode(known)
        result = self.task.run()
        if result.status != "failed":
            self.store.save(self.task.label, self.encode(result))
        return result


def fingerprint(*parts: str) -> str:
    """Return the hash of what results depend on."""
    lengths = [f"{len(part)}:{part}" for part in parts]
    return hashlib.sha256("".join(lengths).encode()).hexdigest()

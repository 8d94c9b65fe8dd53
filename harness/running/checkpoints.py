"""Results of finished tasks on disk, so that a run that was cut off can be taken up again.

Each task is run once, its result is kept as bytes, and read when all are done.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from harness.errors import ArtifactError
from harness.estimators.guard import Attempt
from harness.evaluation.fold_fit import FoldCell, FoldPredictions, FoldResult
from harness.language import Coded, from_json, in_series, marked, to_json
from harness.running.dependence import Dependence, Environment, differing
from harness.running.files import remove, write_atomically, writing
from harness.running.isolation import Task
from harness.scenarios.blocks import BlockResult
from harness.scenarios.draws import FitAndDraws
from harness.scenarios.full_fit import FullResult
from harness.scenarios.sample_fit import FitTables, SampleFitResult
from harness.scenarios.task import PartCell, PartResult
from harness.tables.preparation import Note

META = "meta.json"

# Why a result is not taken up.
MESSAGES = (
    *(marked("not finished before"), marked("damaged on disk"), marked("failed before")),
    marked("the file is of another result"),
)

# What a task of a study returns.
TaskResult = FoldResult | FullResult | PartResult | SampleFitResult | BlockResult

# The dataclasses that results are made of.
CLASSES: Mapping[str, Any] = {
    one.__name__: one
    for one in (
        *(FoldResult, FoldCell, FoldPredictions, FullResult, PartResult, PartCell, SampleFitResult),
        *(BlockResult, FitTables, FitAndDraws, Attempt, Note),
    )
}


def encode(result: object) -> bytes:
    """Return the result of a task as bytes.

    Raises
    ------
    TypeError
        Where the result holds what is neither plain, nor an array, a table or one of `CLASSES`.
    """
    members: dict[str, bytes] = {}
    meta = json.dumps(_plain(result, members)).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # to compress numbers takes more time than it saves
        for name, data in {META: meta, **members}.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def decode(data: bytes) -> Any:  # noqa: ANN401 - whatever was encoded
    """Return the result that `encode` wrote; its sequences are tuples."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return _made(json.loads(archive.read(META)), archive)


def is_readable(data: bytes) -> bool:
    """Return whether bytes are what `encode` writes; a plugin may have exchanged what that writes with."""
    try:
        decode(data)
    except Exception:  # noqa: BLE001 - any bytes at all
        return False
    return True


def _plain(value: Any, members: dict[str, bytes]) -> Any:  # noqa: ANN401 - of a result
    """Return a value as JSON has it; arrays and tables become members of the file."""
    if isinstance(value, np.ndarray | pd.DataFrame):
        name, buffer = str(len(members)), io.BytesIO()
        if isinstance(value, np.ndarray):
            if value.dtype.kind in "OV":
                message = Coded("an array of {dtype} holds no plain numbers or texts", dtype=value.dtype)
                raise TypeError(message)
            order: Literal["C", "F"] = "F" if value.flags.fnc else "C"
            members[name] = value.tobytes(order)
            return {"array": [name, value.dtype.str, value.shape, order]}
        value.reset_index(drop=True).to_feather(buffer, compression="uncompressed")
        members[name] = buffer.getvalue()
        return {"table": name}
    if type(value).__name__ in CLASSES:
        fields = [field.name for field in dataclasses.fields(value)]
        return {type(value).__name__: {name: _plain(getattr(value, name), members) for name in fields}}
    if isinstance(value, Mapping):
        return {"mapping": [[key, _plain(entry, members)] for key, entry in value.items()]}
    if isinstance(value, tuple | list):
        return [_plain(entry, members) for entry in value]
    if isinstance(value, Coded):
        return {"coded": [value, to_json(value)]}
    return value


def _made(plain: Any, archive: zipfile.ZipFile) -> Any:  # noqa: ANN401 - see `_plain`
    """Return the value of which `_plain` made JSON."""
    if isinstance(plain, list):
        return tuple(_made(entry, archive) for entry in plain)
    if not isinstance(plain, dict):
        return plain
    ((kind, content),) = plain.items()
    if kind == "array":
        name, dtype, shape, order = content
        # Of what a stranger made objects, whose bytes are addresses, this makes an error.
        return np.frombuffer(bytearray(archive.read(name)), dtype).reshape(shape, order=order)
    if kind == "table":
        from pyarrow.feather import read_table

        table = archive.read(content)
        read_table(io.BytesIO(table)).validate(full=True)  # bytes may be a stranger's
        return pd.read_feather(io.BytesIO(table))
    if kind == "coded":
        return from_json(*content)
    if kind == "mapping":
        return {key: _made(entry, archive) for key, entry in content}
    return CLASSES[kind](**{name: _made(entry, archive) for name, entry in content.items()})


# What every kept result begins with; files that do not are another's.
FORMAT = b"harness result 6\n"

_NAME = re.compile(r"[0-9a-f]{64}|\.[0-9a-f]{64}\.\d+\.tmp")


@dataclass(frozen=True)
class Checkpoint:
    """A result that was kept.

    Attributes
    ----------
    label : of its task
    dependence : what the result depended on
    data : as `harness.running.checkpoints.encode` wrote it
    inputs : of the run
    """

    label: str
    dependence: Dependence
    data: bytes
    inputs: Mapping[str, str]

    def to_bytes(self) -> bytes:
        """Return the checkpoint as its file holds it: format, hash of the rest, what it is of, the result."""
        parts = {"label": self.label, "dependence": dict(self.dependence), "inputs": dict(self.inputs)}
        about = json.dumps(parts).encode()
        content = about + b"\n" + self.data
        return FORMAT + hashlib.sha256(content).hexdigest().encode() + b"\n" + content

    @classmethod
    def from_bytes(cls, content: bytes) -> Checkpoint | None:
        """Return the checkpoint that `to_bytes` wrote; None for any other bytes."""
        if not content.startswith(FORMAT):
            return None
        digest, _, rest = content.removeprefix(FORMAT).partition(b"\n")
        if hashlib.sha256(rest).hexdigest().encode() != digest:
            return None
        about, _, data = rest.partition(b"\n")
        return cls(**json.loads(about), data=data)


@dataclass(frozen=True)
class CheckpointStore:
    """A folder of results, a file for each label.

    Attributes
    ----------
    path : the folder
    """

    path: Path

    def clear(self) -> None:
        """Forget all results; files that are none stay, and so does the folder that holds them."""
        if not self.path.is_dir() or self.path.is_symlink():
            return
        for file in self.path.iterdir():
            if _NAME.fullmatch(file.name) and file.is_file() and not file.is_symlink():
                remove(file)
        if not any(self.path.iterdir()):
            with writing(self.path):
                self.path.rmdir()

    def _file(self, label: str) -> Path:
        return self.path / hashlib.sha256(label.encode()).hexdigest()

    def _read(self, label: str) -> Checkpoint | None:
        return Checkpoint.from_bytes(self._file(label).read_bytes())

    def other_inputs(self, inputs: Mapping[str, str]) -> list[str]:
        """Return the names of inputs that the run had otherwise that kept the last result here, if any."""
        there = self.path.iterdir() if self.path.is_dir() else iter(())
        files = [file for file in there if _NAME.fullmatch(file.name) and file.is_file()]
        last = max(files, key=lambda file: file.stat().st_mtime_ns, default=None)
        kept = Checkpoint.from_bytes(last.read_bytes()) if last is not None else None
        return [] if kept is None else differing(inputs, kept.inputs)

    def why_anew(self, label: str, dependence: Dependence) -> str:
        """Return why the result of a task cannot be taken up; empty where it can."""
        if not self._file(label).is_file():
            return "not finished before"
        kept = self._read(label)
        if kept is None:
            return "damaged on disk"
        if kept.label != label:
            return "the file is of another result"
        if other := differing(dependence, kept.dependence):
            first = ", ".join(other[:3])
            if len(other) <= 3:
                return Coded("changed: {names}", names=first)
            return Coded("changed: {names} and {n} more", names=first, n=len(other) - 3)
        return "failed before" if decode(kept.data).status == "failed" else ""

    def load(self, label: str) -> bytes | None:
        """Return the result last kept under a label; None where its file is not what was written for it."""
        kept = self._read(label) if self._file(label).is_file() else None
        return kept.data if kept is not None and kept.label == label else None

    def save(self, checkpoint: Checkpoint) -> None:
        """Keep a result."""
        write_atomically(self._file(checkpoint.label), checkpoint.to_bytes())


class KeptResults:
    """The results of a run in a store, each as bytes, and why those that are not taken up are not.

    Attributes
    ----------
    results : of the tasks that were asked for, in their order, once all are there
    n_taken_up : how many an earlier run had finished, those that these results rest on included
    anew : how many were computed now, by the reason why
    changed : inputs of the run that the earlier one had otherwise
    """

    def __init__(self, store: CheckpointStore, environment: Environment) -> None:
        self._store, self._environment = store, environment
        self._missing: dict[str, Dependence] = {}
        self.results: Sequence[TaskResult] = ()
        self.n_taken_up = 0
        self.changed = store.other_inputs(environment.inputs)
        self.anew: Counter[str] = Counter()

    def has(self, task: Task[Any]) -> bool:
        """Return whether the store has the result of this very task."""
        dependence = self._environment.dependence(task)
        reason = self._store.why_anew(task.label, dependence)
        if reason:
            self.anew[reason] += 1
            self._missing[task.label] = dependence
        else:
            self.n_taken_up += 1
        return not reason

    def put(self, task: Task[Any], result: bytes) -> None:
        """Keep the result of a task."""
        dependence = self._missing.pop(task.label)
        self._store.save(Checkpoint(task.label, dependence, result, self._environment.inputs))

    def get(self, label: str) -> TaskResult:
        """Return a kept result.

        Raises
        ------
        ArtifactError
            Where its file is damaged.
        """
        data = self._store.load(label)
        if data is None:
            what = marked("its result was written but cannot be read back")
            raise ArtifactError.at(label, what, hint=marked("check the disk; run again with --resume"))
        result: TaskResult = decode(data)
        return result

    def __str__(self) -> str:
        n_results = self.n_taken_up + sum(self.anew.values())
        summary = Coded(
            "{n} of {n_all} results are taken up from the earlier run", n=self.n_taken_up, n_all=n_results
        )
        if self.changed:
            changed = Coded("changed since then: {names}", names=", ".join(self.changed))
            summary = Coded("{before}; {last}", before=summary, last=changed)
        reasons = [Coded("{n} {reason}", n=count, reason=reason) for reason, count in self.anew.items()]
        anew = Coded("computed anew: {reasons}", reasons=in_series(reasons))
        return in_series((summary, anew)) if reasons else summary

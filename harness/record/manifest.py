"""The manifest of a run: study, data, versions, and the status of every cell."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.errors import ArtifactError, Problem
from harness.evaluation.multiverse import Universe
from harness.record.study import StudyRecord
from harness.tables.registry import with_declared
from harness.tables.table import ResultTable

Record = TypeVar("Record")

# Of run folders: what the manifest holds and which tables there are. Raised with every change of either.
FORMAT = 10


@dataclass(frozen=True)
class DataRecord:
    """Which data were used.

    Attributes
    ----------
    origin : file or data set
    sha256 : of the file's bytes; None where there is no file
    simulated : whether the study drew them
    balanced : whether every entity has every period
    first_period, last_period : labels of the panel's first and last period
    """

    origin: str
    title: str
    source: str
    sha256: str | None
    simulated: bool
    n_obs: int
    n_entities: int
    n_periods: int
    balanced: bool
    first_period: str | int
    last_period: str | int


@dataclass(frozen=True)
class MultiverseRecord:
    """The universes of the multiverse, and the estimators that their gains are over; empty without one."""

    references: tuple[str, ...]
    universes: tuple[Universe, ...]


@dataclass(frozen=True)
class SpecRecord:
    """Which spec was run.

    Attributes
    ----------
    path : its file
    sha256 : of the file, without the overrides
    overrides : ``key=value`` changes to it
    """

    path: str
    sha256: str
    overrides: tuple[str, ...]


@dataclass(frozen=True)
class CellRecord:
    """How one cell of the study ended: a fold, a fit on all rows or an answer to a scenario.

    Attributes
    ----------
    cell : its name
    reason : why it has no numbers, where it has none
    seconds : >= 0, that it took
    memory : bytes that it took at its height; None where that was not measured
    """

    cell: str
    status: str
    reason: str
    seconds: float
    memory: int | None = None


@dataclass(frozen=True)
class Manifest:
    """Study, data and versions of a run, and the status of each cell.

    Attributes
    ----------
    manifest_version : format of the folder, `FORMAT` when written
    versions : of Python, libraries and plugin distributions
    command : repeats the run
    started : when, in ISO 8601
    seconds : wall time of the run without its report
    scenario_tables : tables declared by scenarios of plugins, in addition to those of `harness.tables`
    files : SHA-256 of every reported file, by path within the folder; filled in by
        `RunFolder.write_manifest`
    code : SHA-256 of the source of the harness and of each installed plugin, by package
    forced : files that had changed when a report was forced
    """

    manifest_version: int
    study: StudyRecord
    data: DataRecord
    multiverse: MultiverseRecord
    spec: SpecRecord
    versions: Mapping[str, str]
    command: str
    started: str
    seconds: float
    cells: tuple[CellRecord, ...]
    scenario_tables: tuple[ResultTable, ...]
    files: Mapping[str, str]
    code: Mapping[str, str] = field(default_factory=dict)
    forced: tuple[str, ...] = ()

    @property
    def tables(self) -> Mapping[str, ResultTable]:
        """CSV tables that the run may have, by name, without the details of fits."""
        return with_declared(self.scenario_tables)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Return the manifest written by `to_json`.

        Raises
        ------
        ArtifactError
            If it has another format, or listing every key that is missing or of a wrong type.
        """
        _require_format(text)
        return read_record(cls, text, where="manifest.json", hint="run the study again with this version")

    def to_json(self) -> str:
        """Return the manifest as text, one key per line."""
        return record_text(self)


# What reads and writes a kind of record; making one takes longer than most records.
_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


def record_text(record: object) -> str:
    """Return a record as text, a key a line."""
    content = _adapter(type(record)).dump_python(record, mode="json")
    return f"{json.dumps(content, indent=1, ensure_ascii=False)}\n"


def read_record(kind: type[Record], text: str, *, where: str, hint: str) -> Record:
    """Return the record that `record_text` wrote.

    Raises
    ------
    ArtifactError
        Naming every key that is missing or of a wrong type.
    """
    try:
        read: Record = _adapter(kind).validate_json(text)
    except ValidationError as error:
        mistakes = error.errors()
        places = (": ".join(filter(None, (where, ".".join(map(str, one["loc"]))))) for one in mistakes)
        raise ArtifactError(
            *(Problem(place, one["msg"], hint=hint) for place, one in zip(places, mistakes, strict=True))
        ) from error
    return read


def _require_format(text: str) -> None:
    """Refuse a manifest of another format; one that is no JSON, or has none, is refused by its keys."""
    try:
        content = json.loads(text)
    except ValueError:
        return
    written = content.get("manifest_version", FORMAT) if isinstance(content, dict) else FORMAT
    if written != FORMAT:
        what = f"the run folder is of format {written!r:.20}"
        expected = f"format {FORMAT}, which this version writes and reads"
        hint = "read it with the version that the manifest names, or run the study again"
        raise ArtifactError.at("manifest.json: manifest_version", what, expected, hint)

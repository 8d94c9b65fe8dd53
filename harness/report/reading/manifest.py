"""The manifest of a run as the report reads it: typed, and checked once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.errors import ArtifactError, Problem
from harness.evaluation.fold import ALL_ROWS_PREPARED, SAME_ENTITY, TEST_SELECTION, TRAINING_ROWS, Leak

TOUCHES_TEST_ROWS = frozenset({TRAINING_ROWS.code, TEST_SELECTION.code, ALL_ROWS_PREPARED.code})
"""Leaks through which the test rows themselves take part in fitting or choosing a model."""


@dataclass(frozen=True)
class Variable:
    """How a column is called and measured."""

    label: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class EstimatorEntry:
    """One estimator of the study: its id, the plugin's name, how it is called and its options."""

    id: str
    use: str
    label: str
    options: Mapping[str, Any]

    @property
    def effects(self) -> tuple[str, ...]:
        """Keys and columns whose levels have effects, where the options ask for any."""
        asked = [self.options.get(name) for name in ("effects", "absorb")]
        return tuple(str(one) for names in asked if isinstance(names, list) for one in names)


@dataclass(frozen=True)
class ProtocolEntry:
    """One protocol of the study, what it does in a sentence and what it leaks."""

    id: str
    title: str
    how: str
    leaks: tuple[Leak, ...]

    @property
    def keeps_test_rows_apart(self) -> bool:
        """Whether the test rows take no part in fitting, selecting or preparing."""
        return TOUCHES_TEST_ROWS.isdisjoint(leak.code for leak in self.leaks)

    @property
    def knows_entities(self) -> bool:
        """Whether other rows of the tested entities are trained on."""
        return any(leak.code in {SAME_ENTITY.code, TRAINING_ROWS.code} for leak in self.leaks)


@dataclass(frozen=True)
class Study:
    """What was asked.

    Attributes
    ----------
    level : in (0, 1), nominal coverage of the intervals
    draws : bootstrap draws behind the intervals of gains
    featured : ids of the estimators that groups and surfaces are shown of; empty for the report's own choice
    further_references : ids of the estimators that gains are over beside `reference`
    """

    id: str
    title: str
    description: str
    seed: int
    quick: bool
    entity: str
    time: str
    outcomes: tuple[str, ...]
    exposure: str
    moderators: tuple[str, ...]
    controls: tuple[str, ...]
    variables: Mapping[str, Variable]
    estimators: tuple[EstimatorEntry, ...]
    reference: str
    protocols: tuple[ProtocolEntry, ...]
    level: float
    draws: int
    featured: tuple[str, ...] = ()
    further_references: tuple[str, ...] = ()

    @property
    def reference_label(self) -> str:
        """How the reference is called."""
        return self.estimator_label(self.reference)

    def estimator_label(self, name: str) -> str:
        """Return how an estimator is called; its id where the study does not list it."""
        return next((one.label for one in self.estimators if one.id == name), name)

    def protocol_title(self, name: str) -> str:
        """Return how a protocol is called; its id where the study does not list it."""
        return next((one.title for one in self.protocols if one.id == name), name)

    def label(self, variable: str) -> str:
        """Return how a variable is called; its name where it has no label."""
        return self.variables.get(variable, Variable()).label or variable

    def unit(self, variable: str) -> str:
        """Return a variable's unit, or an empty string."""
        return self.variables.get(variable, Variable()).unit or ""

    def axis_label(self, variable: str) -> str:
        """Return "label (unit)"."""
        unit = self.unit(variable)
        return f"{self.label(variable)} ({unit})" if unit else self.label(variable)


@dataclass(frozen=True)
class DataEntry:
    """Which data were used."""

    origin: str
    title: str
    source: str
    sha256: str | None
    n_obs: int
    n_entities: int
    n_periods: int
    balanced: bool
    first_period: str | int
    last_period: str | int
    simulated: bool = False


@dataclass(frozen=True)
class SpecEntry:
    """Which spec was run."""

    path: str
    sha256: str


@dataclass(frozen=True)
class CellEntry:
    """How one cell of the study ended."""

    cell: str
    status: str
    reason: str | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Manifest:
    """What was run, on what, with what, and how each cell ended."""

    manifest_version: Literal[1]
    study: Study
    data: DataEntry
    spec: SpecEntry
    versions: Mapping[str, str]
    command: str
    started: str
    seconds: float
    cells: tuple[CellEntry, ...]


Entry = TypeVar("Entry", EstimatorEntry, ProtocolEntry)


def read_manifest(content: Mapping[str, Any]) -> Manifest:
    """Return the manifest that parsed JSON holds; keys the report has no use for are passed over.

    Raises
    ------
    ArtifactError
        Naming every key that is missing or of a wrong type.
    """
    try:
        manifest = TypeAdapter(Manifest).validate_python(content)
    except ValidationError as error:
        raise ArtifactError(
            *(
                Problem(
                    where=f"manifest.json: {'.'.join(str(part) for part in mistake['loc'])}",
                    what=mistake["msg"],
                    hint="run the study again with this version",
                )
                for mistake in error.errors()
            )
        ) from error
    study = replace(
        manifest.study,
        estimators=_told_apart(manifest.study.estimators, "label"),
        protocols=_told_apart(manifest.study.protocols, "title"),
    )
    return replace(manifest, study=study)


def _told_apart(entries: tuple[Entry, ...], field: str) -> tuple[Entry, ...]:
    """Return entries of which those called the same carry their ids in their names."""
    names = Counter(getattr(one, field) for one in entries)

    def renamed(entry: Entry) -> Entry:
        name = getattr(entry, field)
        changed: dict[str, Any] = {field: f"{name}, {entry.id}"}
        return replace(entry, **changed) if names[name] > 1 else entry

    return tuple(renamed(one) for one in entries)

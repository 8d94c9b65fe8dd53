"""What a run folder holds and what its tables are computed with, as the manifest says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.errors import ArtifactError, Problem
from harness.evaluation.tables import Bootstrap
from harness.evaluation.universe import Universe


@dataclass(frozen=True)
class Named:
    """An estimator or a protocol: its id, and the name it is chosen by."""

    id: str
    use: str


@dataclass(frozen=True)
class Comparison:
    """The part of the manifest's ``study`` that its tables rest on.

    Attributes
    ----------
    quick : whether draws, splits and restarts were cut, which leaves no number to be expected
    """

    quick: bool
    seed: int
    level: float
    draws: int
    outcomes: tuple[str, ...]
    estimators: tuple[Named, ...]
    protocols: tuple[Named, ...]
    reference: str
    further_references: tuple[str, ...] = ()

    @property
    def references(self) -> tuple[str, ...]:
        """All estimators that gains are over."""
        return (self.reference, *self.further_references)

    @property
    def bootstrap(self) -> Bootstrap:
        """How the intervals of gains are drawn."""
        return Bootstrap(self.level, self.draws, self.seed)


@dataclass(frozen=True)
class Spread:
    """The manifest's ``multiverse``: its universes, and the estimators their gains are over."""

    references: tuple[str, ...]
    universes: tuple[Universe, ...]


@dataclass(frozen=True)
class Overridden:
    """The part of the manifest's ``spec`` that says which spec was run.

    Attributes
    ----------
    sha256 : of the file, without the overrides
    overrides : ``key=value`` changes to it
    """

    sha256: str
    overrides: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """What the tables of a run are computed with, beside its predictions.

    Attributes
    ----------
    files : SHA-256 of every reported file, by path within the folder
    """

    study: Comparison
    multiverse: Spread
    spec: Overridden
    files: Mapping[str, str]


def recipe_of(manifest: Mapping[str, Any]) -> Recipe:
    """Return the recipe in a manifest.

    Raises
    ------
    ArtifactError
        Naming every key that is missing or of a wrong type.
    """
    try:
        return TypeAdapter(Recipe).validate_python(manifest)
    except ValidationError as error:
        hint = "run the study again with this version"
        raise ArtifactError(
            *(
                Problem(f"manifest.json: {'.'.join(map(str, one['loc']))}", one["msg"], hint=hint)
                for one in error.errors()
            )
        ) from error

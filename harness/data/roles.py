"""Roles of columns in a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from harness.data.name import ColumnName, OneOrMany, exposure_columns
from harness.data.rules import Value

# Values of an exposure between which contrasts are taken; one of more is continuous, or to be recoded.
MOST_LEVELS = 10


@dataclass(frozen=True)
class Roles:
    """Roles of columns.

    Attributes
    ----------
    entity, time : the keys of the panel
    outcomes : dependent variables, at least one; all are studied on the same rows
    exposure : the key regressor, whose effect is of interest
    moderators : variables with which the effect may vary
    controls : remaining regressors
    levels : categories of a categorical exposure, the base first; by default those of the data, in their
        order
    instruments : excluded instruments for the exposure
    mediators : variables that the exposure may act through; no regressors
    measures : other measures of the exposure, for robustness; no regressors
    weights : weights of rows in weighted estimators, > 0; may have another role too
    latitude, longitude : coordinates of a row in degrees, both or neither; may have other roles too
    """

    entity: ColumnName
    time: ColumnName
    outcomes: Annotated[tuple[ColumnName, ...], Field(min_length=1), OneOrMany()]
    exposure: ColumnName
    moderators: Annotated[tuple[ColumnName, ...], OneOrMany()] = ()
    controls: Annotated[tuple[ColumnName, ...], OneOrMany()] = ()
    levels: tuple[Value, ...] = ()
    instruments: tuple[ColumnName, ...] = ()
    weights: ColumnName | None = None
    latitude: ColumnName | None = None
    longitude: ColumnName | None = None
    mediators: Annotated[tuple[ColumnName, ...], OneOrMany()] = ()
    measures: Annotated[tuple[ColumnName, ...], OneOrMany()] = ()

    @property
    def exposure_columns(self) -> tuple[str, ...]:
        """The exposure, or a dummy for each of its categories but the base."""
        return exposure_columns(self.exposure, [str(level) for level in self.levels])

    @property
    def regressors(self) -> tuple[str, ...]:
        """Regressors: exposure, moderators, controls."""
        return (*self.exposure_columns, *self.moderators, *self.controls)

    @property
    def variables(self) -> tuple[str, ...]:
        """All numeric columns, each once, in the order of their parts."""
        shared = (name for names in self._named(_SHARED).values() for name in names)
        others = (*self.instruments, *self.further, *shared)
        return tuple(dict.fromkeys((*self.outcomes, *self.regressors, *others)))

    @property
    def further(self) -> tuple[str, ...]:
        """Mediators and other measures of the exposure."""
        return (*self.mediators, *self.measures)

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Latitude and longitude; empty if a study has none."""
        if self.latitude is None or self.longitude is None:
            return ()
        return (self.latitude, self.longitude)

    def path_of(self, column: str) -> str:
        """Return the path of a column in the spec, such as ``roles.controls``."""
        if column in self.exposure_columns:
            return "roles.exposure"
        parts = self._named((*_OWN, *_SHARED))
        return "roles." + next(part for part, names in parts.items() if column in names)

    def role_of(self, variable: str) -> str:
        """Return the role in the singular, such as ``outcome``, ``control`` or ``instrument``."""
        return self.path_of(variable).removeprefix("roles.").removesuffix("s")

    def contradictions(self) -> tuple[tuple[str, str], ...]:
        """Return columns with incompatible roles, as (path, message) pairs.

        A path is relative to the roles, such as ``controls``; the later of the two roles has the message.
        """
        found: list[tuple[str, str]] = []
        first_part: dict[str, str] = {}
        for part, names in self._named(_OWN).items():
            doubles = [name for name, times in Counter(names).items() if times > 1]
            taken = [name for name in names if name in first_part]
            found += [(part, f"'{name}' is listed more than once") for name in doubles]
            found += [(part, f"'{name}' is already in {first_part[name]}") for name in taken]
            first_part |= {name: part for name in names if name not in first_part}
        keys = {self.entity: "entity", self.time: "time"}
        found += [
            (part, f"'{name}' is already in {keys[name]}")
            for part, names in self._named(_SHARED).items()
            for name in names
            if name in keys
        ]
        doubles = [level for level, times in Counter(map(str, self.levels)).items() if times > 1]
        found += [("levels", f"'{level}' is listed more than once") for level in doubles]
        if len(self.levels) == 1:
            found.append(("levels", "one level is no comparison; list the base and the others"))
        if (self.latitude is None) != (self.longitude is None):
            lacking = "latitude" if self.latitude is None else "longitude"
            found.append((lacking, "latitude and longitude are named together, or neither"))
        return tuple(dict.fromkeys(found))

    def _named(self, parts: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the columns that are named for some parts; none where a part is not played."""
        given = {part: getattr(self, part) for part in parts}
        return {part: (names,) if isinstance(names, str) else names or () for part, names in given.items()}


# Parts that exclude each other, and those that a column of another part may play too.
_OWN = (
    *("entity", "time", "outcomes", "exposure", "moderators", "controls", "instruments", "mediators"),
    "measures",
)
_SHARED = ("weights", "latitude", "longitude")

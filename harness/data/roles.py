"""Which column plays which part in a study."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from harness.data.name import ColumnName


@dataclass(frozen=True)
class Roles:
    """The parts that columns play.

    Attributes
    ----------
    entity, time : the keys of the panel
    outcomes : left-hand variables, at least one; each is studied on the same rows
    exposure : the variable whose effect is asked
    moderators : variables along which the effect may change
    controls : remaining right-hand variables
    weights : how much a row counts in estimators that are told to weigh, > 0; may play another part too
    """

    entity: ColumnName
    time: ColumnName
    outcomes: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    exposure: ColumnName
    moderators: tuple[ColumnName, ...] = ()
    controls: tuple[ColumnName, ...] = ()
    weights: ColumnName | None = None

    @property
    def regressors(self) -> tuple[str, ...]:
        """The right-hand variables: exposure, moderators, controls."""
        return (self.exposure, *self.moderators, *self.controls)

    @property
    def variables(self) -> tuple[str, ...]:
        """All columns that must hold numbers, each once: outcomes, regressors, weights."""
        return tuple(dict.fromkeys((*self.outcomes, *self.regressors, *self._weights)))

    def path_of(self, column: str) -> str:
        """Return where the spec names this column, such as ``roles.controls``."""
        parts = (*self._parts(), ("weights", self._weights))
        return "roles." + next(part for part, names in parts if column in names)

    def role_of(self, variable: str) -> str:
        """Return ``outcome``, ``exposure``, ``moderator``, ``control`` or ``weight``."""
        return self.path_of(variable).removeprefix("roles.").removesuffix("s")

    def contradictions(self) -> tuple[tuple[str, str], ...]:
        """Return the columns that play parts which exclude each other, as (path, message) pairs.

        A path is relative to the roles, such as ``controls``; the later part of two carries the message.
        """
        found: list[tuple[str, str]] = []
        first_part: dict[str, str] = {}
        for part, names in self._parts():
            doubles = [name for name, times in Counter(names).items() if times > 1]
            taken = [name for name in names if name in first_part]
            found += [(part, f"'{name}' is listed more than once") for name in doubles]
            found += [(part, f"'{name}' is already in {first_part[name]}") for name in taken]
            first_part |= {name: part for name in names if name not in first_part}
        keys = {self.entity: "entity", self.time: "time"}
        found += [
            ("weights", f"'{name}' is already in {keys[name]}") for name in self._weights if name in keys
        ]
        return tuple(dict.fromkeys(found))

    @property
    def _weights(self) -> tuple[str, ...]:
        return () if self.weights is None else (self.weights,)

    def _parts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return (
            ("entity", (self.entity,)),
            ("time", (self.time,)),
            ("outcomes", self.outcomes),
            ("exposure", (self.exposure,)),
            ("moderators", self.moderators),
            ("controls", self.controls),
        )

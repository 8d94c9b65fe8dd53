"""What a kind of claim is: how its number is described, and where a run has it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from harness.claims.run_value import RunValue, rows_of
from harness.spec.claim import Claim
from harness.tables import CLAIMS, ResultTable

if TYPE_CHECKING:
    import pandas as pd

C = TypeVar("C", bound=Claim)


@dataclass(frozen=True, eq=False)
class RunTables:
    """The tables of a run that claims are looked up in.

    Attributes
    ----------
    frames : by name; empty frames for what the study did not ask
    first_protocol : id of the protocol of claims that name none
    """

    frames: Mapping[str, pd.DataFrame]
    first_protocol: str
    _own: dict[tuple[str, str, str], pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def rows(self, table: ResultTable, claim: Claim, keys: Mapping[str, str]) -> pd.DataFrame:
        """Return the rows of a claim's outcome and estimator that have these keys as well."""
        place = (table.name, claim.outcome, claim.estimator)
        if place not in self._own:
            own = {"outcome": claim.outcome, "estimator": claim.estimator}
            self._own[place] = rows_of(self.frames[table.name], own)
        return rows_of(self._own[place], keys)


class ClaimKind(ABC, Generic[C]):
    """One kind of claim.

    Attributes
    ----------
    claim : its type in a spec
    source : table of a run that has its number
    """

    claim: ClassVar[type[Claim]]
    source: ClassVar[ResultTable]

    @abstractmethod
    def describe(self, claim: C) -> str:
        """Return what the number of a claim is, such as ``curve at 0.88``."""

    @abstractmethod
    def look_up(self, claim: C, run: RunTables) -> RunValue:
        """Return what a run gives for a claim."""

    def keys(self, claim: C, run: RunTables) -> Mapping[str, Any]:
        """Return the columns of the table ``claims`` that say what is claimed; a way is ``at`` and ``to``."""
        keys = claim.model_dump(exclude={"value", "digits"})
        start, end = keys.get("between") or (keys.get("at", keys.get("above")), keys.get("below"))
        groups = ", ".join(keys.get("groups", ())) or None
        placed = keys | {"at": start, "to": end, "group": keys.get("group", groups)}
        return {key: value for key, value in placed.items() if key in CLAIMS.columns and value is not None}

"""The choices whose combinations the gain is computed under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

Value = str | bool | int | float


class Multiverse(BaseModel):
    """Every combination of references, protocols, samples, options and seeds, for one estimator.

    Attributes
    ----------
    estimator : id of the estimator whose gain is taken
    vary : values to try for options of that estimator
    seeds : number of random seeds to try
    references : ids of the estimators that gains are over
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    estimator: str
    vary: Mapping[str, Annotated[tuple[Value, ...], Field(min_length=1)]] = Field(default_factory=dict)
    seeds: Annotated[int, Field(ge=1, le=100)] = 1
    references: Annotated[tuple[str, ...], Field(min_length=1)]

    def quick(self) -> Self:
        """Return a copy with at most two seeds, for ``--quick``."""
        return self.model_copy(update={"seeds": min(self.seeds, 2)})

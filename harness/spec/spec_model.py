"""What every mapping of a spec has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class SpecModel(BaseModel):
    """A mapping whose keys are the fields: strictly read, unknown keys refused, and then frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

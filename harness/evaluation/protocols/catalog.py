"""Protocols that a spec can choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.evaluation.protocols.as_published import AsPublished
from harness.evaluation.protocols.entities_and_time import EntitiesAndTime
from harness.evaluation.protocols.forward import Forward
from harness.evaluation.protocols.held_out_entities import HeldOutEntities
from harness.evaluation.protocols.in_sample import InSample
from harness.evaluation.protocols.random_rows import RandomRows

PROTOCOLS: Mapping[str, type] = {
    one.name: one for one in (InSample, AsPublished, RandomRows, HeldOutEntities, Forward, EntitiesAndTime)
}


@dataclass(frozen=True)
class ProtocolCatalog:
    """The protocols by name."""

    kind: str = field(default="protocol", init=False)

    @property
    def classes(self) -> Mapping[str, type]:
        """The dataclass behind each name."""
        return PROTOCOLS

    def why_missing(self, name: str) -> str:  # noqa: ARG002 - the set is closed, there is no more to say
        """Return an empty string: the set is closed."""
        return ""

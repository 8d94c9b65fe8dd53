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
    """The protocols by name, those of plugins included; a plugin cannot take the name of one of ours.

    Attributes
    ----------
    of_plugins : protocols that plugins offer
    absent : plugins that are broken or off, in words
    """

    of_plugins: Mapping[str, type] = field(default_factory=dict)
    absent: str = ""
    kind: str = field(default="protocol", init=False)

    @property
    def classes(self) -> Mapping[str, type]:
        """The dataclass behind each name."""
        return {**self.of_plugins, **PROTOCOLS}

    def why_missing(self, name: str) -> str:  # noqa: ARG002 - a plugin that did not load has told no name
        """Name the plugins that are broken or off, since the protocol may be one of theirs."""
        return self.absent

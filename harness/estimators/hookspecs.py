"""The hooks a plugin may implement, and the marker it implements them with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import pluggy

if TYPE_CHECKING:
    from harness.data.dataset import Dataset
    from harness.estimators.protocol import Estimator

PROJECT = "harness"
"""Name of the pluggy project and of the entry-point group."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks(Protocol):
    """The seam between the harness and its plugins."""

    @hookspec
    def harness_estimators(self) -> Iterable[type[Estimator]]:
        """Return the estimator classes of this plugin."""

    @hookspec
    def harness_protocols(self) -> Iterable[type]:
        """Return the protocol classes of this plugin, which are `harness.EvaluationProtocol`."""

    @hookspec
    def harness_datasets(self) -> Iterable[Dataset]:
        """Return the named datasets of this plugin."""

"""The hooks a plugin may implement, and the marker it implements them with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Protocol

import pluggy

if TYPE_CHECKING:
    from harness.data.dataset import Dataset
    from harness.estimators.protocol import Estimator

PROJECT = "harness"
"""Name of the pluggy project and of the entry-point group."""

DISTRIBUTION: Final = "panel-harness"
"""Name of the distribution that the harness is."""

SEAM_VERSION: Final = 1
"""Version of the seam: it grows when a plugin can ask for something that older harnesses do not have."""

SEAM_ATTRIBUTE: Final = "harness_seam"
"""What a plugin calls the version of the seam that it needs."""

OWN_PROTOCOLS: Final = frozenset(
    ("as_published", "entities_and_time", "forward", "held_out_entities", "in_sample", "random_rows")
)
"""Names of the harness's own protocols, which no plugin can take."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks(Protocol):
    """The seam between the harness and its plugins.

    A plugin is a module with at least one of these functions, each marked with `harness.hookimpl`. It may
    state the version of the seam that it was written for, beside its hooks::

        harness_seam = 1

    A harness whose seam is older lists the plugin as broken, with the advice to upgrade; one that is newer
    takes it. Without the statement a plugin is taken as it is. What a hook returns is checked when the plugin
    is found: an estimator is a class, a frozen dataclass, with a `name`, a `fit` and a frozenset `provides`,
    and its name is not taken.
    """

    @hookspec
    def harness_estimators(self) -> Iterable[type[Estimator]]:
        """Return the estimator classes of this plugin."""

    @hookspec
    def harness_protocols(self) -> Iterable[type]:
        """Return the protocol classes of this plugin, which are `harness.EvaluationProtocol`."""

    @hookspec
    def harness_datasets(self) -> Iterable[Dataset]:
        """Return the named datasets of this plugin."""

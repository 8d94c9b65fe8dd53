"""Hook markers for plugins, and the version of the plugin interface.

There is one hook for each kind of member chosen by name (`harness.registry.catalog.Kind`); built-in members
use the same hooks. A plugin may state the interface version it needs next to its hooks::

    harness_seam = 1

An older harness lists the plugin as broken and advises to upgrade; a newer one loads it. Without the
statement the plugin is loaded unchecked.

A plugin that needs an optional library names it with its install command, and imports it only when
computing::

    harness_needs = {"somelibrary": "pip install 'panel-somelibrary[all]'"}

If the library is missing, the plugin is listed as absent with this command. Its names stay reserved, and a
spec that uses one gets the command as a hint. What its fits import, workers can start with; a module that
offers an estimator may name it too::

    harness_loads = ("somelibrary.models",)
"""

from __future__ import annotations

from typing import Final

import pluggy

# Name of the pluggy project and of the entry-point group; start of the name of every hook.
PROJECT: Final = "harness"

# Name of the distribution that the harness is, and of it and its own plugins, which are trusted.
DISTRIBUTION: Final = "panel-harness"
OURS: Final = (
    DISTRIBUTION,
    *(f"{DISTRIBUTION}-{name}" for name in ("app", "causal", "neural", "panel", "rab", "sklearn")),
)

# Version of the seam: it grows when a plugin can ask for something that older harnesses do not have.
SEAM_VERSION: Final = 1

# What a plugin calls the version of the seam that it needs.
SEAM_ATTRIBUTE: Final = "harness_seam"

# What a plugin calls the libraries that it cannot work without.
NEEDS_ATTRIBUTE: Final = "harness_needs"

# What a plugin, or a module of it, calls the modules that its fits import: workers start with them.
LOADS_ATTRIBUTE: Final = "harness_loads"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

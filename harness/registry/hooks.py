"""What a plugin marks its hooks with, and the seam that it may say it was written for.

There is one hook for each kind of what can be chosen by name (see `harness.registry.kind.Kind`); what the
harness itself brings along comes through the same hooks. A plugin may state the version of the seam beside
its hooks::

    harness_seam = 1

A harness whose seam is older lists the plugin as broken, with the advice to upgrade; one that is newer takes
it. Without the statement a plugin is taken as it is.

A plugin on a library that not everybody has installed names it with the command that installs it, and
imports it only where it computes::

    harness_needs = {"somelibrary": "pip install 'panel-somelibrary[all]'"}

Where the library is not installed the plugin is absent: it is listed with the command, its names stay
taken, and a spec that uses one of them is told the command.
"""

from __future__ import annotations

from typing import Final

import pluggy

# Name of the pluggy project and of the entry-point group; start of the name of every hook.
PROJECT: Final = "harness"

# Name of the distribution that the harness is.
DISTRIBUTION: Final = "panel-harness"

# Version of the seam: it grows when a plugin can ask for something that older harnesses do not have.
SEAM_VERSION: Final = 1

# What a plugin calls the version of the seam that it needs.
SEAM_ATTRIBUTE: Final = "harness_seam"

# What a plugin calls the libraries that it cannot work without.
NEEDS_ATTRIBUTE: Final = "harness_needs"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

"""All kinds of what can be chosen by name, and what is installed of them."""

from __future__ import annotations

import functools
from functools import partial
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points, version

from harness.data.prepare.step import STEP
from harness.data.read.source import DATASET, READER
from harness.data.simulate.simulation import SIMULATION
from harness.estimators.protocol import ESTIMATOR
from harness.evaluation.metrics import METRIC
from harness.evaluation.protocol import PROTOCOL
from harness.findings.run import RULE
from harness.registry.choice import ALL_INSTALLED, PluginChoice, requested_by_environment
from harness.registry.command import COMMAND
from harness.registry.hooks import DISTRIBUTION, PROJECT
from harness.registry.plugin import Kinds, PluginSource, installed_sources
from harness.registry.registry import Registry, read_registry
from harness.report.sections.section import SECTION
from harness.scenarios.scenario import SCENARIO

# All kinds, in the order in which plugins are asked for them.
KINDS: Kinds = (
    *(ESTIMATOR, PROTOCOL, SCENARIO, STEP, DATASET, READER, SIMULATION, METRIC, RULE, SECTION),
    COMMAND,
)


def registry_of(points: tuple[EntryPoint, ...], *, choice: PluginChoice = ALL_INSTALLED) -> Registry:
    """Return what the harness and the plugins of entry points offer; see `read_registry`.

    The harness's own members come through the hooks of any plugin; it comes first.
    """
    load = partial(import_module, "harness.shipped")
    own = PluginSource(PROJECT, DISTRIBUTION, version(DISTRIBUTION), DISTRIBUTION, "harness.shipped", load)
    return read_registry((own, *installed_sources(points)), KINDS, choice=choice)


def installed(choice: PluginChoice | None = None) -> Registry:
    """Return the registry of the plugins of this environment, read once for each choice.

    Parameters
    ----------
    choice : plugins that are off, and a folder of others; None takes what the environment variables say

    Raises
    ------
    PluginError
        Where the choice names a plugin or a folder that is not there.
    """
    return _read_installed(requested_by_environment() if choice is None else choice)


@functools.cache
def _read_installed(choice: PluginChoice) -> Registry:
    return registry_of(tuple(entry_points(group=PROJECT)), choice=choice)

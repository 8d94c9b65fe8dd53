"""Where a plugin comes from, known before any of its code runs."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Protocol

from harness.registry.hooks import DISTRIBUTION


class PluginSource(Protocol):
    """A plugin that was found and not yet loaded."""

    @property
    def name(self) -> str:
        """How it is called in the list of plugins and switched off."""

    @property
    def distribution(self) -> str:
        """What brought it."""

    @property
    def version(self) -> str:
        """Version of what brought it."""

    @property
    def recorded_as(self) -> str:
        """Under what the manifest of a run records the version."""

    @property
    def module(self) -> str:
        """Dotted name of the module with the hooks."""

    def load(self) -> object:
        """Return the module with the hooks; a stranger's code runs, and may raise anything."""


@dataclass(frozen=True)
class InstalledPlugin:
    """A plugin of an installed distribution.

    Attributes
    ----------
    point : its entry point, of the group ``harness``
    """

    point: EntryPoint

    @property
    def name(self) -> str:
        """Name of the entry point."""
        return self.point.name

    @property
    def distribution(self) -> str:
        """Name of the distribution."""
        return self.point.dist.name if self.point.dist else ""

    @property
    def version(self) -> str:
        """Version of the distribution."""
        return self.point.dist.version if self.point.dist else ""

    @property
    def recorded_as(self) -> str:
        """The distribution."""
        return self.distribution

    @property
    def module(self) -> str:
        """What the entry point names."""
        return self.point.module

    def load(self) -> object:
        """Import what the entry point names."""
        return self.point.load()


def in_order(points: tuple[EntryPoint, ...]) -> tuple[InstalledPlugin, ...]:
    """Return the plugins of these entry points in an order that no installation changes.

    Those that come with the harness are first, so that no other can take a name of theirs; the rest are in
    the order of their names.
    """

    def place(plugin: InstalledPlugin) -> tuple[bool, str, str, str]:
        return plugin.distribution != DISTRIBUTION, plugin.name, plugin.distribution, plugin.point.value

    return tuple(sorted((InstalledPlugin(point) for point in points), key=place))

"""Where plugins come from, known before their code runs: distributions and a folder; which a user wants."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path

from harness.errors import PluginError
from harness.registry.hooks import OURS

PACKAGE_FILE = "__init__.py"


# Environment variable with the plugins that are switched off, comma separated.
OFF_VARIABLE = "HARNESS_PLUGINS_OFF"

# Environment variable with a folder of plugins.
FOLDER_VARIABLE = "HARNESS_PLUGINS_FOLDER"


@dataclass(frozen=True)
class PluginChoice:
    """What the user said about plugins, on the command line or in the environment; never in a spec.

    Attributes
    ----------
    off : names of plugins that are not loaded
    folder : of plugins that are not installed; each module or package directly in it is one
    """

    off: tuple[str, ...] = ()
    folder: Path | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The options of the command that say the same."""
        folder = () if self.folder is None else ("--plugins-folder", self.folder.as_posix())
        return (*folder, *(word for name in self.off for word in ("-p", f"no:{name}")))


# Every plugin that is installed, and no other.
ALL_INSTALLED = PluginChoice()


def requested_by_environment(environment: Mapping[str, str] = os.environ) -> PluginChoice:
    """Return what the environment variables say about plugins."""
    names = (name.strip() for name in environment.get(OFF_VARIABLE, "").split(","))
    folder = environment.get(FOLDER_VARIABLE, "")
    return PluginChoice(tuple(name for name in names if name), Path(folder) if folder else None)


@dataclass(frozen=True)
class PluginSource:
    """A plugin that was found and not yet loaded.

    Attributes
    ----------
    name : how it is called in the list of plugins and switched off
    distribution, version : what brought it; of a local one its folder, and the hash of its files
    recorded_as : under what the manifest of a run records the version
    module : dotted name of the module with the hooks
    load : returns that module; a stranger's code runs, and may raise anything
    """

    name: str
    distribution: str
    version: str
    recorded_as: str
    module: str
    load: Callable[[], object]

    @property
    def identity(self) -> tuple[str, str, str]:
        """Name, distribution and version."""
        return self.name, self.distribution, self.version

    @property
    def is_ours(self) -> bool:
        """Whether it comes with the harness."""
        return self.distribution in OURS


def installed_sources(points: Sequence[EntryPoint]) -> tuple[PluginSource, ...]:
    """Return the plugins of entry points of the group ``harness``, in an order that no installation changes.

    Our own are first, so that no other can take a name of theirs; the rest are in the order of their names.
    """

    def brought(point: EntryPoint) -> tuple[str, str]:
        return (point.dist.name, point.dist.version) if point.dist else ("", "")

    def place(point: EntryPoint) -> tuple[bool, str, str, str]:
        name, _ = brought(point)
        return name not in OURS, point.name, name, point.value

    ordered = [(point, *brought(point)) for point in sorted(points, key=place)]
    return tuple(
        PluginSource(point.name, name, version, name, point.module, point.load)
        for point, name, version in ordered
    )


def plugins_folder(path: Path) -> Path:
    """Return a folder of plugins, links followed.

    Raises
    ------
    PluginError
        Where there is no folder.
    """
    if not path.is_dir():
        hint = "name a folder of plugins, each a .py file or a package"
        raise PluginError.at(str(path), "there is no such folder of plugins", hint=hint)
    return path.resolve()


def local_sources(folder: Path) -> tuple[PluginSource, ...]:
    """Return modules and packages directly in a folder, by name; a leading underscore says it is none."""
    paths = (
        path
        for path in folder.iterdir()
        if path.suffix == ".py" or (path / PACKAGE_FILE).is_file()
        if not path.name.startswith(("_", "."))
    )
    return tuple(map(_local_source, sorted(paths)))


def _local_source(path: Path) -> PluginSource:
    return PluginSource(
        name=path.stem,
        distribution=f"local folder {path.parent}",
        version=f"sha256:{tree_sha256(path) if path.is_dir() else _file_sha256(path)}",
        recorded_as=f"local plugin {path.stem}",
        module=path.stem,
        load=partial(_load_local, path),
    )


def _load_local(path: Path) -> object:
    """Import a module, by its own name, from its folder.

    Worker processes import it the same way, since they start with this process's path. The folder stands last
    on the path, so nothing in it hides what is installed.

    Raises
    ------
    PluginError
        Where the name is none of Python's, or that of another module.
    """
    name = path.stem
    if not name.isidentifier():
        hint = f"rename it, such as {name.replace('-', '_')}"
        raise PluginError.at(name, "its file has a name that Python cannot import", hint=hint)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    importlib.invalidate_caches()
    file = path / PACKAGE_FILE if path.is_dir() else path
    spec = importlib.util.find_spec(name)
    found = Path(spec.origin) if spec and spec.origin else None
    if found is None or found.resolve() != file.resolve():
        what = f"another module of this name comes first: {found or name}"
        raise PluginError.at(name, what, hint="rename the file")
    return importlib.import_module(name)


def _file_sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def tree_sha256(folder: Path) -> str:
    """Return the hash of all modules in a folder at any depth, of their places in it and their bytes."""
    files = sorted(folder.rglob("*.py"))
    lines = [f"{_file_sha256(file)}  {file.relative_to(folder).as_posix()}\n" for file in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()

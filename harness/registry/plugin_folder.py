"""A local folder of plugins: each module or package directly in it is one."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.errors import PluginError, Problem

PACKAGE_FILE = "__init__.py"


@dataclass(frozen=True)
class LocalPlugin:
    """A plugin of a local folder.

    Attributes
    ----------
    path : of the module, or of the package's folder
    """

    path: Path

    @property
    def name(self) -> str:
        """Name of the module or package."""
        return self.path.stem

    @property
    def distribution(self) -> str:
        """The folder, in words."""
        return f"local folder {self.path.parent}"

    @property
    def version(self) -> str:
        """Hash of what stands in its files."""
        return f"sha256:{_tree_sha256(self.path) if self.path.is_dir() else _file_sha256(self.path)}"

    @property
    def recorded_as(self) -> str:
        """The plugin itself, without the place of its folder."""
        return f"local plugin {self.name}"

    @property
    def module(self) -> str:
        """Its own name, which is found in the folder."""
        return self.name

    def load(self) -> object:
        """Import the module, by its own name, from the folder.

        Worker processes import it the same way, since they start with this process's path. The folder stands
        last on the path, so nothing in it hides what is installed.

        Raises
        ------
        PluginError
            Where the name is none of Python's, or that of another module.
        """
        if not self.name.isidentifier():
            hint = f"rename it, such as {self.name.replace('-', '_')}"
            raise PluginError(Problem(self.name, "its file has a name that Python cannot import", hint=hint))
        _put_on_path(self.path.parent)
        file = self.path / PACKAGE_FILE if self.path.is_dir() else self.path
        spec = importlib.util.find_spec(self.name)
        found = Path(spec.origin) if spec and spec.origin else None
        if found is None or found.resolve() != file.resolve():
            what = f"another module of this name comes first: {found or self.name}"
            raise PluginError(Problem(self.name, what, hint="rename the file"))
        return importlib.import_module(self.name)


@dataclass(frozen=True)
class PluginFolder:
    """A folder of plugins that are not installed.

    Attributes
    ----------
    path : absolute, links followed
    """

    path: Path

    @classmethod
    def at(cls, path: Path) -> PluginFolder:
        """Return the folder at a path.

        Raises
        ------
        PluginError
            Where there is no folder.
        """
        if not path.is_dir():
            hint = "name a folder of plugins, each a .py file or a package"
            raise PluginError(Problem(str(path), "there is no such folder of plugins", hint=hint))
        return cls(path.resolve())

    @property
    def plugins(self) -> tuple[LocalPlugin, ...]:
        """Modules and packages directly in the folder, by name; a leading underscore says it is none."""
        paths = (
            path
            for path in self.path.iterdir()
            if path.suffix == ".py" or (path / PACKAGE_FILE).is_file()
            if not path.name.startswith(("_", "."))
        )
        return tuple(LocalPlugin(path) for path in sorted(paths))

    @property
    def sha256(self) -> str:
        """Hash of all modules in the folder, at any depth: whatever a plugin of it may import."""
        return _tree_sha256(self.path)


def _put_on_path(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    importlib.invalidate_caches()


def _file_sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _tree_sha256(folder: Path) -> str:
    """Return the hash of the modules in a folder, of their places in it and their bytes."""
    files = sorted(folder.rglob("*.py"))
    lines = [f"{_file_sha256(file)}  {file.relative_to(folder).as_posix()}\n" for file in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()

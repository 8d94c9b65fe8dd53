"""A new plugin: what its parts are called, its files as text, and its folder, whole or not there at all."""

from __future__ import annotations

import importlib.util
import keyword
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from harness import __version__
from harness.errors import ArtifactError, PluginError, Problem
from harness.estimators.protocol import ESTIMATOR
from harness.registry.catalog import Kind
from harness.registry.hooks import SEAM_VERSION
from harness.registry.registry import Registry
from harness.running.files import move, remove_folder, write_atomically
from harness.study.spec.entry import drafted_entries

if TYPE_CHECKING:
    from jinja2 import Environment

# Characters of a name.
LONGEST = 64

_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_PREFIX = "harness_"


@dataclass(frozen=True)
class PluginNames:
    """The names that follow from the one a user gave.

    Attributes
    ----------
    distribution : for pip, as the user wrote it
    package : for import, and of the entry point
    member : what it offers, for ``use:`` in a spec; the package's name, without ``harness_`` at its start
    """

    distribution: str
    package: str
    member: str

    @property
    def class_name(self) -> str:
        """Name of the class."""
        return "".join(word.capitalize() for word in self.member.split("_"))

    @property
    def title(self) -> str:
        """The name in words."""
        return self.member.replace("_", " ")


def read_name(name: str) -> PluginNames:
    """Return the names of a plugin from that of its distribution.

    Raises
    ------
    PluginError
        Where it cannot be the name of a distribution, or no package can be called like it.
    """
    if len(name) > LONGEST or _DISTRIBUTION.fullmatch(name) is None:
        signs = "characters of A-Z, a-z, 0-9, '-', '_' and '.', a letter or digit at both ends"
        raise _refusal(name, "cannot be the name of a distribution", f"at most {LONGEST} {signs}")
    package = re.sub(r"[-_.]+", "_", name).lower()
    if package[0].isdigit():
        raise _refusal(name, "starts with a digit, and no package can", "a letter first")
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        raise _refusal(name, f"'{package}' is a word of the language, and no package can be called so")
    if package in sys.stdlib_module_names:
        raise _refusal(name, f"'{package}' is a module of the standard library, which the package would hide")
    short = package.removeprefix(_PREFIX)
    return PluginNames(name, package, short if short.isidentifier() else package)


def _refusal(name: str, what: str, expected: str = "") -> PluginError:
    return PluginError.at(repr(name), what, expected, "choose a name such as harness-nearest")


# Files of any plugin, each made from a template of its name.
SHARED = ("pyproject.toml", "tox.ini", "package/py.typed", "tests/test_conformance.py")

# Further ones of a plugin with an estimator, which has more to it than a member of another kind.
OF_ESTIMATOR = (
    *("README.md", "study.yaml", "package/__init__.py", "package/estimator.py", "package/standard.py"),
    "tests/test_estimator.py",
)


def templates_of(kind: Kind[Any]) -> Mapping[str, str]:
    """Return path, the package being ``package``, and template of each file of a plugin of a kind."""
    if kind.name == ESTIMATOR.name:
        return {path: f"{path}.j2" for path in (*SHARED, *OF_ESTIMATOR)}
    own = {"README.md": "kinds/README.md.j2", "package/__init__.py": f"kinds/{kind.name}.py.j2"}
    return {path: f"{path}.j2" for path in SHARED} | own


def render(
    names: PluginNames, kind: Kind[Any] = ESTIMATOR, *, reference: Mapping[str, Any] | None = None
) -> Mapping[PurePosixPath, str]:
    """Return the text of every file by its path within the distribution.

    Parameters
    ----------
    reference : entry of a spec that a new estimator is compared with; None where there is no estimator yet
    """
    templates = environment()
    versions = {"harness_version": __version__, "seam": SEAM_VERSION}
    given = {"names": names, "kind": kind.name, "reference": reference, **versions}
    found = {re.sub("^package/", f"{names.package}/", path): own for path, own in templates_of(kind).items()}
    return {PurePosixPath(path): templates.get_template(own).render(given) for path, own in found.items()}


def environment() -> Environment:
    """Return what renders the templates; a name that is not given is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("harness.scaffold", "templates"),
        autoescape=False,  # noqa: S701 - the files are code and no HTML; names are letters, digits, - . and _
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


def write_folder(path: Path, files: Mapping[PurePosixPath, str | bytes]) -> None:
    """Write a folder through a temporary neighbour that takes its name once it is complete.

    Raises
    ------
    ArtifactError
        Where something of that name is there.
    MachineError
        Where the folder cannot be written.
    """
    if path.exists() or path.is_symlink():
        what = "is there already, and nothing is written over"
        hint = "choose another folder, or move this one away"
        raise ArtifactError.at(str(path), what, "a folder that is not there yet", hint)
    whole = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        for name, content in files.items():
            write_atomically(whole / name, content.encode() if isinstance(content, str) else content)
        move(whole, path)
    finally:
        remove_folder(whole)


def new_plugin(
    name: str, *, out: Path | None, registry: Registry, kind: Kind[Any] = ESTIMATOR
) -> PluginNames:
    """Write a distribution with a working member of a kind and return what its parts are called.

    Parameters
    ----------
    name : of the distribution
    out : folder to write; None takes one of the distribution's name, in the working folder
    kind : of what it offers
    registry : the plugins of this machine, whose names are taken

    Raises
    ------
    PluginError
        Where the name cannot be used.
    ArtifactError
        Where the folder is there already, or cannot be written.
    """
    names = read_name(name)
    refuse_taken(names, registry, kind)
    drafted = drafted_entries(registry.of(ESTIMATOR))
    write_folder(
        out or Path(names.distribution), render(names, kind, reference=drafted[0] if drafted else None)
    )
    return names


def refuse_taken(names: PluginNames, registry: Registry, kind: Kind[Any] = ESTIMATOR) -> None:
    """Refuse names that are taken on this machine.

    Raises
    ------
    PluginError
        With every name that is: of a plugin, of a member of the kind, of a package that can be imported.
    """
    problems = tuple(_taken(names, registry, kind))
    if problems:
        raise PluginError(*problems)


def _taken(names: PluginNames, registry: Registry, kind: Kind[Any]) -> Iterator[Problem]:
    hint = "choose another name"
    if plugin := next((known for known in registry.plugins if known.name == names.package), None):
        what = f"a plugin '{plugin.name}' is installed, by {plugin.distribution} {plugin.version}"
        yield Problem(names.distribution, what, hint=f"{hint}, or uninstall that one first")
    elif importlib.util.find_spec(names.package) is not None:
        what = f"a package '{names.package}' can be imported already, and one would hide the other"
        yield Problem(names.distribution, what, hint=hint)
    if names.member in registry.of(kind):
        owner = next(found.name for found in registry.plugins if names.member in found.names(kind))
        what = f"the {kind.name} would be called '{names.member}', as one of {owner} is"
        yield Problem(names.distribution, what, hint=hint)

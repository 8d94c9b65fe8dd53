"""The files of a new plugin, as text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from harness import __version__
from harness.estimators.protocol import ESTIMATOR
from harness.registry.hooks import SEAM_VERSION
from harness.registry.kind import Kind
from harness.scaffold.names import PluginNames

# Path of each file of any plugin and the template it is made from.
SHARED: Mapping[str, str] = {
    "pyproject.toml": "pyproject.toml.j2",
    "tox.ini": "tox.ini.j2",
    "{package}/py.typed": "package/py.typed.j2",
    "tests/test_conformance.py": "tests/test_conformance.py.j2",
}

# The same for a plugin with an estimator, which has more to it than a member of another kind.
TEMPLATES: Mapping[str, str] = {
    **SHARED,
    "README.md": "README.md.j2",
    "study.yaml": "study.yaml.j2",
    "{package}/__init__.py": "package/__init__.py.j2",
    "{package}/estimator.py": "package/estimator.py.j2",
    "{package}/standard.py": "package/standard.py.j2",
    "tests/test_estimator.py": "tests/test_estimator.py.j2",
}


def templates_of(kind: Kind[Any]) -> Mapping[str, str]:
    """Return path and template of each file of a plugin with a member of a kind."""
    if kind.name == ESTIMATOR.name:
        return TEMPLATES
    own = {"README.md": "kinds/README.md.j2", "{package}/__init__.py": f"kinds/{kind.name}.py.j2"}
    return {**SHARED, **own}


def render(
    names: PluginNames, kind: Kind[Any] = ESTIMATOR, *, reference: Mapping[str, Any] | None = None
) -> Mapping[PurePosixPath, str]:
    """Return the text of every file by its path within the distribution.

    Parameters
    ----------
    reference : entry of a spec that a new estimator is compared with; None where there is no estimator yet
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("harness.scaffold", "templates"),
        autoescape=False,  # noqa: S701 - the files are code and no HTML; names are letters, digits, - . and _
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    given = {"names": names, "kind": kind.name, "harness_version": __version__, "seam": SEAM_VERSION}
    given |= {"reference": reference}
    return {
        PurePosixPath(path.format(package=names.package)): environment.get_template(template).render(given)
        for path, template in templates_of(kind).items()
    }

"""What a release needs: one version, a conda recipe of the same packages, deprecations that end on time."""

from __future__ import annotations

import importlib
import inspect
import re
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typing_extensions import deprecated

import harness

ROOT = Path(__file__).parents[1]
PUBLIC = ("harness", "harness.plugin", "harness.plugin.reporting", "harness.plugin.drawing")
# What conda calls by another name.
CONDA = {"matplotlib": "matplotlib-base"}
WORDS = re.compile(r"since (?P<since>\d+\.\d+); use .+; gone in (?P<gone>\d+\.\d+)")


def read_yaml(path):
    return YAML(typ="safe").load((ROOT / path).read_text(encoding="utf-8"))


def minor(version):
    return tuple(int(part) for part in version.split(".")[:2])


def faulty_deprecations(names, *, version):
    """Return the deprecated names, {name: object}, without the words of the policy, or due to be gone."""
    faulty = []
    for name, value in names.items():
        text = getattr(value, "__deprecated__", None)
        words = None if text is None else WORDS.fullmatch(text)
        if text is not None and (words is None or minor(version) >= minor(words["gone"])):
            faulty.append(name)
    return faulty


def public_names():
    for module in map(importlib.import_module, PUBLIC):
        for name, value in vars(module).items():
            if name.startswith("_"):
                continue
            yield f"{module.__name__}.{name}", value
            if inspect.isclass(value):
                yield from ((f"{module.__name__}.{name}.{own}", one) for own, one in vars(value).items())


def test_the_citation_and_the_recipe_have_the_version_of_the_package():
    assert read_yaml("CITATION.cff")["version"] == harness.__version__
    assert read_yaml(".ci/conda/recipe.yaml")["context"]["version"] == harness.__version__


def test_the_recipe_asks_for_what_the_package_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pairs = [re.fullmatch(r"([A-Za-z0-9_.-]+)(>=.+)", one).groups() for one in project["dependencies"]]
    asked = {f"{CONDA.get(name, name)} {bound}" for name, bound in pairs}
    run = read_yaml(".ci/conda/recipe.yaml")["requirements"]["run"]
    assert set(run) == asked | {f"python {project['requires-python']}"}
    assert len(run) == len(set(run))


def test_no_deprecated_name_stays_longer_than_it_said():
    assert faulty_deprecations(dict(public_names()), version=harness.__version__) == []


@pytest.mark.parametrize(
    ("text", "version", "is_faulty"),
    [
        ("since 0.2; use harness.run; gone in 0.4", "0.3.1", False),
        ("since 0.2; use harness.run; gone in 0.4", "0.4.0", True),
        ("since 0.2; use harness.run; gone in 0.10", "0.9.0", False),
        ("use harness.run", "0.1.0", True),
    ],
)
def test_a_deprecation_says_since_when_until_when_and_what_instead(text, version, is_faulty):
    @deprecated(text)
    def old():
        return 1

    with pytest.warns(DeprecationWarning, match="use harness.run"):
        assert old() == 1
    assert faulty_deprecations({"old": old}, version=version) == (["old"] if is_faulty else [])

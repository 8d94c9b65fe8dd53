"""Names of a new plugin: what follows from them, and which cannot be."""

from __future__ import annotations

import pytest

from harness import PluginError
from harness.estimators.protocol import ESTIMATOR
from harness.registry.catalog import Catalog
from harness.registry.plugin import Plugin
from harness.registry.registry import Registry
from harness.scaffold.names import PluginNames, read_name
from harness.scaffold.plugin import refuse_taken

TAKEN = Registry(
    plugins=(
        Plugin("harness_nearest", "harness-nearest", "0.2", offers={"estimators": ("nearest", "kernel")}),
    ),
    catalogs={ESTIMATOR.name: Catalog(ESTIMATOR, {"nearest": object, "kernel": object})},
)


@pytest.mark.parametrize(
    ("name", "package", "estimator", "class_name"),
    [
        ("harness-nearest", "harness_nearest", "nearest", "Nearest"),
        ("My.Odd--Name_2", "my_odd_name_2", "my_odd_name_2", "MyOddName2"),
        ("harness-2sls", "harness_2sls", "harness_2sls", "Harness2sls"),
        ("gmm", "gmm", "gmm", "Gmm"),
    ],
)
def test_parts_are_called_after_the_distribution(name, package, estimator, class_name):
    names = read_name(name)
    assert names == PluginNames(name, package, estimator)
    assert names.class_name == class_name
    assert names.class_name.isidentifier()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "cannot be the name of a distribution"),
        ("../x", "cannot be the name of a distribution"),
        ("näher", "cannot be the name of a distribution"),
        ("x" * 65, "cannot be the name of a distribution"),
        ("x\n", "cannot be the name of a distribution"),
        ("2sls", "starts with a digit"),
        ("class", "a word of the language"),
        ("json", "a module of the standard library"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_a_remedy(name, words):
    with pytest.raises(PluginError, match=words) as refused:
        read_name(name)
    assert refused.value.hint


def test_names_of_installed_plugins_estimators_and_packages_are_taken():
    with pytest.raises(PluginError) as refused:
        refuse_taken(read_name("Harness.Nearest"), TAKEN)
    assert "a plugin 'harness_nearest' is installed, by harness-nearest 0.2" in str(refused.value)
    assert "the estimator would be called 'nearest', as one of harness_nearest is" in str(refused.value)
    with pytest.raises(PluginError, match="would be called 'kernel'"):
        refuse_taken(read_name("kernel"), TAKEN)
    with pytest.raises(PluginError, match="a package 'numpy' can be imported already"):
        refuse_taken(read_name("numpy"), TAKEN)


def test_a_name_of_ones_own_is_free():
    refuse_taken(read_name("harness-far-away"), TAKEN)

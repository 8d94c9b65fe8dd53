"""A new plugin: its names, its folder, and a plugin of any kind."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from harness import ArtifactError, PluginError
from harness.commands.plugins import KIND_NAMES
from harness.conformance.checks import checks_among
from harness.estimators.protocol import ESTIMATOR
from harness.installed import KINDS, installed, registry_of
from harness.registry.catalog import Catalog
from harness.registry.plugin import Plugin
from harness.registry.registry import Registry
from harness.registry.sources import PluginChoice
from harness.scaffold.plugin import PluginNames, new_plugin, read_name, refuse_taken, write_folder

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


FILES = {PurePosixPath("a.txt"): "a\n", PurePosixPath("b/c.txt"): "é\n"}


def test_files_are_where_they_belong(tmp_path):
    write_folder(tmp_path / "deep" / "new", FILES)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {"deep/new/a.txt", "deep/new/b/c.txt"}
    assert (tmp_path / "deep" / "new" / "b" / "c.txt").read_bytes() == b"\xc3\xa9\n"


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
def test_nothing_is_written_over(tmp_path, kind):
    there = tmp_path / "there"
    if kind == "folder":
        there.mkdir()
    elif kind == "file":
        there.write_text("mine", encoding="utf-8")
    else:
        there.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ArtifactError, match="is there already"):
        write_folder(there, FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    assert there.is_dir() == (kind == "folder")


def test_a_folder_that_cannot_be_completed_is_not_there(tmp_path):
    """One file's name is a folder of another."""
    clash = {PurePosixPath("a"): "a\n", PurePosixPath("a/b"): "b\n"}
    with pytest.raises(ArtifactError, match="is a file"):
        write_folder(tmp_path / "new", clash)
    assert list(tmp_path.iterdir()) == []


OTHERS = [kind for kind in KINDS if kind is not ESTIMATOR]


def test_the_command_makes_every_kind():
    assert list(KIND_NAMES) == sorted(KIND_NAMES, key=[kind.name for kind in KINDS].index)
    assert {kind.name for kind in KINDS} == set(KIND_NAMES)


@pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: kind.name)
def test_a_plugin_of_a_kind_passes_its_battery(kind, tmp_path):
    folder = tmp_path / "made"
    names = new_plugin(f"harness-made-{kind.name}", out=folder, registry=installed(), kind=kind)
    registry = registry_of((), choice=PluginChoice(folder=folder))
    (own,) = [plugin for plugin in registry.plugins if plugin.name == names.package]
    assert own.offers == {kind.plural: (names.member,)}, own.broken
    checks = checks_among(registry, own)
    assert [check.verdict() for check in checks if check.verdict().status == "failed"] == []
    assert {check.verdict().status for check in checks} == {"passed"}

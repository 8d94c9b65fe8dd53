"""Discovery of plugins, the broken ones included."""

import sys
import types
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic_core import PydanticCustomError

from harness import PluginError
from harness.conformance.panels import ordinary_panel
from harness.data.read.columnar import PARQUET
from harness.data.read.files import read_source
from harness.data.read.source import READER
from harness.estimators.guard import attempt
from harness.estimators.protocol import ESTIMATOR
from harness.evaluation.protocol import PROTOCOL, InSample
from harness.installed import installed, registry_of
from harness.plugin import NestedEstimator, hookimpl
from harness.registry.catalog import build_choice
from harness.registry.plugin import PluginChoice, faulty_member, requested_by_environment
from harness.registry.registry import deadly_imports
from harness.rng import random_stream


@dataclass(frozen=True)
class Mean:
    """An estimator for the tests."""

    name: ClassVar[str] = "mean_for_tests"
    provides: ClassVar[frozenset[type]] = frozenset()
    trim: float = 0.0

    def fit(self, panel, *, rng, selection=None):
        return self


@dataclass(frozen=True)
class Wrapped:
    """An estimator around another."""

    base: NestedEstimator
    name: ClassVar[str] = "wrapped_for_tests"
    provides: ClassVar[frozenset[type]] = frozenset()

    def fit(self, panel, *, rng, selection=None):
        return self


def module(name, **hooks):
    made = types.ModuleType(name)
    for hook, function in hooks.items():
        setattr(made, hook, function)
    sys.modules[name] = made
    return EntryPoint(name=name, value=name, group="harness")


@hookimpl
def harness_estimators():
    """Offer the estimators of this test."""
    return [Mean, Wrapped]


@dataclass(frozen=True)
class OddEntities(InSample):
    """A protocol for the tests."""

    name: ClassVar[str] = "odd_entities"
    share: float = 0.5


@hookimpl
def harness_protocols():
    """Offer the protocols of this test."""
    return [OddEntities]


@hookimpl
def harness_estimatorz():
    """A misspelt hook."""
    return []


@pytest.fixture
def registry():
    points = (
        module("good_plugin", harness_estimators=harness_estimators, harness_protocols=harness_protocols),
        module("late_plugin", harness_estimators=harness_estimators),
        module("misspelt_plugin", harness_estimatorz=harness_estimatorz),
        EntryPoint(name="absent_plugin", value="no_such_module_anywhere", group="harness"),
    )
    yield registry_of(points)
    for name in ("good_plugin", "late_plugin", "misspelt_plugin"):
        del sys.modules[name]


def test_the_four_plugins_are_installed_and_whole():
    found = {plugin.name: plugin for plugin in installed().plugins}
    assert {"harness_panel", "harness_neural", "harness_rab", "harness_sklearn"} <= set(found)
    assert [plugin.broken for plugin in found.values()] == [""] * len(found)
    expected = {"pooled_ols", "fixed_effects", "mlp", "som_ann", "rab", "boosting"}
    assert expected <= set(installed().of(ESTIMATOR))


def test_a_broken_plugin_is_listed_with_its_reason_and_breaks_nothing_else(registry):
    broken = {plugin.name: plugin.broken for plugin in registry.plugins}
    assert broken["good_plugin"] == ""
    assert "no_such_module_anywhere" in broken["absent_plugin"]
    taken = "names are taken: mean_for_tests (of good_plugin), wrapped_for_tests (of good_plugin)"
    assert taken in broken["late_plugin"]
    assert "harness_estimatorz" in broken["misspelt_plugin"]
    assert set(registry.of(ESTIMATOR)) == {"mean_for_tests", "wrapped_for_tests"}


def test_what_is_off_is_not_even_imported():
    point = EntryPoint(name="absent_plugin", value="no_such_module_anywhere", group="harness")
    registry = registry_of((point,), choice=PluginChoice(off=("absent_plugin",)))
    _, plugin = registry.plugins
    assert (plugin.off, plugin.broken) == (True, "")
    assert registry.catalogs["estimator"].absent == "plugins switched off: absent_plugin"


def test_switching_off_what_is_not_there_is_an_error_with_near_names():
    point = module("good_plugin", harness_estimators=harness_estimators)
    with pytest.raises(PluginError, match="there is no plugin 'god_plugin'") as error:
        registry_of((point,), choice=PluginChoice(off=("god_plugin",)))
    assert error.value.hint == "did you mean 'good_plugin'?"


@pytest.mark.parametrize(
    ("environment", "choice"),
    [
        ({}, PluginChoice()),
        ({"HARNESS_PLUGINS_OFF": " a, b ,", "HARNESS_PLUGINS_FOLDER": ""}, PluginChoice(("a", "b"))),
        ({"HARNESS_PLUGINS_FOLDER": "own"}, PluginChoice(folder=Path("own"))),
    ],
    ids=["nothing", "off", "folder"],
)
def test_the_environment_says_the_same_as_the_options(environment, choice):
    assert requested_by_environment(environment) == choice


def test_a_plugin_offers_protocols(registry):
    catalogs = registry.catalogs
    assert build_choice(catalogs, "protocol", "odd_entities", {"share": 0.3}) == OddEntities(0.3)
    assert build_choice(catalogs, "protocol", "forward", {}).name == "forward"


def test_an_estimator_is_built_from_its_options_and_nests(registry):
    catalogs = registry.catalogs
    options = {"base": {"use": "mean_for_tests", "trim": 0.25}}
    assert build_choice(catalogs, "estimator", "wrapped_for_tests", options) == Wrapped(Mean(0.25))


@pytest.mark.parametrize(
    ("options", "found"),
    [({"trim": "much"}, "valid number"), ({"trimm": 1.0}, "trimm"), ({"trim": True}, "valid number")],
    ids=["text", "unknown", "bool"],
)
def test_options_are_read_strictly(registry, options, found):
    with pytest.raises(ValueError, match=found):
        build_choice(registry.catalogs, "estimator", "mean_for_tests", options)


def needing(name, needs):
    return module(name, harness_estimators=harness_estimators, harness_needs=needs)


def test_a_plugin_whose_library_is_not_installed_is_absent():
    """Its names are known and taken, none can be chosen, and whoever asks is told the command."""
    point = needing("on_a_library", {"no_such_library": "pip install 'it[all]'"})
    registry = registry_of((point, module("rival", harness_estimators=harness_estimators)))
    absent, broken = (
        next(one for one in registry.plugins if one.name == name) for name in (point.name, "rival")
    )
    assert absent.absent == "no_such_library is not installed: pip install 'it[all]'"
    assert (absent.broken, absent.names(ESTIMATOR)) == ("", ("mean_for_tests", "wrapped_for_tests"))
    assert "names are taken" in broken.broken
    assert dict(registry.of(ESTIMATOR)) == {}
    with pytest.raises(PydanticCustomError) as raised:
        build_choice(registry.catalogs, "estimator", "mean_for_tests", {})
    hint = "it is of on_a_library: no_such_library is not installed: pip install 'it[all]'"
    assert raised.value.context["hint"] == hint


@pytest.mark.parametrize("needs", [["pyfixest"], {"pyfixest": 1}, "pyfixest"], ids=repr)
def test_needs_that_are_no_commands_by_library(needs):
    registry = registry_of((needing("wrong_needs", needs),))
    assert "and not commands by library" in registry.plugins[-1].broken


ROUGH = """\
from dataclasses import dataclass
from harness.plugin import EvaluationProtocol, FileReader, hookimpl

@dataclass(frozen=True)
class ByRegion(EvaluationProtocol):
    name, title, leaks, stream, how = "by_region", "By region", (), "regions", "Region by region."

    def split(self, panel, *, rng):
        return panel.group("region")

    def quick(self):
        return self

@dataclass(frozen=True)
class Learned:
    into: str

    def compute(self, columns):
        return columns["none"]

def read(source):
    return 1 / 0

@hookimpl
def harness_protocols():
    return [ByRegion]

@hookimpl
def harness_readers():
    return [FileReader("rough", (".rough",), read)]
"""


def test_an_error_is_put_down_to_the_plugin_the_kind_the_member_and_the_method(tmp_path):
    (tmp_path / "rough_plugin.py").write_text(ROUGH, encoding="utf-8")
    registry = registry_of((), choice=PluginChoice(folder=tmp_path))
    # The innermost frame is the harness's, which was asked for what nobody named.
    with pytest.raises(LookupError, match="not grouped by the column 'region'") as caught:
        registry.of(PROTOCOL)["by_region"]().split(ordinary_panel(), rng=random_stream(1, "folds"))
    assert faulty_member(caught.value) == "plugin rough_plugin, protocol by_region, ByRegion.split"
    with pytest.raises(ZeroDivisionError) as caught:
        registry.of(READER)["rough"].read(None)
    assert faulty_member(caught.value) == "plugin rough_plugin, reader rough, read"
    learned = vars(sys.modules["rough_plugin"])["Learned"]("gdp_c")
    tried = attempt(partial(learned.compute, {}))
    assert tried.reason == "plugin rough_plugin, column 'gdp_c', Learned.compute: KeyError: 'none'"


def test_an_error_of_the_harness_is_put_down_to_nobody():
    with pytest.raises(LookupError, match="no regressor 'region', only exposure") as caught:
        ordinary_panel().column("region")
    # This file has hooks of its own.
    assert faulty_member(caught.value.with_traceback(caught.value.__traceback__.tb_next)) == ""
    # Its own readers come through the hook of a plugin's.
    with pytest.raises(AttributeError) as caught:
        read_source(None, PARQUET)
    assert faulty_member(caught.value.with_traceback(caught.value.__traceback__.tb_next)) == ""


# By name: the code of a module, and why it cannot be imported.
MODULES = {
    "ends": ("import os\nos._exit(3)\n", "its import ended the process, with exit code 3"),
    "ends_well": ("import os\nos._exit(0)\n", "its import ended the process, with exit code 0"),
    "is_killed": (
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
        "its import ended the process, by SIGKILL",
    ),
    "sleeps": ("import time\ntime.sleep(600)\n", "its import did not come to an end within 1 s"),
    "counts": ("while True: pass\n", "its import did not come to an end within 1 s"),
    "is_well": ("x = 1\n", ""),
    "raises": ("raise SystemExit(3)\n", ""),
    "speaks": ("import os\nos.write(1, b'noise' * 100_000)\n", ""),
    "leaves_a_thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n",
        "",
    ),
    "forks": ("import os\nos.fork()\n", ""),
}
ENDLESS = {"sleeps", "counts"}


@pytest.fixture
def path(tmp_path):
    for name, (code, _) in MODULES.items():
        (tmp_path / f"{name}.py").write_text(code)
    return [*sys.path, str(tmp_path)]


def test_each_is_named_with_what_its_import_does_and_the_others_are_not(path):
    # However long a busy machine takes to start all the others.
    for longest, names in ((1.0, ENDLESS), (60.0, MODULES.keys() - ENDLESS)):
        found = deadly_imports(sorted(names), path=path, longest=longest)
        assert found == {name: MODULES[name][1] for name in names if MODULES[name][1]}


def test_there_is_nothing_to_try_where_there_are_no_plugins_of_others(path, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", None)
    assert deadly_imports([], path=path) == {}

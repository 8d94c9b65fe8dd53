"""Plugins are discovered and checked before anything uses them, the broken ones included."""

from __future__ import annotations

import builtins
import os
import random
import signal
import sys
import types
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pluggy
import pytest
from pydantic_core import PydanticCustomError

from harness import PluginError
from harness.conformance.panels import ordinary_panel
from harness.data.panel import Panel
from harness.data.read.columnar import PARQUET
from harness.data.read.files import read_source
from harness.data.read.source import READER
from harness.estimators.guard import attempt
from harness.estimators.protocol import ESTIMATOR
from harness.evaluation import losses
from harness.evaluation.protocol import PROTOCOL, InSample
from harness.installed import KINDS, installed, registry_of
from harness.plugin import NestedEstimator, ResultTable, hookimpl
from harness.registry.catalog import build_choice
from harness.registry.choice import PluginChoice, requested_by_environment
from harness.registry.hooks import SEAM_VERSION
from harness.registry.plugin import PluginSource, collect, faulty_member, load_plugin
from harness.registry.process_state import remembered_state
from harness.registry.registry import deadly_imports, libraries_of
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
    assert set(registry.of(ESTIMATOR)) == {"best_simple", "mean_for_tests", "wrapped_for_tests"}


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
    assert set(registry.of(ESTIMATOR)) == {"best_simple"}
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


def fit(self, panel, *, rng, selection=None):
    return self


def estimator(*, frozen=True, **members):
    body = {"name": "mine", "provides": frozenset(), "fit": fit, **members}
    made = type("Mine", (), {name: value for name, value in body.items() if value is not None})
    return dataclass(frozen=frozen)(made)


def scenario(table):
    """Return a scenario that has all that is asked, and one table."""
    asked = dict.fromkeys(("describe", "answer", "notes", "quick"), fit)
    return estimator(**asked, tables=(table,), data_tables=(), columns=(), about={})


def plugin(**members):
    return types.SimpleNamespace(**members)


def offering(*offered, hook="harness_estimators"):
    def implementation():
        return list(offered)

    implementation.__name__ = hook
    return plugin(**{hook: hookimpl(implementation)})


@dataclass(frozen=True)
class Unreadable:
    """An option of a type that does not exist."""

    name: ClassVar[str] = "unreadable"
    provides: ClassVar[frozenset[type]] = frozenset()
    depth: NoSuchType = 1  # noqa: F821 - the fault under test

    fit = fit


DATA = {"name": "towns", "title": "Towns", "source": "made up", "load": lambda: None}

REFUSED = {
    "an object": (offering(estimator()()), "is no class: offer the estimator's class itself"),
    "not frozen": (offering(estimator(frozen=False)), "Mine is no frozen dataclass"),
    "a name no spec can write": (offering(estimator(name="k-NN")), "Mine has the name 'k-NN'"),
    "no fit": (offering(estimator(fit=None)), "Mine has no method `fit`"),
    "one name twice": (offering(estimator(), estimator()), "returns two of the name 'mine'"),
    "nothing": (offering(), "offers nothing"),
    "a class for a list": (
        plugin(harness_estimators=hookimpl(lambda: estimator())),
        "harness_estimators returns <class",
    ),
    "no hook": (plugin(), "implements no hook"),
    "no marker": (plugin(harness_estimators=lambda: ()), "harness_estimators is not marked"),
    "misspelt hook": (offering(hook="harness_estimater"), "no hook 'harness_estimater': did you mean"),
    "half a protocol": (offering(estimator(), hook="harness_protocols"), "Mine has no method `split`"),
    "a dataset without a source": (
        offering(plugin(name="towns", title="Towns", load=lambda: None), hook="harness_datasets"),
        "SimpleNamespace has no `source`",
    ),
    "a class of datasets": (offering(type("Towns", (), DATA), hook="harness_datasets"), "is a class"),
    "a table of the harness's own": (
        offering(
            scenario(ResultTable("gain", ("mine",), ("mine",), "another gain")), hook="harness_scenarios"
        ),
        "Mine declares a table 'gain', which the harness has already: give it another name",
    ),
    "a regression nobody knows": (
        offering(estimator(linear_model="ridge")),
        "none of pooled, within, random",
    ),
    "a ladder in words": (
        offering(estimator(ladder=("top",))),
        "`ladder` that is no tuple of harness.plugin.LadderEntry",
    ),
    "a newer seam": (
        plugin(harness_seam=SEAM_VERSION + 1),
        f"needs seam {SEAM_VERSION + 1}, this harness has {SEAM_VERSION}: upgrade panel-harness",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_refused_with_the_reason(case):
    offered, reason = REFUSED[case]
    with pytest.raises(PluginError) as error:
        collect(offered, KINDS)
    assert reason in error.value.what


def test_what_can_be_used_is_offered_by_name():
    mine, towns = estimator(), plugin(**DATA)
    whole = plugin(
        harness_seam=SEAM_VERSION,
        harness_estimators=hookimpl(lambda: (mine,)),
        harness_datasets=hookimpl(lambda: iter([towns])),
    )
    offer = collect(whole, KINDS)
    assert offer == {"estimator": {"mine": mine}, "dataset": {"towns": towns}}


def test_a_hook_asks_for_nothing():
    with pytest.raises(pluggy.PluginValidationError, match="panel"):
        collect(plugin(harness_estimators=hookimpl(lambda panel: [panel])), KINDS)


def talking(offered):
    """Return the source of a plugin that talks when it is loaded."""

    def load():
        sys.stdout.write("a plugin that talks\n")
        return offered

    return PluginSource("mine", "mine", "1", "mine", "mine", load)


def test_options_of_no_type_are_refused_with_the_reason():
    loaded = load_plugin(talking(offering(Unreadable)), KINDS, before=())
    assert loaded.broken.startswith("estimator Unreadable has options that cannot be read: ")
    assert not loaded.contributions


def test_what_the_harness_offers_no_plugin_can(capsys):
    own = registry_of(()).plugins[0]
    loaded = load_plugin(talking(offering(InSample, hook="harness_protocols")), KINDS, before=(own,))
    assert "protocols whose names are taken: in_sample (of harness)" in loaded.broken
    assert loaded.contributions == {}
    assert capsys.readouterr() == ("", "a plugin that talks\n")


STATES = {
    "folder": (os.getcwd, lambda: os.chdir("/")),
    "output": (lambda: sys.stdout, lambda: setattr(sys, "stdout", None)),
    "errors": (lambda: sys.stderr, lambda: setattr(sys, "stderr", sys.__stdout__)),
    "Ctrl-C": (
        lambda: signal.getsignal(signal.SIGINT),
        lambda: signal.signal(signal.SIGINT, lambda *_: None),
    ),
    "SIGTERM": (
        lambda: signal.getsignal(signal.SIGTERM),
        lambda: signal.signal(signal.SIGTERM, lambda *_: None),
    ),
    "errors of numpy": (np.geterr, lambda: np.seterr(all="raise")),
    "print of numpy": (np.get_printoptions, lambda: np.set_printoptions(precision=1)),
    "numpy's generator": (
        lambda: np.random.get_state()[1].tolist(),  # noqa: NPY002 - the state in question
        lambda: np.random.seed(1),  # noqa: NPY002 - what moves it
    ),
    "Python's generator": (random.getstate, lambda: random.seed(1)),
    "depth": (sys.getrecursionlimit, lambda: sys.setrecursionlimit(5000)),
}

FUNCTIONS = {
    "numpy.mean": (np, "mean"),
    "DataFrame.merge": (pd.DataFrame, "merge"),
    "builtins.sorted": (builtins, "sorted"),
    "harness.evaluation.losses.squared_error": (losses, "squared_error"),
    "Panel.n_obs": (Panel, "n_obs"),
}


@pytest.mark.parametrize(("look", "change"), STATES.values(), ids=STATES)
def test_a_state_is_put_back(look, change):
    before, put_back = look(), remembered_state()
    change()
    assert look() != before
    assert put_back() == ()
    assert look() == before


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_was_exchanged_is_put_back_and_named(name):
    owner, attribute = FUNCTIONS[name]
    own, put_back = getattr(owner, attribute), remembered_state()
    setattr(owner, attribute, lambda *_, **__: 0)
    assert put_back() == (name,)
    assert getattr(owner, attribute) is own


def test_one_that_was_removed_too():
    put_back, own = remembered_state(), np.median
    del np.median
    assert put_back() == ("numpy.median",)
    assert np.median is own


def test_a_name_that_is_new_in_a_class_of_the_harness_goes():
    put_back = remembered_state()
    Panel.observed = property(lambda own: np.zeros(own.n_obs))
    assert put_back() == ("Panel.observed",)
    assert "observed" not in vars(Panel)


def test_a_name_that_is_new_in_a_module_stays():
    put_back = remembered_state()
    losses.new = len
    try:
        assert put_back() == ()
        assert losses.new is len
    finally:
        del losses.new


def chosen(name, **options):
    return build_choice(installed().catalogs, "estimator", name, options)


NETWORKS = {"torch", "minisom", "harness_neural.batch.training"}


def test_what_fits_of_a_study_load_is_told_by_the_plugins_it_chooses_from_and_by_no_others():
    assert set(libraries_of([chosen("splines"), chosen("boosting")])) == {"sklearn.ensemble"}
    assert set(libraries_of([chosen("splines"), chosen("mlp"), chosen("som_ann")])) == NETWORKS


def test_an_estimator_within_another_counts():
    assert set(libraries_of([chosen("rab", base={"use": "mlp"})])) == NETWORKS

"""What a plugin offers is checked before anything uses it."""

from __future__ import annotations

import builtins
import os
import random
import signal
import sys
import types
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pluggy
import pytest

from harness import PluginError
from harness.evaluation import losses
from harness.evaluation.protocol import InSample
from harness.installed import KINDS, installed, registry_of
from harness.plugin import ResultTable, hookimpl
from harness.registry.catalog import build_choice
from harness.registry.hooks import SEAM_VERSION
from harness.registry.plugin import PluginSource, collect, load_plugin
from harness.registry.process_state import remembered_state
from harness.registry.registry import libraries_of


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
    "options of no type": (offering(Unreadable), "Unreadable has options that cannot be read"),
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


@pytest.mark.parametrize(
    ("offered", "reason"),
    [
        (
            offering(InSample, hook="harness_protocols"),
            "protocols whose names are taken: in_sample (of harness)",
        ),
        (
            offering(plugin(**{**DATA, "name": "grunfeld"}), hook="harness_datasets"),
            "datasets whose names are taken: grunfeld (of harness)",
        ),
    ],
    ids=["protocol", "dataset"],
)
def test_what_the_harness_offers_no_plugin_can(offered, reason, capsys):
    own = registry_of(()).plugins[0]
    loaded = load_plugin(talking(offered), KINDS, before=(own,))
    assert reason in loaded.broken
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
        lambda: np.random.get_state()[1].tolist(),  # noqa: NPY002
        lambda: np.random.seed(1),  # noqa: NPY002
    ),
    "Python's generator": (random.getstate, lambda: random.seed(1)),
    "depth": (sys.getrecursionlimit, lambda: sys.setrecursionlimit(5000)),
}

FUNCTIONS = {
    "numpy.mean": (np, "mean"),
    "numpy.linalg.solve": (np.linalg, "solve"),
    "pandas.concat": (pd, "concat"),
    "DataFrame.merge": (pd.DataFrame, "merge"),
    "builtins.sorted": (builtins, "sorted"),
    "harness.evaluation.losses.squared_error": (losses, "squared_error"),
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


def test_a_name_that_is_new_stays():
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

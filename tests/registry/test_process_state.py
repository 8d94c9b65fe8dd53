"""What code of a plugin changes of its process is put back, and what it exchanged is named."""

from __future__ import annotations

import builtins
import os
import random
import signal
import sys

import numpy as np
import pandas as pd
import pytest

from harness.evaluation import losses
from harness.registry.process_state import remembered_state

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

"""An estimator that does what no plugin should, for the tests."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from harness import Panel
from harness.estimators import guard
from harness.plugin import HasCoefficients, HasDetails, HasNotes, HasResultRows, Note, hookimpl

harness_seam = 1


class Worst(BaseException):
    """No class that a handler of errors expects."""


def broken(fault):
    """Do what a fault is named after, or return."""
    match fault:
        case "base exception":
            raise Worst("worst")
        case "endless":
            raise ValueError("word " * 2_000_000)
        case "control":
            raise ValueError("a\rb\x1b[2Jc\x00d\ud800e")
        case "recursion":
            broken(fault)
        case "abort":
            os.abort()
        case "interrupt":
            raise KeyboardInterrupt
        case "much memory":
            np.empty(2**28)
        case "patch":
            np.mean = len
        case "carriers":
            zipfile.ZipFile.writestr = lambda *_: None
            json.dumps, os.replace = str, print
            Path.open = Path.read_bytes = lambda *_: None
        case "constant":
            guard.MOST = 0.0
        case "fork":
            os.fork()
        case "noise":
            os.write(1, b"noise\n")


class Fit:
    """Predicts the mean, and breaks where it is asked for the rest."""

    def __init__(self, panel, fault, at):
        self.mean, self.fault, self.at = panel.observed.mean(), fault, at

    def predict(self, panel: Panel):
        if self.fault == "not finite":
            return np.full(panel.n_obs, np.nan)
        if self.fault == "huge":
            return np.where(np.arange(panel.n_obs) % 3, self.mean, 1e200)
        return np.full(panel.n_obs, self.mean)

    def coefficients(self):
        self._break("coefficients")
        return "not a table" if self.fault == "no table" else None

    def details(self):
        self._break("details")
        return {"mixed": {"a": [1, "b", object()]}} if self.fault == "mixed" else {}

    def result_rows(self):
        self._break("result rows")
        return {"no_such_table": {"a": [1]}} if self.fault == "undeclared" else {}

    @property
    def notes(self):
        self._break("notes")
        return ("said",) if self.fault == "no note" else (Note("W-X", "", "said"),)

    @property
    def draws(self):
        self._break("draws")
        raise AttributeError("draws")  # as if there were none

    def _break(self, place):
        if self.at == place:
            broken(self.fault)


@dataclass(frozen=True)
class Hostile:
    """Breaks in one place.

    Attributes
    ----------
    fault : what it does
    at : where
    """

    name: ClassVar[str] = "hostile"
    provides: ClassVar[frozenset[type]] = frozenset({HasCoefficients, HasDetails, HasNotes, HasResultRows})
    fault: str = "none"
    at: str = "fit"

    def fit(self, panel: Panel, *, rng, selection: Panel | None = None):
        if self.fault == "write to the panel":
            panel.observed[:] = 0.0
        if self.at == "fit":
            broken(self.fault)
        return Fit(panel, self.fault, self.at)


@hookimpl
def harness_estimators():
    return [Hostile]

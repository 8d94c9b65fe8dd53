"""An estimator that computes in few bits says so, and is held to that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from broken.sound import OnlyPredicts, Sound
from harness import PluginError
from harness.conformance import checks_of
from harness.estimators.protocol import ESTIMATOR

ROUNDED = ("outcome_units", "column_units", "row_order")


@dataclass(frozen=True)
class HalfFit:
    """Predictions of eleven bits."""

    inner: OnlyPredicts

    def predict(self, panel):
        return self.inner.predict(panel).astype(np.float16).astype(np.float64)


@dataclass(frozen=True)
class Half(Sound):
    """Computes in half precision."""

    def fit(self, panel, *, rng, selection=None):
        return HalfFit(super().fit(panel, rng=rng))


@dataclass(frozen=True)
class ToldHalf(Half):
    """Says so: eleven bits of an outcome of three to four standard deviations from zero."""

    roundoff: ClassVar[float] = 0.005


def failed(estimator):
    checks = [check for check in checks_of(estimator) if check.rule.name in ROUNDED]
    return [check.rule.name for check in checks if check.verdict().status == "failed"]


def test_rounding_above_what_is_declared_fails():
    assert "outcome_units" in failed(Half())
    assert failed(ToldHalf()) == []


@pytest.mark.parametrize("rounding", [1, 0.5, -0.001, "float32"])
def test_a_rounding_that_excuses_everything_is_refused(rounding):
    with pytest.raises(PluginError, match="`roundoff` that is no number from 0 to"):
        ESTIMATOR.name_of(type("Vague", (Half,), {"roundoff": rounding}))

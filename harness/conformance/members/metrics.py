"""What is asked of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from harness.arrays import Floats
from harness.conformance.law import Law
from harness.conformance.members.case import MemberCase, require_column, require_words, unchanged
from harness.conformance.panels import SEED
from harness.conformance.verdict import Broken
from harness.rng import random_stream

N_OBS = 200


class Losses(Law[MemberCase]):
    """A loss is a number a row, at least zero, and zero where a row is predicted exactly."""

    name: ClassVar[str] = "losses"
    says: ClassVar[str] = "each row has a finite loss, at least zero, and zero where it is predicted exactly"
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, case: MemberCase) -> str:
        """Ask for losses of random predictions, and of exact ones."""
        require_words(case.member, "title", "how")
        observed, predicted = _predictions()
        losses = _losses(case, observed, predicted)
        if not np.isfinite(losses).all() or losses.min() < 0.0:
            raise Broken(f"losses reach from {losses.min():.3g} to {losses.max():.3g}")
        exact = _losses(case, observed, observed)
        if exact.any():
            raise Broken(f"a row that is predicted exactly has the loss {np.abs(exact).max():.3g}")
        if not losses.any():
            raise Broken("no prediction has a loss, so nothing is compared")
        return ""


class RowsAlone(Law[MemberCase]):
    """The loss of a row does not depend on the rows beside it."""

    name: ClassVar[str] = "rows_alone"
    says: ClassVar[str] = "the loss of a row does not depend on the rows beside it, nor on their order"
    needs: ClassVar[tuple[str, ...]] = ("losses",)

    def check(self, case: MemberCase) -> str:
        """Ask for losses of every third row, in the reverse order."""
        observed, predicted = _predictions()
        rows = np.arange(N_OBS)[::-3]
        if not np.allclose(
            _losses(case, observed[rows], predicted[rows]),
            _losses(case, observed, predicted)[rows],
            rtol=1e-12,
        ):
            raise Broken("the loss of a row is another without the rows beside it")
        return ""


def _predictions() -> tuple[Floats, Floats]:
    rng = random_stream(SEED, "losses")
    observed = 3.0 + rng.normal(size=N_OBS)
    return observed, observed + rng.normal(size=N_OBS)


def _losses(case: MemberCase, observed: Floats, predicted: Floats) -> Floats:
    columns = {"observed": observed, "predicted": predicted}
    found = unchanged(columns, lambda given: case.member.loss(given["observed"], given["predicted"]))
    return require_column(found, observed.size, what="the loss")


LAWS: Sequence[Law[MemberCase]] = (Losses(), RowsAlone())

"""What is asked of protocols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from harness.arrays import Ints
from harness.conformance.law import Law
from harness.conformance.members.case import MemberCase, require_words
from harness.conformance.panels import SEED, fresh, ordinary_panel
from harness.conformance.verdict import Broken
from harness.data.panel import Panel
from harness.evaluation.protocol import SAME_ENTITY, SAME_PERIOD, TRAINING_ROWS, Fold, Leak
from harness.rng import random_stream


class ProtocolFolds(Law[MemberCase]):
    """Every fold has rows on both sides, all of them rows of the panel."""

    name: ClassVar[str] = "folds"
    says: ClassVar[str] = "every fold has rows on both sides, each once, and a name of its own"
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, case: MemberCase) -> str:
        """Split the ordinary panel."""
        require_words(case.member, "title", "how", "stream")
        if case.member.prepared_on not in ("train", "all"):
            raise Broken(f"`prepared_on` is {case.member.prepared_on!r}, neither 'train' nor 'all'")
        panel = ordinary_panel()
        folds = _split(case, panel)
        if not folds or not all(isinstance(fold, Fold) for fold in folds):
            raise Broken("split returns no folds: return a tuple of harness.plugin.Fold")
        if len({fold.name for fold in folds}) < len(folds):
            raise Broken("two folds have the same name")
        for fold in folds:
            sides = {"train": fold.train, "test": fold.test}
            sides |= {} if fold.selection is None else {"selection": fold.selection}
            for side, rows in sides.items():
                if rows.size == 0 or rows.min() < 0 or rows.max() >= panel.n_obs:
                    raise Broken(f"fold {fold.name}: the {side} rows are none, or not rows of the panel")
                if np.unique(rows).size < rows.size:
                    raise Broken(f"fold {fold.name}: the {side} rows name a row twice")
        return f"{len(folds)} folds"


class LeaksTold(Law[MemberCase]):
    """What the sides of a fold share is declared."""

    name: ClassVar[str] = "leaks_told"
    says: ClassVar[str] = "rows, entities and periods on both sides of a fold are declared among `leaks`"
    needs: ClassVar[tuple[str, ...]] = ("folds",)

    def check(self, case: MemberCase) -> str:
        """Compare the sides of every fold."""
        panel = ordinary_panel()
        declared = {leak.code for leak in case.member.leaks}
        if TRAINING_ROWS.code in declared:
            return "the rows compared on are those trained on"
        for fold in _split(case, panel):
            shared = {
                TRAINING_ROWS: np.arange(panel.n_obs),
                SAME_ENTITY: panel.entity.codes,
                SAME_PERIOD: panel.period,
            }
            for leak, values in shared.items():
                _refuse_shared(fold, values, leak, declared=declared)
        return ""


class Repeatable(Law[MemberCase]):
    """Equal streams give equal folds."""

    name: ClassVar[str] = "repeatable"
    says: ClassVar[str] = "equal streams give equal folds"
    needs: ClassVar[tuple[str, ...]] = ("folds",)

    def check(self, case: MemberCase) -> str:
        """Split twice."""
        panel = ordinary_panel()
        for fold, again in zip(_split(case, panel), _split(case, panel), strict=True):
            if not np.array_equal(fold.train, again.train) or not np.array_equal(fold.test, again.test):
                raise Broken(f"fold {fold.name} differs from one call to the next; draw from `rng` alone")
        return ""


class QuickFolds(Law[MemberCase]):
    """``quick`` returns the same protocol with no more folds."""

    name: ClassVar[str] = "quick"
    says: ClassVar[str] = "quick returns the same protocol with no more folds"
    needs: ClassVar[tuple[str, ...]] = ("folds",)

    def check(self, case: MemberCase) -> str:
        """Split by the quick protocol."""
        quick = case.member.quick()
        if type(quick) is not type(case.member):
            raise Broken(f"quick returns a {type(quick).__name__}")
        panel = ordinary_panel()
        n_quick = len(quick.split(fresh(panel), rng=random_stream(SEED, "folds")))
        if n_quick > len(_split(case, panel)):
            raise Broken(f"quick has {n_quick} folds, more than the protocol itself")
        return f"{n_quick} folds"


def _split(case: MemberCase, panel: Panel) -> tuple[Fold, ...]:
    return tuple(case.member.split(fresh(panel), rng=random_stream(SEED, "folds")))


def _refuse_shared(fold: Fold, values: Ints, leak: Leak, *, declared: set[str]) -> None:
    if leak.code not in declared and np.intersect1d(values[fold.train], values[fold.test]).size:
        raise Broken(f"fold {fold.name}: {leak.text}, and `leaks` does not say so")


LAWS: Sequence[Law[MemberCase]] = (ProtocolFolds(), LeaksTold(), Repeatable(), QuickFolds())

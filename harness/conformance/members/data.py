"""What is asked of datasets and of simulated panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.conformance.law import Law
from harness.conformance.members.case import MemberCase, require_column, require_words
from harness.conformance.verdict import Broken, Skipped

if TYPE_CHECKING:
    import pandas as pd


class Loads(Law[MemberCase]):
    """A dataset is a table with rows and columns of different names."""

    name: ClassVar[str] = "loads"
    says: ClassVar[str] = (
        "loading gives a table with rows, and columns of different names, the same each time"
    )
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, case: MemberCase) -> str:
        """Load twice; what is done to one table must not show in the next."""
        require_words(case.member, "title", "source")
        return _two_tables(case.member.load(), case.member.load())


class Drawn(Law[MemberCase]):
    """A simulated panel is the same each time it is drawn."""

    name: ClassVar[str] = "drawn"
    says: ClassVar[str] = (
        "drawing gives a table with rows, and columns of different names, the same each time"
    )
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, case: MemberCase) -> str:
        """Draw twice."""
        require_words(case.member, "title")
        return _two_tables(case.member.draw(), case.member.draw())


class TruthOfSimulation(Law[MemberCase]):
    """The truth of a simulated panel can be asked of any rows."""

    name: ClassVar[str] = "truth"
    says: ClassVar[str] = "an outcome's expected value is known for the rows of the draw, in any order"
    needs: ClassVar[tuple[str, ...]] = ("drawn",)

    def check(self, case: MemberCase) -> str:
        """Ask for every column, and for the same rows in the reverse order."""
        frame = case.member.draw()
        known = []
        for outcome in frame.columns:
            try:
                found = case.member.expected(frame, outcome=outcome)
            except KeyError:
                continue
            truth = require_column(found, len(frame), what=f"the truth of '{outcome}'")
            turned = np.asarray(case.member.expected(frame[::-1], outcome=outcome))
            if not np.allclose(turned[::-1], truth, rtol=1e-12) or not np.isfinite(truth).all():
                raise Broken(f"the truth of '{outcome}' depends on the order of the rows, or is not finite")
            known.append(str(outcome))
        if not known:
            raise Skipped("no column of the draw has a truth; outcomes are prepared from them")
        return ", ".join(known)


def _two_tables(first: pd.DataFrame, second: pd.DataFrame) -> str:
    import pandas as pd

    if not isinstance(first, pd.DataFrame):
        raise Broken(f"gives a {type(first).__name__}, not a pandas DataFrame")
    if first.empty or not first.columns.is_unique:
        raise Broken("the table has no rows, no columns, or two columns of one name")
    if not first.equals(second):
        raise Broken("the table differs from one call to the next")
    return f"{len(first)} rows, {len(first.columns)} columns"


DATASET_LAWS: Sequence[Law[MemberCase]] = (Loads(),)
SIMULATION_LAWS: Sequence[Law[MemberCase]] = (Drawn(), TruthOfSimulation())

"""Names of entities and periods carry no information."""

from __future__ import annotations

from typing import ClassVar

from harness.conformance.agreement import require_agreement
from harness.conformance.case import Case
from harness.conformance.law import Law
from harness.conformance.relabel import renamed, reordered


class Renamed(Law[Case]):
    """Other names of entities and periods change nothing."""

    name: ClassVar[str] = "renamed"
    says: ClassVar[str] = "other names of entities and periods, and later periods, change nothing"

    def check(self, case: Case) -> str:
        """Give new names that sort as the old ones do."""
        found = case.predicted(renamed(case.panel))
        return require_agreement(found, case.predictions, case=case, what="under new names")


class Reordered(Law[Case]):
    """Names of entities that sort in another order change nothing."""

    name: ClassVar[str] = "reordered"
    says: ClassVar[str] = "names of entities that sort in another order change nothing"

    def check(self, case: Case) -> str:
        """Give names that sort in the reverse order."""
        found = case.predicted(reordered(case.panel))
        return require_agreement(found, case.predictions, case=case, what="under names in reverse order")

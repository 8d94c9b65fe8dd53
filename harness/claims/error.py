"""Claims of a mean squared error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from harness.claims.kind import ClaimKind, RunTables
from harness.claims.run_value import RunValue, number_in
from harness.spec.claim import ErrorClaim
from harness.tables import ACCURACY, ResultTable


class ErrorKind(ClaimKind[ErrorClaim]):
    """A mean squared error, under one protocol on one sample."""

    claim: ClassVar[type[ErrorClaim]] = ErrorClaim
    source: ClassVar[ResultTable] = ACCURACY

    def describe(self, claim: ErrorClaim) -> str:
        """Return what the number is."""
        return "mean squared error"

    def look_up(self, claim: ErrorClaim, run: RunTables) -> RunValue:
        """Return the error of this run."""
        keys = {"protocol": claim.protocol or run.first_protocol, "sample": claim.sample}
        return number_in(run.rows(ACCURACY, claim, keys), "mse")

    def keys(self, claim: ErrorClaim, run: RunTables) -> Mapping[str, Any]:
        """Return what is claimed, the protocol named."""
        return {**super().keys(claim, run), "protocol": claim.protocol or run.first_protocol}

"""The quick form of an estimator is an estimator."""

from __future__ import annotations

from typing import ClassVar

from harness.conformance.case import Case
from harness.conformance.law import Law
from harness.conformance.laws.capabilities import ABLE, not_declared
from harness.conformance.verdict import Broken
from harness.estimators.guard import predict
from harness.estimators.protocol import CanRunQuick


class Quick(Law):
    """`quick` returns another estimator of the same kind, which fits as well."""

    name: ClassVar[str] = "quick"
    says: ClassVar[str] = "quick returns an estimator of the same class, which fits, and changes nothing"
    needs: ClassVar[tuple[str, ...]] = ABLE

    def check(self, case: Case) -> str:
        """Ask for the quick form, and fit it."""
        if not isinstance(case.estimator, CanRunQuick):
            raise not_declared(CanRunQuick)
        before = repr(case.estimator)
        quick = case.estimator.quick()
        if type(quick) is not type(case.estimator):
            raise Broken(f"quick returns a {type(quick).__name__}")
        if repr(case.estimator) != before:
            raise Broken("quick changes the estimator it is asked of; return dataclasses.replace(self, ...)")
        predict(Case(quick).fit, case.panel)
        return str(quick)

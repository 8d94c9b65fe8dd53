"""An ordinary panel can be fitted."""

from __future__ import annotations

from typing import ClassVar

from harness.conformance.case import Case
from harness.conformance.law import Law
from harness.conformance.verdict import Broken
from harness.errors import EstimationError
from harness.estimators.guard import in_one_line


class Fits(Law[Case]):
    """An ordinary panel is fitted, by itself and with rows to select on."""

    name: ClassVar[str] = "fits"
    says: ClassVar[str] = "an ordinary panel is fitted, with and without rows to select on"
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, case: Case) -> str:
        """Fit both ways; what comes back predicts."""
        try:
            fits = (case.fit, case.fitted(case.train, selection=case.aside))
        except EstimationError as error:
            raise Broken(f"refuses the ordinary panel: {in_one_line(error.problems[0])}") from error
        for fit in fits:
            if not callable(getattr(fit, "predict", None)):
                raise Broken(f"fit returns a {type(fit).__name__}, which has no predict")
        return ""

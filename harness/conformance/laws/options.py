"""Options are frozen, and a fit leaves them alone."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from harness.conformance.case import Case
from harness.conformance.law import SOUND, Law
from harness.conformance.verdict import Broken
from harness.estimators.draws import CanFitDraws
from harness.estimators.protocol import ESTIMATOR


class OptionsFrozen(Law[Case]):
    """An estimator is a frozen dataclass of options that cannot change either."""

    name: ClassVar[str] = "options_frozen"
    says: ClassVar[str] = "an estimator is a frozen dataclass whose options cannot change"
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, case: Case) -> str:
        """Ask what discovery asks of the class, and hash the options, which a list or dict prevents."""
        ESTIMATOR.name_of(type(case.estimator))
        try:
            hash(case.estimator)
        except TypeError as error:
            raise Broken(f"an option can change: {error}; use a tuple or a frozen dataclass") from error
        return ""


class OptionsUntouched(Law[Case]):
    """Fitting changes no option."""

    name: ClassVar[str] = "options_untouched"
    says: ClassVar[str] = "fitting changes no option"
    needs: ClassVar[tuple[str, ...]] = (*SOUND, "options_frozen")

    def check(self, case: Case) -> str:
        """Fit, fit draws if it can, and compare the options with what they were before all fits."""
        case.fitted(case.panel)
        if CanFitDraws in case.estimator.provides:
            case.drawn(case.panel, np.ones((2, case.panel.n_obs)))
        if repr(case.estimator) != case.given:
            raise Broken(f"{case.given} is {case.estimator!r} after a fit")
        return ""

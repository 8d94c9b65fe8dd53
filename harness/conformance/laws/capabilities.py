"""What an estimator declares is there, and what is there is declared."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from harness.conformance.case import Case
from harness.conformance.law import SOUND, Law
from harness.conformance.verdict import Broken, Skipped
from harness.estimators.draws import CanFitDraws, CanPrepareDraws, DrawsMaySelect, FitsByDraws, HasDraws
from harness.estimators.protocol import (
    CanFitFolds,
    CanFitOutcomes,
    CanLearnNuisances,
    CanLearnWithin,
    CanProfile,
    CanRunQuick,
    ComparesCandidates,
    HasCoefficients,
    HasDetails,
    HasEffects,
    HasNotes,
    HasResultRows,
    NeedsGroups,
    SelectsRows,
)

OF_ESTIMATORS: tuple[type, ...] = (
    CanFitDraws,
    CanFitFolds,
    CanFitOutcomes,
    CanLearnNuisances,
    CanLearnWithin,
    CanPrepareDraws,
    CanRunQuick,
    ComparesCandidates,
    DrawsMaySelect,
    FitsByDraws,
    NeedsGroups,
    SelectsRows,
)
OF_FITS: tuple[type, ...] = (HasCoefficients, HasDetails, HasDraws, HasEffects, HasNotes, HasResultRows)
OF_FITS_OR_DRAWS: tuple[type, ...] = (CanProfile,)


class Capabilities(Law[Case]):
    """`provides` lists what is there, neither more nor less."""

    name: ClassVar[str] = "capabilities"
    says: ClassVar[str] = "`provides` lists what the estimator and its fits have, neither more nor less"

    def check(self, case: Case) -> str:
        """Compare the list with the members that are there."""
        known = {*OF_ESTIMATORS, *OF_FITS, *OF_FITS_OR_DRAWS}
        declared = case.estimator.provides
        if unknown := [str(capability) for capability in declared if capability not in known]:
            raise Broken(f"declares what the harness does not know: {', '.join(sorted(unknown))}")
        offered = {capability for capability in known if _is_offered(case, capability)}
        for capabilities, what in (
            (declared - offered, "declares what it does not have"),
            (offered - declared, "has what it does not declare"),
        ):
            if capabilities:
                raise Broken(
                    f"{what}: {', '.join(sorted(capability.__name__ for capability in capabilities))}"
                )
        return ", ".join(sorted(capability.__name__ for capability in declared))


def _is_offered(case: Case, capability: type) -> bool:
    if capability in OF_ESTIMATORS:
        return isinstance(case.estimator, capability)
    if isinstance(case.fit, capability):
        return True
    if capability in OF_FITS or CanFitDraws not in case.estimator.provides:
        return False
    return isinstance(case.drawn(case.panel, np.ones((2, case.panel.n_obs))), capability)


def not_declared(capability: type) -> Skipped:
    """Return the reason for which a law about a capability is not asked."""
    return Skipped(f"{capability.__name__} is not declared")


ABLE = (*SOUND, Capabilities.name)
"""What laws about a capability need; then one that is there is one that is declared."""

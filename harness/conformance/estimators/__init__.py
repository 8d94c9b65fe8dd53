"""The rules of estimators, in the order in which they are asked: a rule stands after those it needs."""

from harness.conformance.estimators import (
    capabilities,
    draws,
    levels,
    poor_panels,
    predictions,
    symmetry,
    tables,
    truths,
)

ESTIMATOR_RULES = (
    *predictions.RULES,
    *symmetry.RULES,
    *capabilities.RULES,
    *draws.RULES,
    *tables.RULES,
    *levels.RULES,
    *poor_panels.RULES,
    *truths.RULES,
)

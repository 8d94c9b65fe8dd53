"""Tests of random against fixed effects."""

from __future__ import annotations

import numpy as np

from harness.plugin import CoefficientTable, EstimationError, Panel, Problem
from harness.plugin.reporting import marked
from harness_panel.diagnostics.diagnostic import Diagnostic
from harness_panel.diagnostics.effects import is_definite, wald
from harness_panel.resampling.entity_means import MEAN
from harness_panel.resampling.random_equation import random_equation
from harness_panel.resampling.regression import regress

_NULL = marked("entity effects are independent of the columns")


def hausman(panel: Panel) -> Diagnostic:
    """Test by the distance of the random-effects slopes from those within, classical covariances.

    Where the difference of the two covariances is not positive definite the statistic is the size of the
    quadratic form, as plm has it, and the result carries a caution, since no distribution stands behind it.

    Raises
    ------
    EstimationError
        Where either cannot be estimated, or they share no column.
    """
    within = regress(panel, ("entity",))
    random = random_equation(panel).regression()
    common = [term for term in within.terms if term in random.terms]
    own, other = ([fit.terms.index(term) for term in common] for fit in (within, random))
    gap = within.estimate[own] - random.estimate[other]
    spread = (
        within.classical_covariance()[np.ix_(own, own)] - random.classical_covariance()[np.ix_(other, other)]
    )
    if not common:
        raise EstimationError(Problem("hausman", "random effects and fixed effects share no column"))
    caution = "the difference of the two covariances is not positive definite; prefer the test mundlak"
    return Diagnostic(
        name="hausman",
        null=_NULL,
        statistic=abs(float(gap @ np.linalg.solve(spread, gap))),
        distribution="chi2",
        df=(len(common),),
        source="Hausman 1978; plm's phtest",
        caution="" if is_definite(spread) else caution,
    )


def means_test(table: CoefficientTable) -> Diagnostic:
    """Test that the entity means of a table have no slopes.

    Raises
    ------
    EstimationError
        Where there are none, or their covariance is singular.
    """
    at = [position for position, term in enumerate(table.terms) if term.endswith(MEAN)]
    statistic = wald(table, at)
    return Diagnostic(
        name="mundlak",
        null=_NULL,
        statistic=statistic,
        distribution="chi2",
        df=(len(at),),
        source=f"Mundlak 1978; Wald test of entity means, covariance {table.correction.kind}",
    )

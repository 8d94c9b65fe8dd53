"""Draws: as many as there are weights, in which a weight counts how often a row is there, in any blocks."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np

from harness.arrays import Floats
from harness.conformance.case import FIRST, SLACK, STREAMS, Case, gap, require_agreement, require_equal
from harness.conformance.check import Rules, Violation
from harness.conformance.estimators.capabilities import ABLE, not_declared
from harness.conformance.panels import SEED, fresh
from harness.data.panel import Panel
from harness.estimators.draws import CanFitDraws, CanPrepareDraws, FitsByDraws, HasDraws
from harness.estimators.guard import predict, predict_draws
from harness.evaluation.resample import draw_weights, out_of_bag
from harness.rng import random_stream, stream_at

RULES = Rules(needs=ABLE)

N_DRAWS = 3

HEAVY = 4
"""Weight of the entities that count more than the others."""


@RULES.add()
def draws(case: Case) -> None:
    """Check that fit_draws returns one fit a draw, whose predictions are finite.

    Fit bootstrap draws in each way and predict the rows they share.
    """
    if not isinstance(case.estimator, CanFitDraws):
        raise not_declared(CanFitDraws)
    weights = draw_weights(case.panel, N_DRAWS, unit="entity", rng=random_stream(SEED, "weights"))
    for selection in (out_of_bag(weights), case.aside, None):
        predicted = case.predicted_draws(case.panel, weights, selection=selection)
        if len(predicted) != N_DRAWS:
            raise Violation(f"{N_DRAWS} draws of weights were fitted, and {len(predicted)} predict")


@RULES.add(needs=(*ABLE, "draws"))
def unit_weights(case: Case) -> str:
    """Check that draws in which every row counts once equal the fit.

    Fit two such draws.
    """
    predicted = case.predicted_draws(case.panel, np.ones((2, case.panel.n_obs)))
    found = [
        require_agreement(draw, case.predictions, case=case, what="a draw of unit weights and the fit")
        for draw in predicted
    ]
    return found[-1]


@RULES.add(needs=(*ABLE, "draws"))
def zero_weights(case: Case) -> str:
    """Check that rows of weight zero are as good as absent where their levels have others.

    Give a quarter of the rows other numbers and no weight, and leave them out.

    Every entity and period keeps rows that are trained on, since a draw takes levels that it left out
    from any row of theirs.
    """
    panel = case.panel
    rows = np.arange(panel.n_obs)
    is_first = np.isin(rows, np.unique(panel.entity.codes, return_index=True)[1])
    is_absent, is_aside = ((rows % 4 == rest) & ~is_first for rest in (0, 1))
    spoiled = replace(
        panel,
        observed=np.where(is_absent, 100.0 + 3.0 * panel.observed, panel.observed),
        X=np.where(is_absent[:, None], panel.X + 20.0 * panel.X.std(axis=0), panel.X),
    )
    kept = np.flatnonzero(~is_absent)
    counts = 1.0 + draw_weights(panel, 2, unit="row", rng=random_stream(SEED, "zero weights"))
    weights, aside = np.where(is_absent | is_aside, 0.0, counts), np.tile(1.0 * is_aside, (2, 1))

    def without(label: str) -> Floats:
        return case.predicted_draws(
            panel.take(kept), weights[:, kept], selection=aside[:, kept], at=panel, label=label
        )

    found = case.predicted_draws(spoiled, weights, selection=aside, at=panel)
    return require_agreement(found, without, case=case, what="with rows of weight zero and without")


@RULES.add(needs=(*ABLE, "draws", "unit_weights", "zero_weights"))
def heavy_rows(case: Case) -> str:
    """Check that entities of a larger weight count as so many entities.

    Give half of the entities another slope and more weight, and compare with copies of them.

    What a panel of copies cannot have in common with a weighted one, such as knots at its quantiles, is
    allowed for: the draw has to be nearer by half to the fit on copies than the fit without weights is.
    """
    ordinary = case.panel
    is_heavy, is_aside = ordinary.entity.codes % 2 == 0, ordinary.entity.codes % 5 == 0
    steeper = 3.0 * is_heavy * ordinary.column(ordinary.exposure)
    panel = replace(ordinary, observed=ordinary.observed + steeper)
    train, aside = panel.take(np.flatnonzero(~is_aside)), panel.take(np.flatnonzero(is_aside))
    present = np.unique(train.entity.codes)
    copies = train.resample(np.repeat(present, np.where(present % 2 == 0, HEAVY, 1)))

    def fitted(rows: Panel, label: str = FIRST) -> Floats:
        return predict(case.fitted(rows, selection=aside, label=label), panel)

    def apart(found: Floats, label: str = FIRST) -> float:
        return gap(found, fitted(copies, label), scale=float(panel.observed.std()))

    weights = np.where(is_heavy[~is_aside], HEAVY, 1.0)[None]
    (draw,) = case.predicted_draws(train, weights, selection=aside, at=panel)
    off, matter = apart(draw), apart(fitted(train))
    if off > max(case.tight, matter / 2.0):
        on_copies = fitted(copies)
        if off > SLACK * max(apart(on_copies, label) for label in STREAMS):
            raise Violation(
                f"a draw is {off:.2g} standard deviations of the outcome from the fit on copies, from "
                f"which the fit without weights is {matter:.2g}"
            )
    return f"{off:.2g} standard deviations from copies, of {matter:.2g} that the weights move the fit"


@RULES.add()
def own_draws(case: Case) -> str:
    """Check that a fit that carries draws has at least two, whose predictions are finite.

    Predict by the draws of the ordinary fit.
    """
    if not isinstance(case.fit, HasDraws):
        raise not_declared(HasDraws)
    n_draws = len(predict_draws(case.fit.draws, fresh(case.panel)))
    if n_draws < 2:
        raise Violation(f"the fit carries {n_draws} draw")
    return f"{n_draws} draws"


@RULES.add()
def prepared_draws(case: Case) -> str:
    """Check that draws after prepare_draws do not depend on which others there are.

    Make draws together, and the last of them alone by what was sent to another process.
    """
    if not isinstance(case.estimator, CanPrepareDraws):
        raise not_declared(CanPrepareDraws)
    weights = draw_weights(case.panel, N_DRAWS, unit="entity", rng=random_stream(SEED, "weights"))
    asides, root = out_of_bag(weights), random_stream(SEED, FIRST)
    prepared = case.estimator.prepare_draws(fresh(case.panel), selection=None, rng=root)
    together = prepared.fit(
        weights.copy(), selection=asides.copy(), rngs=[stream_at(root, draw) for draw in range(N_DRAWS)]
    )
    last = slice(N_DRAWS - 1, N_DRAWS)
    apart = pickle.loads(pickle.dumps(prepared)).fit(  # noqa: S301 - what was dumped just now
        weights[last].copy(), selection=asides[last].copy(), rngs=[stream_at(root, N_DRAWS - 1)]
    )
    return require_equal(
        predict_draws(apart, fresh(case.panel)),
        predict_draws(together, fresh(case.panel))[last],
        case=case,
        what="a draw made alone",
    )


@RULES.add()
def fit_by_draws(case: Case) -> str:
    """Check that a fit that is a mean of draws is that of draws made in any blocks.

    Make all draws in two blocks, the later one first, and set their mean beside the fit.
    """
    estimator = case.estimator
    if not isinstance(estimator, FitsByDraws):
        raise not_declared(FitsByDraws)
    maker = estimator.prepare(fresh(case.panel), rng=random_stream(SEED, FIRST))
    n_draws, cut = estimator.draws, estimator.draws // 2
    blocks = [maker.draw(draws) for draws in (range(cut, n_draws), range(cut))]
    predicted = np.concatenate([predict_draws(block, fresh(case.panel)) for block in blocks])
    return require_equal(
        predicted.mean(axis=0),
        case.predictions(),
        case=case,
        what=f"the mean of {n_draws} draws in two blocks",
    )

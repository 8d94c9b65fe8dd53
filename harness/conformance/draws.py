"""Draws, in which a weight counts how often a row is there; levels that a fit never saw; and known truths."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from functools import partial

import numpy as np

from harness.arrays import Floats
from harness.conformance.case import FIRST, SLACK, STREAMS, Case, able, gap, require_agreement, require_equal
from harness.conformance.panels import SEED, Skipped, Violation, fresh, linear_panel, refuse, renamed, rule
from harness.conformance.predictions import SOUND
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators import protocol
from harness.estimators.guard import attempt, in_one_line, predict, predict_draws
from harness.evaluation.resample import draw_weights, out_of_bag
from harness.rng import random_stream, stream_at
from harness.scenarios.draws import fit_draws, require_few_refused
from harness.scenarios.grid import mean_predictions
from harness.tables.preparation import Note

# What rules about a capability need; then one that is there is one that is declared.
ABLE = (*SOUND, "capabilities")

# How much larger the squared error of the form for folds may be, as a share, on rows held out.
WORSE = 0.1


@rule("estimator", *SOUND)
def capabilities(case: Case) -> str:
    """Check that `provides` lists what the estimator and its fits have, neither more nor less.

    Compare the list with the members that are there.
    """
    declared = case.estimator.provides
    if unknown := [str(capability) for capability in declared if capability not in protocol.CAPABILITIES]:
        raise Violation(f"declares what the harness does not know: {', '.join(sorted(unknown))}")
    offered = {capability for capability in protocol.CAPABILITIES if _is_offered(case, capability)}
    refuse(declared - offered, f"declares what it does not have: {_names(declared - offered)}")
    refuse(offered - declared, f"has what it does not declare: {_names(offered - declared)}")
    return _names(declared)


def _names(capabilities: set[type] | frozenset[type]) -> str:
    return ", ".join(sorted(capability.__name__ for capability in capabilities))


def _is_offered(case: Case, capability: type) -> bool:
    if capability is not protocol.CanProfile and not capability.__name__.startswith("Has"):
        return isinstance(case.estimator, capability)
    if isinstance(case.fit, capability):
        return True
    if capability is not protocol.CanProfile or protocol.CanFitDraws not in case.estimator.provides:
        return False
    return isinstance(case.drawn(case.panel, np.ones((2, case.panel.n_obs))), capability)


@rule("estimator", *ABLE)
def profile(case: Case) -> str:
    """Check that profile equals the mean of predict over rows with these columns changed.

    Profile one column and two, of the fit and of draws, some points beyond the data.
    """
    if protocol.CanProfile not in case.estimator.provides:
        raise Skipped("CanProfile is not declared")
    models: list[protocol.Fitted | protocol.FittedDraws] = [case.fit]
    if isinstance(case.estimator, protocol.CanFitDraws):
        weights = np.stack([np.ones(case.panel.n_obs), 1.0 + case.panel.entity.codes % 2])
        models.append(case.drawn(case.panel, weights))
    for model in models:
        if isinstance(model, protocol.CanProfile):
            for columns in (case.panel.columns[:1], case.panel.columns[:2]):
                _compare_profile(case, model, model, columns)
    return "equal up to rounding"


def _compare_profile(
    case: Case,
    model: protocol.Fitted | protocol.FittedDraws,
    short_cut: protocol.CanProfile,
    columns: tuple[str, ...],
) -> None:
    panel = case.panel
    spans = np.stack([np.quantile(panel.column(name), [0.1, 0.5, 0.9]) for name in columns], axis=1)
    points = np.concatenate([spans, spans[-1:] + 2.0 * np.ptp(spans, axis=0)])
    at_points = (panel.with_columns(dict(zip(columns, point.tolist(), strict=True))) for point in points)
    expected = np.stack([np.asarray(model.predict(own).mean(axis=-1)) for own in at_points], axis=-1)
    found = np.asarray(short_cut.profile(fresh(panel), columns, points.copy()))
    what = f"profile over {' and '.join(columns)} of shape {found.shape}, against {expected.shape}"
    if found.shape != expected.shape:
        found = np.full_like(expected, np.inf)
    require_equal(found, expected, case=case, what=what)


@rule("estimator", *ABLE)
def outcomes(case: Case) -> str:
    """Check that fit_outcomes fits each outcome as fit does.

    Fit the outcome and its squared deviations together, and each alone.
    """
    estimator = able(case.estimator, protocol.CanFitOutcomes)
    observed = case.panel.observed
    both = np.stack([np.square(observed - observed.mean()), observed])
    rngs = [random_stream(SEED, FIRST) for _ in both]
    fitted = estimator.fit_outcomes(fresh(case.panel), both.copy(), rngs=rngs)
    together = predict_draws(fitted, fresh(case.panel))
    alone = np.stack([case.predicted(replace(case.panel, observed=outcome)) for outcome in both])
    return require_equal(together, alone, case=case, what="outcomes together")


@rule("estimator", *ABLE)
def quick(case: Case) -> str:
    """Check that quick returns an estimator of the same class, which fits, and changes nothing.

    Ask for the quick form, and fit it.
    """
    quick = able(case.estimator, protocol.CanRunQuick).quick()
    return _fitted_copy(case, quick, made_by="quick").given


@rule("estimator", *ABLE)
def nuisances(case: Case) -> str:
    """Check that for_nuisances returns an estimator of the same class, which fits, and changes nothing.

    Ask for the form that learns nuisance functions, and fit it.
    """
    other = able(case.estimator, protocol.CanLearnNuisances).for_nuisances()
    return _fitted_copy(case, other, made_by="for_nuisances").given


@rule("estimator", *ABLE)
def within_entities(case: Case) -> str:
    """Check that within_entities returns an estimator of the same class, whose fits have effects.

    Ask for the form with effects, fit it, and count the rows of entities that it never saw.
    """
    within = able(case.estimator, protocol.CanLearnWithin).within_entities()
    if within is None:
        raise Skipped("within_entities returns None here")
    own, new = _fitted_copy(case, within, made_by="within_entities"), renamed(case.panel)
    fit = own.fit
    if not isinstance(fit, protocol.HasEffects) or fit.n_unseen(new) < new.n_obs:
        raise Violation("fits of within_entities do not count rows of new entities as unseen")
    return own.given


@rule("estimator", *ABLE)
def check_rows(case: Case) -> None:
    """Check that check_rows refuses no rows that fit takes.

    Ask it of the panel.
    """
    checks = able(case.estimator, protocol.ChecksRows).check_rows
    asked = attempt(partial(checks, fresh(case.panel), rng=random_stream(SEED, FIRST)))
    refuse(asked.status != "ok", f"{asked.status}: {asked.reason}")


@rule("estimator", *ABLE)
def folds(case: Case) -> str:
    """Check that for_folds returns an estimator of the same class that predicts as accurately.

    Compare the errors of both forms on entities that neither trains on.
    """
    cheaper = _copy(case, able(case.estimator, protocol.CanFitFolds).for_folds(), made_by="for_folds")
    ratio = _error(cheaper) / _error(case)
    refuse(ratio > 1.0 + WORSE, f"its mean squared error on rows held out is {ratio:.3g} times as large")
    return f"mean squared error on rows held out: {ratio:.3g} times that of the whole"


def _fitted_copy(case: Case, other: object, *, made_by: str) -> Case:
    """Return the other form of an estimator, a copy of the same class, fitted."""
    own = _copy(case, other, made_by=made_by)
    predict(own.fit, case.panel)
    return own


def _copy(case: Case, other: object, *, made_by: str) -> Case:
    if type(other) is not type(case.estimator) or not isinstance(other, protocol.Estimator):
        raise Violation(f"{made_by} returns a {type(other).__name__}")
    if repr(case.estimator) != case.given:
        what = f"{made_by} changes the estimator it is called on; return dataclasses.replace(self, ...)"
        raise Violation(what)
    return Case(other)


def _error(case: Case) -> float:
    """Return the mean squared error on the entities that are not trained on."""
    predicted = case.predicted(case.train, at=case.aside)
    return float(np.mean((predicted - case.aside.observed) ** 2))


# Largest asymmetry, or negative eigenvalue, of a covariance as a share of its largest number.
ROUNDING = 1e-8


@rule("estimator", *ABLE)
def coefficients(case: Case) -> str:
    """Check that the coefficient table is complete, its covariance symmetric and not negative.

    Look at terms, estimates, covariance, limits and p-values.
    """
    table = able(case.fit, protocol.HasCoefficients).coefficients()
    n_coef, covariance = len(table.terms), table.covariance
    if n_coef == 0 or len(set(table.terms)) < n_coef:
        raise Violation(f"terms are missing or repeated: {', '.join(table.terms) or 'none'}")
    shapes = table.estimate.shape, covariance.shape
    if shapes != ((n_coef,), (n_coef, n_coef)):
        raise Violation(f"{n_coef} terms, but estimates and covariance of shapes {shapes[0]} and {shapes[1]}")
    refuse(not np.isfinite(table.estimate).all(), "an estimate is not finite")
    refuse(not np.isfinite(covariance).all(), "the covariance is not finite")
    most = ROUNDING * float(np.abs(covariance).max())
    refuse(np.abs(covariance - covariance.T).max() > most, "the covariance is not symmetric")
    refuse(np.linalg.eigvalsh(covariance).min() < -most, "the covariance has a negative eigenvalue")
    limits, p_values = table.conf_int(0.95), table.p_value
    if limits.shape != (n_coef, 2) or (limits[:, 0] > limits[:, 1]).any():
        raise Violation("confidence limits are not a lower and an upper one for each term")
    if p_values.shape != (n_coef,) or not ((p_values >= 0.0) & (p_values <= 1.0)).all():
        raise Violation("p-values are not numbers between 0 and 1, one for each term")
    refuse(not table.correction.kind, "the covariance has no name: `correction.kind` is empty")
    return f"{n_coef} terms, covariance {table.correction.kind}"


@rule("estimator", *ABLE)
def notes(case: Case) -> str:
    """Check that notes have a code such as W-ABSORBED and a sentence.

    Read the notes of the ordinary fit, and of one whose last control does not vary.
    """
    last = case.panel.columns[-1]
    notes = []
    for fit in (case.fit, case.fitted(case.panel.with_column(last, 1.0))):
        notes += list(able(fit, protocol.HasNotes).notes)
    for note in notes:
        refuse(not isinstance(note, Note), f"a note is a {type(note).__name__}, not a harness.plugin.Note")
        if re.fullmatch(r"W-[A-Z0-9-]+", note.code) is None or not note.message:
            raise Violation(f"this note has no code such as W-ABSORBED, or no words: {note}")
    return ", ".join(sorted({note.code for note in notes})) or "none on an ordinary panel"


@rule("estimator", *ABLE)
def details(case: Case) -> str:
    """Check that tables of a fit have names that can be file names, and columns of one length.

    Read the tables of the ordinary fit.
    """
    tables = able(case.fit, protocol.HasDetails).details()
    for name, columns in tables.items():
        if re.fullmatch(r"[a-z0-9_]{1,64}", name) is None:
            raise Violation(f"the table {name!r} has a name that is not made of a-z, 0-9 and _")
        lengths = {column: len(values) for column, values in columns.items()}
        if len(set(lengths.values())) != 1:
            raise Violation(f"the table {name!r} has columns of different lengths, or none: {lengths}")
        if taken := {"outcome", "estimator"} & set(columns):
            raise Violation(f"the table {name!r} has a column that the harness adds: {', '.join(taken)}")
    return ", ".join(sorted(tables))


N_DRAWS = 3

# Weight of the entities that count more than the others.
HEAVY = 4


@rule("estimator", *ABLE)
def draws(case: Case) -> None:
    """Check that fit_draws returns one fit a draw, whose predictions are finite.

    Fit bootstrap draws in each way and predict the rows they share.
    """
    able(case.estimator, protocol.CanFitDraws)
    weights = draw_weights(case.panel, N_DRAWS, unit="entity", rng=random_stream(SEED, "weights"))
    for selection in (out_of_bag(weights), case.aside, None):
        predicted = case.predicted_draws(case.panel, weights, selection=selection)
        if len(predicted) != N_DRAWS:
            raise Violation(f"{N_DRAWS} draws of weights were fitted, and {len(predicted)} predict")


@rule("estimator", *ABLE, "draws")
def unit_weights(case: Case) -> str:
    """Check that draws in which every row counts once equal the fit.

    Fit two such draws.
    """
    predicted = case.predicted_draws(case.panel, np.ones((2, case.panel.n_obs)))
    what = "a draw of unit weights and the fit"
    return [require_agreement(draw, case.predictions, case=case, what=what) for draw in predicted][-1]


@rule("estimator", *ABLE, "draws")
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


@rule("estimator", *ABLE, "draws", "unit_weights", "zero_weights")
def heavy_rows(case: Case) -> str:
    """Check that entities of a larger weight count as so many entities.

    Give half of the entities another slope and more weight, and compare with copies of them.

    What a panel of copies cannot have in common with a weighted one, such as knots at its quantiles, is
    allowed for: the draw has to be nearer by half to the fit on copies than the fit without weights is.
    """
    ordinary = case.panel
    is_heavy, is_aside = ordinary.entity.codes % 2 == 0, ordinary.entity.codes % 5 == 0
    steeper = 3.0 * is_heavy * ordinary.column(ordinary.exposure)
    panel = case.prepared(replace(ordinary, observed=ordinary.observed + steeper))
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


@rule("estimator", *ABLE)
def own_draws(case: Case) -> str:
    """Check that a fit that carries draws has at least two, whose predictions are finite.

    Predict by the draws of the ordinary fit.
    """
    n_draws = len(predict_draws(able(case.fit, protocol.HasDraws).draws, fresh(case.panel)))
    refuse(n_draws < 2, f"the fit carries {n_draws} draw")
    return f"{n_draws} draws"


@rule("estimator", *ABLE)
def prepared_draws(case: Case) -> str:
    """Check that draws after prepare_draws do not depend on which others there are.

    Make draws together, and the last of them alone by what was sent to another process.
    """
    estimator = able(case.estimator, protocol.CanPrepareDraws)
    weights = draw_weights(case.panel, N_DRAWS, unit="entity", rng=random_stream(SEED, "weights"))
    asides, root = out_of_bag(weights), random_stream(SEED, FIRST)
    prepared = estimator.prepare_draws(fresh(case.panel), selection=None, rng=root)
    together = prepared.fit(
        weights.copy(), selection=asides.copy(), rngs=[stream_at(root, draw) for draw in range(N_DRAWS)]
    )
    last = slice(N_DRAWS - 1, N_DRAWS)
    apart = pickle.loads(pickle.dumps(prepared)).fit(  # noqa: S301 - what was dumped just now
        weights[last].copy(), selection=asides[last].copy(), rngs=[stream_at(root, N_DRAWS - 1)]
    )
    alone, among = (predict_draws(draws, fresh(case.panel)) for draws in (apart, together))
    return require_equal(alone, among[last], case=case, what="a draw made alone")


@rule("estimator", *ABLE)
def fit_by_draws(case: Case) -> str:
    """Check that a fit that is a mean of draws is that of draws made in any blocks.

    Make all draws in two blocks, the later one first, and set their mean beside the fit.
    """
    estimator = able(case.estimator, protocol.FitsByDraws)
    maker = estimator.prepare(fresh(case.panel), rng=random_stream(SEED, FIRST))
    n_draws, cut = estimator.draws, estimator.draws // 2
    blocks = [maker.draw(draws) for draws in (range(cut, n_draws), range(cut))]
    predicted = np.concatenate([predict_draws(block, fresh(case.panel)) for block in blocks])
    what = f"the mean of {n_draws} draws in two blocks"
    return require_equal(predicted.mean(axis=0), case.predictions(), case=case, what=what)


# By how many standard deviations of the outcome an entity rises.
RISE = 3.0

# Share of the rise that predictions follow at least.
LEAST_SHARE = 0.5


@rule("estimator", *SOUND)
def new_levels(case: Case) -> str:
    """Check that rows of new entities and periods are predicted, or refused with EstimationError.

    Predict the rows of the ordinary panel under names and periods of which none is known.
    """
    try:
        predict(case.fit, renamed(case.panel))
    except EstimationError as error:
        return f"refused: {in_one_line(error.problems[0])}"
    return "predicted"


@rule("estimator", *ABLE, "new_levels")
def unseen(case: Case) -> str:
    """Check that n_unseen counts the rows that are predicted without effects of their own.

    Count known rows and rows of new levels; where new names change predictions, some must count.
    """
    fit, new = able(case.fit, protocol.HasEffects), renamed(case.panel)
    n_known, n_new = fit.n_unseen(case.panel), fit.n_unseen(new)
    for count in (n_known, n_new):
        if not isinstance(count, int | np.integer) or not 0 <= count <= case.panel.n_obs:
            raise Violation(f"n_unseen is {count!r}, not a whole number from 0 to {case.panel.n_obs}")
    refuse(n_new < n_known, f"{n_known} rows trained on count as unseen, but of new levels only {n_new}")
    try:
        apart = gap(predict(case.fit, new), case.predictions(), scale=case.scale)
    except EstimationError as error:
        return f"refused: {in_one_line(error.problems[0])}"
    if n_new == 0 and apart > case.tight:
        raise Violation("new entities and periods are predicted in another way, but none is counted")
    return f"{n_new} of {new.n_obs} rows of new levels"


@rule("estimator", *ABLE)
def intervals(case: Case) -> str:
    """Check that prediction intervals of a higher level hold those of a lower one, in any order of the rows.

    Ask for two levels, and for one of them with the rows turned around.
    """
    fit, panel = able(case.fit, protocol.HasIntervals), case.panel
    turned = np.arange(panel.n_obs)[::-1]
    requests = ((fresh(panel), 0.5), (fresh(panel), 0.9), (panel.take(turned), 0.9))
    given = [limits for rows, level in requests if (limits := fit.intervals(rows, level)) is not None]
    if not given:
        raise Skipped("the fit within gives none")
    inner, outer, again = given
    steps = np.stack([outer[0], inner[0], inner[1], outer[1]])
    refuse(
        bool((np.diff(steps, axis=0) < -case.tight * case.scale).any()),
        "limits of 90 % lie within those of 50 %",
    )
    return require_equal(again[:, turned], outer, case=case, what="limits of rows turned around")


@rule("estimator", *ABLE, "draws", "unseen")
def left_out_levels(case: Case) -> str:
    """Check that a draw that leaves an entity out takes its level from the entity's rows.

    Raise the outcome of an entity that draws leave out, and see its predictions follow.

    They need not follow all the way: random effects shrink a level towards the mean.
    """
    panel = case.panel
    if able(case.fit, protocol.HasEffects).n_unseen(replace(panel, entity=renamed(panel).entity)) == 0:
        raise Skipped("entities have no effects")
    is_left_out = panel.entity.codes == panel.entity.codes[0]
    weights = np.where(is_left_out, 0.0, np.ones((2, panel.n_obs)))
    rise = RISE * case.scale
    raised = replace(panel, observed=panel.observed + np.where(is_left_out, rise, 0.0))
    before, after = (
        case.predicted_draws(rows, weights, selection=out_of_bag(weights), at=panel)
        for rows in (panel, raised)
    )
    moved = (after - before)[:, is_left_out].mean(axis=1) / rise
    if moved.min() < LEAST_SHARE:
        raise Violation(
            f"rows of an entity that a draw left out rise by {rise:.3g}, their predictions by "
            f"{moved.min():.2g} of it"
        )
    return f"predictions follow an entity left out by {moved.min():.2g} to {moved.max():.2g} of its rise"


# True effect, outcome units per unit of the exposure; the noise has a standard deviation of 0.4.
EFFECT = 1.0

# How far, as a share of the truth, an effect may be off; a smoother flattens what it smooths.
SHARE = 0.5

# Bands that cover 0.9 of the time cover fewer than 5 of 8 panels once in 200 times.
N_PANELS, N_COVERED, N_BAND_DRAWS = 8, 5, 20


@rule("estimator", *SOUND)
def effect(case: Case) -> str:
    """Check that the effect of the exposure on a simulated panel is found.

    Compare the mean predictions at the quartiles of the exposure with the truth.
    """
    if case.takes == "zero or one":
        raise Skipped("the effect is one on the outcome itself, not on whether it is large")
    panel = case.prepared(linear_panel(EFFECT, label="effect"))
    found = float(_effect(case.fitted(panel), panel))
    if found == 0.0:
        raise Skipped("its predictions do not depend on the exposure")
    refuse(abs(found - EFFECT) > SHARE * EFFECT, f"the effect is {EFFECT:g}, and {found:.3g} was found")
    return f"{found:.3g} found where {EFFECT:g} is true"


@rule("estimator", *SOUND, "new_levels", "zero_weights", "own_draws", is_slow=True)
def bands(case: Case) -> str:
    """Check that bands of the effect cover its true value, zero.

    Resample entities of several panels without any effect, by the way a study would.
    """
    covered = 0
    for at in range(N_PANELS):
        drawn = linear_panel(0.0, label=f"bands:{at}", n_entities=40, n_periods=5)
        panel = case.prepared(drawn)
        effects = _drawn_effects(case, panel)
        if not effects.any():
            raise Skipped("its predictions do not depend on the exposure")
        low, high = np.quantile(effects, [0.025, 0.975])
        covered += int(low <= 0.0 <= high)
    refuse(covered < N_COVERED, f"95 % bands cover the truth on {covered} of {N_PANELS} panels")
    return f"the truth is covered on {covered} of {N_PANELS} panels"


def _drawn_effects(case: Case, panel: Panel) -> Floats:
    """Return the effect in each draw that a fit carries, or that the core would make, (n_draws,).

    Raises
    ------
    Skipped
        Where the draws refuse these rows: what a draw left out is new to it.
    """
    try:
        fit = case.fitted(panel)
        if isinstance(fit, protocol.HasDraws):
            return _effect(fit.draws, panel)
        weights = draw_weights(panel, N_BAND_DRAWS, unit="entity", rng=random_stream(SEED, "bands"))
        rngs = random_stream(SEED, "draws").spawn(len(weights))
        draws = fit_draws(case.estimator, panel, weights=weights, rngs=rngs)
        require_few_refused(draws, len(weights))
        return _effect(draws, panel)
    except EstimationError as error:
        raise Skipped(f"refused: {in_one_line(error.problems[0])}") from error


def _effect(model: protocol.Fitted | protocol.FittedDraws, panel: Panel) -> Floats:
    """Return the change of the mean prediction between the quartiles of the exposure, per unit of it."""
    quartiles = np.quantile(panel.column(panel.exposure), [0.25, 0.75])
    means = mean_predictions(model, panel, columns=(panel.exposure,), points=quartiles[:, None])
    return np.asarray(np.diff(means, axis=-1)[..., 0] / np.diff(quartiles)[0])

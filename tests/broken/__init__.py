"""Estimators that each break one rule of the seam, by the one check that is to find it."""

from __future__ import annotations

from functools import partial

from broken import capable, draws, fits

FAULTS = {
    "options_frozen": [fits.OptionsInAList],
    "fits": [fits.Finicky, fits.WalksOut],
    "predictions": [fits.WrongShape],
    "randomness": [fits.UsesGlobalGenerator, fits.SeedsGlobalGenerator],
    "options_untouched": [fits.ChangesOptions],
    "inputs_unchanged": [fits.MutatesInput, fits.ChangesWeights],
    "row_by_row": [fits.LooksAtTheRowsBeside],
    "row_order": [fits.DependsOnRowOrder],
    "column_order": [fits.DependsOnColumnOrder],
    "renamed": [fits.UsesTheCalendar],
    "reordered": [fits.UsesNames],
    "outcome_units": [fits.UsesTheOutcomesUnit],
    "column_units": [fits.UsesUnits],
    "new_levels": [fits.BreaksOnNewEntities],
    "other_process": [fits.DependsOnTheProcess],
    "capabilities": [capable.ClaimsCoefficients, capable.HidesDraws],
    "draws": [draws.OneDrawTooMany],
    "unit_weights": [draws.DrawsOfAnotherModel],
    "zero_weights": [draws.IgnoresWeights],
    "heavy_rows": [draws.WeightsAreAMask],
    "profile": [capable.WrongProfile],
    "quick": [capable.QuickInPlace],
    "check_rows": [capable.ChecksTooMuch],
    "folds": [capable.WorseInFolds],
    "outcomes": [capable.FirstOutcomeOnly],
    "nuisances": [capable.AnotherForNuisances],
    "within_entities": [capable.WithinNothing],
    "coefficients": [capable.WrongCoefficients],
    "own_draws": [draws.CarriesOneDraw],
    "prepared_draws": [draws.DrawsFromOneStream],
    "fit_by_draws": [draws.BlocksOfAnotherFit],
    "notes": [capable.NotesWithoutCode],
    "details": [capable.RaggedDetails],
    "unseen": [capable.CountsNothing],
    "left_out_levels": [capable.ForgetsLeftOut],
    "collinear_controls": [fits.RefusesWithoutWords],
    **{poor: [partial(fits.BreaksOn, poor)] for poor in fits.POOR},
    "effect": [fits.FindsTooLittle],
    "bands": [fits.FindsWhatIsNotThere],
}

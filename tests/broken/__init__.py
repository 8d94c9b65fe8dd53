"""Estimators that each break one rule of the seam, by the one check that is to find it."""

from __future__ import annotations

from functools import partial

from broken import answers, blocks, capable, draws, handling, symmetry

FAULTS = {
    "options_frozen": [handling.OptionsInAList],
    "fits": [answers.Finicky, answers.WalksOut],
    "predictions": [answers.WrongShape],
    "randomness": [handling.UsesGlobalGenerator, handling.SeedsGlobalGenerator],
    "options_untouched": [handling.ChangesOptions],
    "inputs_unchanged": [handling.MutatesInput, handling.ChangesWeights],
    "row_by_row": [symmetry.LooksAtTheRowsBeside],
    "row_order": [symmetry.DependsOnRowOrder],
    "column_order": [symmetry.DependsOnColumnOrder],
    "renamed": [symmetry.UsesTheCalendar],
    "reordered": [symmetry.UsesNames],
    "outcome_units": [symmetry.UsesTheOutcomesUnit],
    "column_units": [symmetry.UsesUnits],
    "new_levels": [answers.BreaksOnNewEntities],
    "other_process": [handling.DependsOnTheProcess],
    "capabilities": [capable.ClaimsCoefficients, capable.HidesDraws],
    "draws": [draws.OneDrawTooMany],
    "unit_weights": [draws.DrawsOfAnotherModel],
    "zero_weights": [draws.IgnoresWeights],
    "heavy_rows": [draws.WeightsAreAMask],
    "profile": [capable.WrongProfile],
    "quick": [capable.QuickInPlace],
    "folds": [capable.WorseInFolds],
    "outcomes": [capable.FirstOutcomeOnly],
    "nuisances": [capable.AnotherForNuisances],
    "within_entities": [capable.WithinNothing],
    "coefficients": [capable.WrongCoefficients],
    "own_draws": [draws.CarriesOneDraw],
    "prepared_draws": [blocks.DrawsFromOneStream],
    "fit_by_draws": [blocks.BlocksOfAnotherFit],
    "notes": [capable.NotesWithoutCode],
    "details": [capable.RaggedDetails],
    "unseen": [capable.CountsNothing],
    "left_out_levels": [capable.ForgetsLeftOut],
    "collinear_controls": [answers.RefusesWithoutWords],
    **{poor: [partial(answers.BreaksOn, poor)] for poor in answers.POOR},
    "effect": [answers.FindsTooLittle],
    "bands": [answers.FindsWhatIsNotThere],
}

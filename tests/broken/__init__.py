"""Estimators that each break one rule of the seam, by the one check that is to find it."""

from __future__ import annotations

from broken import answers, capable, draws, handling, symmetry

FAULTS = {
    "options_frozen": [handling.OptionsInAList],
    "fits": [answers.Finicky],
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
    "coefficients": [capable.WrongCoefficients],
    "own_draws": [draws.CarriesOneDraw],
    "notes": [capable.NotesWithoutCode],
    "details": [capable.RaggedDetails],
    "unseen": [capable.CountsNothing],
    "one_row": [answers.BreaksOnOneRow],
    "one_entity": [answers.BreaksOnOneEntity],
    "one_period": [answers.BreaksOnOnePeriod],
    "few_rows": [answers.BreaksOnFewRows],
    "constant_outcome": [answers.BreaksOnAConstantOutcome],
    "constant_exposure": [answers.BreaksOnAConstantExposure],
    "collinear_controls": [answers.RefusesWithoutWords],
    "effect": [answers.FindsTooLittle],
    "bands": [answers.FindsWhatIsNotThere],
}

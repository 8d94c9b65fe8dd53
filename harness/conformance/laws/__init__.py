"""The laws, in the order in which they are asked."""

from __future__ import annotations

from harness.conformance.case import Case
from harness.conformance.law import Law
from harness.conformance.laws.blocks import DrawsInAnyCompany, FitOfAnyBlocks
from harness.conformance.laws.capabilities import Capabilities
from harness.conformance.laws.coefficients import Coefficients
from harness.conformance.laws.degenerate import (
    CollinearControls,
    ConstantExposure,
    ConstantOutcome,
    FewRows,
    OneEntity,
    OnePeriod,
    OneRow,
)
from harness.conformance.laws.draws import CarriedDraws, Draws
from harness.conformance.laws.fits import Fits
from harness.conformance.laws.heavy_rows import HeavyRows
from harness.conformance.laws.inputs import InputsUnchanged
from harness.conformance.laws.levels import LeftOutLevels, NewLevels, Unseen
from harness.conformance.laws.notes_and_details import Details, Notes
from harness.conformance.laws.options import OptionsFrozen, OptionsUntouched
from harness.conformance.laws.order import ColumnOrder, RowOrder
from harness.conformance.laws.other_forms import ForNuisances, Quick, QuickInFolds, WithinEntities
from harness.conformance.laws.outcomes import OutcomesTogether
from harness.conformance.laws.predictions import Predictions, RowByRow
from harness.conformance.laws.process import OtherProcess
from harness.conformance.laws.profile import Profile
from harness.conformance.laws.randomness import Randomness
from harness.conformance.laws.relabelling import Renamed, Reordered
from harness.conformance.laws.statistics import Bands, Effect
from harness.conformance.laws.units import ColumnUnits, OutcomeUnits
from harness.conformance.laws.weights import UnitWeights, ZeroWeights

LAWS: tuple[Law[Case], ...] = (
    OptionsFrozen(),
    Fits(),
    Predictions(),
    Randomness(),
    OptionsUntouched(),
    InputsUnchanged(),
    RowByRow(),
    RowOrder(),
    ColumnOrder(),
    Renamed(),
    Reordered(),
    OutcomeUnits(),
    ColumnUnits(),
    NewLevels(),
    OtherProcess(),
    Capabilities(),
    Draws(),
    UnitWeights(),
    ZeroWeights(),
    HeavyRows(),
    Profile(),
    Quick(),
    QuickInFolds(),
    OutcomesTogether(),
    ForNuisances(),
    WithinEntities(),
    Coefficients(),
    CarriedDraws(),
    DrawsInAnyCompany(),
    FitOfAnyBlocks(),
    Notes(),
    Details(),
    Unseen(),
    LeftOutLevels(),
    OneRow(),
    OneEntity(),
    OnePeriod(),
    FewRows(),
    ConstantOutcome(),
    ConstantExposure(),
    CollinearControls(),
    Effect(),
    Bands(),
)
"""A law stands after those it needs."""

"""The preparation steps that come with the harness."""

from __future__ import annotations

from harness.data.prepare.arithmetic import Emissions, Product, Ratio
from harness.data.prepare.category import Dummies, Interaction, Recode, Trends
from harness.data.prepare.classes import Classes
from harness.data.prepare.deflate import Deflate
from harness.data.prepare.elementwise import Indicator, Log, Log1p, Power, Square
from harness.data.prepare.factor_index import FactorIndex
from harness.data.prepare.group_mean import GroupMean
from harness.data.prepare.interpolate import Interpolate
from harness.data.prepare.lag import Difference, Lag, Lead
from harness.data.prepare.linear import Rescale, Standardise
from harness.data.prepare.spatial_lag import SpatialLag
from harness.data.prepare.step import Step, StepGroup
from harness.data.prepare.winsorise import Winsorise
from harness.registry.hooks import hookimpl

_ROW_STEPS = (Log, Log1p, Square, Product, Ratio, Power, Indicator, Emissions, Classes)
_PANEL_STEPS = (Interpolate, Lag, Lead, Difference, Deflate, SpatialLag)
_LEARNED_STEPS = (FactorIndex, Standardise, Rescale, Winsorise)
_TABLE_STEPS = (Dummies, Interaction, Trends, Recode, GroupMean)


@hookimpl
def harness_steps() -> tuple[type[Step | StepGroup], ...]:
    """Return the preparation steps that come with the harness."""
    return (*_ROW_STEPS, *_PANEL_STEPS, *_LEARNED_STEPS, *_TABLE_STEPS)

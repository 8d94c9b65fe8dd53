"""The preparation steps that come with the harness."""

from __future__ import annotations

from harness.data.prepare.factor_index import FactorIndex
from harness.data.prepare.learned_steps import Rescale, Standardise, Winsorise
from harness.data.prepare.panel_steps import Deflate, Difference, Interpolate, Lag, Lead
from harness.data.prepare.row_steps import (
    Classes,
    Emissions,
    Indicator,
    Log,
    Log1p,
    Power,
    Product,
    Ratio,
    Square,
)
from harness.data.prepare.spatial_lag import SpatialLag
from harness.data.prepare.step import Step, StepGroup
from harness.data.prepare.table_steps import Dummies, GroupMean, Interaction, Recode, Trends
from harness.registry.hooks import hookimpl

_ROW_STEPS = (Log, Log1p, Square, Product, Ratio, Power, Indicator, Emissions, Classes)
_PANEL_STEPS = (Interpolate, Lag, Lead, Difference, Deflate, SpatialLag)
_LEARNED_STEPS = (FactorIndex, Standardise, Rescale, Winsorise)
_TABLE_STEPS = (Dummies, Interaction, Trends, Recode, GroupMean)


@hookimpl
def harness_steps() -> tuple[type[Step | StepGroup], ...]:
    """Return the preparation steps that come with the harness."""
    return (*_ROW_STEPS, *_PANEL_STEPS, *_LEARNED_STEPS, *_TABLE_STEPS)

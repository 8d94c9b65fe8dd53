"""Random effects: entities differ by a level that is independent of the columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness import CanFitDraws, Floats, HasCoefficients, HasEffects, HasNotes, Note, Panel
from harness_panel.clustered import Clustered
from harness_panel.covariance import Covariance
from harness_panel.draw_loop import stack_draws
from harness_panel.entity_rows import EntityRows
from harness_panel.fixed_effects import EffectsFit
from harness_panel.levels import LevelEffects, LevelModels
from harness_panel.regression import Regression, regress_weighted
from harness_panel.swamy_arora import (
    VarianceComponents,
    gls_weights,
    predicted_effects,
    quasi_demeaned,
    variance_components,
)
from harness_panel.tabulate import estimates, tabulate
from harness_panel.within_fit import WithinFit, fit_within

"""The names that plugins are written with."""

from harness.arrays import Floats, Ints, Mask, numbered
from harness.data.dataset import Dataset
from harness.data.key import Grouping, Key, rows_in_company
from harness.data.messages import Account
from harness.data.neighbours import Contiguity, Links, great_circle_km, rows_by_period
from harness.data.panel import Panel
from harness.data.prepare.step import Calendar, Column, LearnedStep, PanelStep, RowStep, Step, StepGroup
from harness.data.read.source import FileReader, Reading, Source
from harness.data.roles import Roles
from harness.data.simulate.simulation import Simulation
from harness.errors import (
    ArtifactError,
    DataError,
    EstimationError,
    HarnessError,
    PluginError,
    Problem,
    SpecError,
)
from harness.estimators.absorbed_effects import (
    AbsorbedEffects,
    Combination,
    EffectKey,
    EffectSet,
    GroupColumn,
    count_unseen,
    effect_named,
    key_of,
    read_effect_set,
)
from harness.estimators.absorbing_models import AbsorbingModels, means_at, stacked, with_omitted_levels
from harness.estimators.coefficients import (
    CoefficientTable,
    Correction,
    ShownFit,
    Statistic,
    statistic_columns,
)
from harness.estimators.guard import Attempt
from harness.estimators.inner_split import inner_split
from harness.estimators.protocol import (
    CanFitDraws,
    CanFitFolds,
    CanFitOutcomes,
    CanLearnNuisances,
    CanLearnWithin,
    CanPrepareDraws,
    CanProfile,
    CanRunQuick,
    ComparesCandidates,
    DrawMaker,
    DrawSelection,
    DrawsMaySelect,
    Estimator,
    FitsByDraws,
    Fitted,
    FittedDraws,
    HasCoefficients,
    HasDetails,
    HasDraws,
    HasEffects,
    HasNotes,
    HasResultRows,
    LinearModel,
    NeedsGroups,
    NestedEstimator,
    PreparedDraws,
    SelectsRows,
)
from harness.estimators.refusals import Refusals, listed, require_continuous, row_weights
from harness.estimators.wild_bootstrap import (
    Auxiliary,
    ClusteredRegression,
    WildClusters,
    WildInference,
    wild_cluster_inference,
)
from harness.evaluation.metrics import Metric
from harness.evaluation.protocol import EvaluationProtocol, Fold, Leak
from harness.evaluation.resample import draw_weights, out_of_bag
from harness.language import gettext, marked
from harness.registry.hooks import hookimpl
from harness.rng import random_stream, stream_at
from harness.scenarios.draws import DrawPlan, FitAndDraws
from harness.scenarios.scenario import AnswersAlone, Evaluated, EvaluatesModels, Sample, Scenario, Subject
from harness.study.spec.entry import LadderEntry
from harness.tables.preparation import Note
from harness.tables.table import ResultTable

__all__ = [
    "AbsorbedEffects",
    "AbsorbingModels",
    "Account",
    "AnswersAlone",
    "ArtifactError",
    "Attempt",
    "Auxiliary",
    "Calendar",
    "CanFitDraws",
    "CanFitFolds",
    "CanFitOutcomes",
    "CanLearnNuisances",
    "CanLearnWithin",
    "CanPrepareDraws",
    "CanProfile",
    "CanRunQuick",
    "ClusteredRegression",
    "CoefficientTable",
    "Column",
    "Combination",
    "ComparesCandidates",
    "Contiguity",
    "Correction",
    "DataError",
    "Dataset",
    "DrawMaker",
    "DrawPlan",
    "DrawSelection",
    "DrawsMaySelect",
    "EffectKey",
    "EffectSet",
    "EstimationError",
    "Estimator",
    "Evaluated",
    "EvaluatesModels",
    "EvaluationProtocol",
    "FileReader",
    "FitAndDraws",
    "FitsByDraws",
    "Fitted",
    "FittedDraws",
    "Floats",
    "Fold",
    "GroupColumn",
    "Grouping",
    "HarnessError",
    "HasCoefficients",
    "HasDetails",
    "HasDraws",
    "HasEffects",
    "HasNotes",
    "HasResultRows",
    "Ints",
    "Key",
    "LadderEntry",
    "Leak",
    "LearnedStep",
    "LinearModel",
    "Links",
    "Mask",
    "Metric",
    "NeedsGroups",
    "NestedEstimator",
    "Note",
    "Panel",
    "PanelStep",
    "PluginError",
    "PreparedDraws",
    "Problem",
    "Reading",
    "Refusals",
    "ResultTable",
    "Roles",
    "RowStep",
    "Sample",
    "Scenario",
    "SelectsRows",
    "ShownFit",
    "Simulation",
    "Source",
    "SpecError",
    "Statistic",
    "Step",
    "StepGroup",
    "Subject",
    "WildClusters",
    "WildInference",
    "count_unseen",
    "draw_weights",
    "effect_named",
    "gettext",
    "great_circle_km",
    "hookimpl",
    "inner_split",
    "key_of",
    "listed",
    "marked",
    "means_at",
    "numbered",
    "out_of_bag",
    "random_stream",
    "read_effect_set",
    "require_continuous",
    "row_weights",
    "rows_by_period",
    "rows_in_company",
    "stacked",
    "statistic_columns",
    "stream_at",
    "wild_cluster_inference",
    "with_omitted_levels",
]

"""What the harness itself offers, as a plugin: the hooks that the layers implement."""

from importlib import import_module
from pkgutil import iter_modules

from harness.data.shipped import harness_datasets as harness_datasets
from harness.data.shipped import harness_readers as harness_readers
from harness.data.shipped import harness_simulations as harness_simulations
from harness.data.shipped import harness_steps as harness_steps
from harness.estimators.best_simple import BestSimple
from harness.estimators.protocol import Estimator
from harness.evaluation.metrics import AbsoluteError, Metric, QuantileError
from harness.evaluation.protocol import (
    AsPublished,
    EntitiesAndTime,
    EvaluationProtocol,
    ForwardProtocol,
    HeldOutEntitiesProtocol,
    InSample,
    RandomRowsProtocol,
)
from harness.findings.run import Rule
from harness.findings.table import RULES
from harness.registry.hooks import hookimpl
from harness.report import sections
from harness.report.sections.section import Section
from harness.scenarios.conditional.scenario import ConditionalScenario
from harness.scenarios.contrast import ContrastScenario
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.heterogeneity import HeterogeneityScenario
from harness.scenarios.importance import ImportanceScenario
from harness.scenarios.mediation import MediationScenario
from harness.scenarios.robustness import RobustnessScenario
from harness.scenarios.scenario import Scenario
from harness.scenarios.specifications import SpecificationScenario


@hookimpl
def harness_estimators() -> tuple[type[Estimator], ...]:
    """Return the estimator that comes with the harness."""
    return (BestSimple,)


@hookimpl
def harness_protocols() -> tuple[type[EvaluationProtocol], ...]:
    """Return the protocols that come with the harness."""
    return (
        InSample,
        AsPublished,
        RandomRowsProtocol,
        HeldOutEntitiesProtocol,
        ForwardProtocol,
        EntitiesAndTime,
    )


@hookimpl
def harness_metrics() -> tuple[type[Metric], ...]:
    """Return the metrics that come with the harness."""
    return (AbsoluteError, QuantileError)


@hookimpl
def harness_scenarios() -> tuple[type[Scenario], ...]:
    """Return the scenarios that come with the harness."""
    return (
        CurveScenario,
        ContrastScenario,
        EffectScenario,
        ImportanceScenario,
        HeterogeneityScenario,
        ConditionalScenario,
        RobustnessScenario,
        MediationScenario,
        SpecificationScenario,
    )


@hookimpl
def harness_sections() -> tuple[Section, ...]:
    """Return the sections of the modules of their package; each knows its place among them."""
    names = (module.name for module in iter_modules(sections.__path__))
    modules = (import_module(f"{sections.__name__}.{name}") for name in names)
    every = (value for module in modules for value in vars(module).values())
    return tuple(value for value in every if isinstance(value, Section))


@hookimpl
def harness_findings() -> tuple[Rule, ...]:
    """Return the rules on result tables that come with the harness."""
    return RULES

"""All curves, groups and surfaces of the published study against the training of the draws they are of."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from threadpoolctl import threadpool_limits

from harness.api import prepare_study as prepare
from harness.execution.options import RunOptions
from harness.scenarios.heterogeneity.scenario import HeterogeneityScenario
from harness.scenarios.scenario import Scenario
from harness.scenarios.subject import Subject

STUDY = Path(__file__).parents[3] / "specs" / "digital_carbon.yaml"


def answer(scenario: Scenario, subject: Subject) -> None:
    """Answer a scenario from the draws there are; refits of groups train draws of their own."""
    if isinstance(scenario, HeterogeneityScenario):
        list(scenario.pooled(subject))
    else:
        scenario.answer(subject)


@pytest.mark.benchmark(group="answers", timer=process_time)
def test_answers_cost_less_than_the_training_of_a_thousand_draws(benchmark: BenchmarkFixture) -> None:
    tasks = prepare(RunOptions(STUDY)).plan.full_tasks()
    task = next(one for one in tasks if one.outcome == "co2" and one.estimator_id == "rab")
    with threadpool_limits(limits=1):
        start = process_time()
        subject = task.subject()
        training = process_time() - start

        def answers() -> None:
            for scenario in task.scenarios.values():
                answer(scenario, subject)

        benchmark.pedantic(answers, rounds=1)
    benchmark.extra_info["share of training"] = benchmark.stats["min"] / training
    assert benchmark.stats["min"] < training

"""All curves, groups and surfaces of the published study against the training of the draws they are of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import process_time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from threadpoolctl import threadpool_limits

from harness.api import prepare_study as prepare
from harness.running.options import RunOptions
from harness.scenarios.blocks import BlockTask

STUDY = Path(__file__).parents[3] / "specs" / "digital_carbon.yaml"


@pytest.mark.benchmark(group="answers", timer=process_time)
def test_answers_cost_less_than_twice_the_training_of_a_block_of_draws(benchmark: BenchmarkFixture) -> None:
    tasks = prepare(RunOptions(STUDY)).plan.full_tasks()
    task = next(one for one in tasks if one.outcome == "co2" and one.estimator_id == "rab")
    block = next(one for one in task.needs if isinstance(one, BlockTask))
    with threadpool_limits(limits=1):
        maker = block.prepare.run()
        start = process_time()
        trained = replace(block, scenarios={}).given([maker]).run()
        training = process_time() - start
        answered = benchmark.pedantic(lambda: block.given([maker]).run(), rounds=1)
    assert trained.status == answered.status == "ok"
    answers = benchmark.stats["min"] - training
    benchmark.extra_info["share of training"] = answers / training
    assert answers < 2.0 * training

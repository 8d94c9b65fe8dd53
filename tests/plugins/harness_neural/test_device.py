"""Networks on another device than the processor."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from harness import EstimationError
from harness.plugin import random_stream
from harness_neural.batch.objective import Objective
from harness_neural.batch.optimisers import Adam, GradientDescent, Lbfgs
from harness_neural.batch.progress import begin_progress, has_finished, update_progress
from harness_neural.batch.task import Settings
from harness_neural.batch.training import train
from harness_neural.mlp import Mlp
from neural_tasks import make_panel, make_task

OPTIMISERS = [Lbfgs(), Adam(), GradientDescent(rate=0.01, momentum=0.9)]
has_gpu = torch.cuda.is_available()


@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=lambda optimiser: type(optimiser).__name__)
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_all_of_a_round_lies_on_the_device_that_is_asked_for(optimiser, precision):
    """Torch refuses to combine tensors of two devices; ``meta`` is one that every machine has."""
    task = make_task(n_units=(2, 5, 1, 4))
    with torch.device("meta"):
        settings = Settings(weight_decay=0.1, precision=precision, device="cuda", patience=1, tolerance=0.0)
        objective = Objective(task, settings)
        objective.admit(np.arange(4))
        points = torch.as_tensor(task.start) * objective.layout.stretch(optimiser.bias_stretch)
        descent = optimiser.begin(points)
        limit = torch.as_tensor(task.blind_steps)
        progress = begin_progress(points, limit=limit, watches=limit > 0)
        for _ in range(2):
            evaluation = objective.evaluate(descent.trial())
            outcome = descent.advance(evaluation)
            progress = update_progress(progress, evaluation=evaluation, moved=outcome.moved)
        finished = has_finished(progress, evaluation.gradient, settings, moved=outcome.moved)
        kept = torch.as_tensor(np.array([0, 2]))
        objective.keep(kept)
        descent.keep(kept)
        found = objective.evaluate(descent.trial())
        weights = objective.weights_at(descent.trial())
    assert finished.is_meta
    assert found.gradient.is_meta
    assert found.selection.is_meta
    assert weights.hidden.is_meta


@pytest.mark.skipif(has_gpu, reason="torch finds a GPU")
def test_a_gpu_that_is_not_there_is_refused():
    panel = make_panel(lambda X: X[:, 0])
    with pytest.raises(EstimationError, match="torch finds no GPU"):
        Mlp(device="cuda", hidden=2).fit(panel, rng=random_stream(0))


def test_an_optimiser_that_uses_no_gpu_is_refused_one():
    with pytest.raises(EstimationError, match="levenberg_marquardt trains on the processor alone"):
        Mlp(device="cuda", optimiser="levenberg_marquardt").settings()


@pytest.mark.skipif(not has_gpu, reason="torch finds no GPU")
def test_a_gpu_gives_what_the_processor_gives():
    task = make_task(n_units=(2, 5, 1, 4))
    expected, found = (train(task, Settings(max_steps=10, device=device)) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(found.networks.predict(task.X), expected.networks.predict(task.X), atol=1e-6)

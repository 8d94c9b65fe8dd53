"""An estimator works in another process as in this one."""

from __future__ import annotations

from typing import ClassVar

from harness.arrays import Floats
from harness.conformance.agreement import require_equal
from harness.conformance.case import FIRST, Case
from harness.conformance.law import Law
from harness.conformance.panels import SEED, fresh
from harness.data.panel import Panel
from harness.estimators.guard import predict
from harness.estimators.protocol import Estimator
from harness.rng import random_stream
from harness.running.isolation import one_thread


class OtherProcess(Law[Case]):
    """An estimator can be sent to a worker process and gives the same numbers there."""

    name: ClassVar[str] = "other_process"
    says: ClassVar[str] = "an estimator can be sent to another process and gives the same numbers there"

    def check(self, case: Case) -> str:
        """Fit in a worker, which hashes texts in another way and so goes through sets in another order."""
        from joblib import Parallel, delayed

        (found,) = Parallel(n_jobs=2)([delayed(_fit_and_predict)(case.estimator, case.panel)])
        return require_equal(found, case.predictions(), case=case, what="in a worker process")


def _fit_and_predict(estimator: Estimator, panel: Panel) -> Floats:
    with one_thread():
        return predict(estimator.fit(fresh(panel), rng=random_stream(SEED, FIRST)), panel)

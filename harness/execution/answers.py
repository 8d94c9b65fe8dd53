"""What estimators answer to scenarios, and what their fits tell besides, as parts of the result tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from harness.execution.parts import AnswerInParts
from harness.scenarios.full_result import FullResult
from harness.spec.study import Study


def answer_parts(
    study: Study, answered: Sequence[FullResult | AnswerInParts]
) -> Mapping[str, list[pd.DataFrame]]:
    """Return the parts of every table that the scenarios of a study answer with, by name of the table.

    Parameters
    ----------
    answered : outcomes and estimators with their answers; one that failed is a row with its reason
    """
    scenarios = {entry.id: entry.scenario for entry in study.scenarios}
    parts: dict[str, list[pd.DataFrame]] = {
        table.name: [] for scenario in scenarios.values() for table in scenario.tables
    }
    for full in answered:
        for answer in full.answers:
            scenario = scenarios[answer.scenario]
            # Tables of effects call an estimator a learner.
            asked = {"estimator": full.estimator, "learner": full.estimator}
            place = {"outcome": full.outcome, **asked, "scenario": answer.scenario}
            place |= scenario.about
            how = {"status": answer.status, "reason": answer.reason}
            for name, frame in answer.tables.items():
                own = {key: value for key, value in how.items() if key not in frame}
                parts[name].append(frame.assign(**place, **own))
            if answer.status != "ok":
                for table in scenario.tables:
                    parts[table.name].append(pd.DataFrame([place | how]))
    return parts


def rows_of_fits(fulls: Sequence[FullResult]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the rows that fits give of result tables short of any scenario, with the name of the table."""
    for full in fulls:
        for name, frame in full.rows.items():
            own = {"outcome": full.outcome, "estimator": full.estimator, "scenario": ""}
            own |= {key: value for key, value in _DONE.items() if key not in frame}
            yield name, frame.assign(**own)


_DONE = {"status": "ok", "reason": ""}

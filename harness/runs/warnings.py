"""The warnings of a run as one table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from harness.data.note import Note
from harness.evaluation.fold_fit import FoldResult
from harness.scenarios.full_fit import FullResult

FEW_ENTITIES = 20
"""Below this many entities an entity bootstrap and clustered errors are rough."""


def _of_estimator(note: Note, outcome: str, estimator: str) -> Note:
    place = f"{outcome} · {estimator}"
    return replace(note, where=f"{place} · {note.where}" if note.where else place)


def fit_notes(folds: Iterable[FoldResult], fulls: Iterable[FullResult]) -> list[Note]:
    """Return what the fits had to say, each thing once however many folds said it."""
    notes = [
        _of_estimator(note, result.cell.outcome, result.cell.estimator)
        for result in folds
        if result.predictions is not None
        for note in result.predictions.notes
    ]
    notes += [
        _of_estimator(note, result.outcome, result.estimator) for result in fulls for note in result.notes
    ]
    return list(dict.fromkeys(notes))


def unseen_notes(folds: Iterable[FoldResult]) -> list[Note]:
    """Return how many test rows each cell predicted with a mean effect, their entity or period being new."""
    counts: dict[tuple[str, str, str], list[int]] = {}
    for result in folds:
        if result.predictions is not None and result.predictions.n_unseen:
            cell = result.cell
            count = counts.setdefault((cell.outcome, cell.estimator, cell.protocol), [0, 0])
            count[0] += result.predictions.n_unseen
            count[1] += result.predictions.test.size
    return [
        Note(
            "W-UNSEEN",
            " · ".join(key),
            f"{unseen} of {rows} test rows have an entity or a period that was not trained on; "
            "they are predicted with the mean effect",
        )
        for key, (unseen, rows) in counts.items()
    ]


def few_entities_note(n_entities: int) -> list[Note]:
    """Return a warning where intervals rest on few entities."""
    if n_entities >= FEW_ENTITIES:
        return []
    message = (
        f"intervals and tests rest on {n_entities} entities; with fewer than {FEW_ENTITIES} they are rough"
    )
    return [Note("W-FEWENTITIES", "panel", message)]


def warnings_table(notes: Iterable[Note]) -> pd.DataFrame:
    """Return notes as a table, each once, sorted by code and place."""
    rows = sorted(set(notes))
    return pd.DataFrame([vars(note) for note in rows], columns=["code", "where", "message"])

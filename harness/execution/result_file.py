"""The result of one task as bytes, without pickle."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from harness.data.note import Note
from harness.evaluation.fold_fit import FoldCell, FoldPredictions, FoldResult
from harness.scenarios.full_fit import Answer, FullResult
from harness.scenarios.parts import PartCell, PartResult

META = "meta.json"

Members = Mapping[str, bytes]

TaskResult = FoldResult | FullResult | PartResult
"""What a task of a study returns."""


def _npy(values: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return buffer.getvalue()


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _zip(meta: Mapping[str, Any], members: Members) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(META, json.dumps(meta))
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _notes(plain: list[dict[str, str]]) -> tuple[Note, ...]:
    return tuple(Note(**note) for note in plain)


def encode(result: TaskResult) -> bytes:
    """Return the result of a task as bytes."""
    if isinstance(result, FoldResult):
        return _encode_fold(result)
    return _encode_part(result) if isinstance(result, PartResult) else _encode_full(result)


def decode(data: bytes) -> TaskResult:
    """Return the result that `encode` wrote."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        meta = json.loads(archive.read(META))
        if "part_cell" in meta:
            return _decode_part(meta, archive)
        return _decode_fold(meta, archive) if "cell" in meta else _decode_full(meta, archive)


def _encode_fold(result: FoldResult) -> bytes:
    meta: dict[str, Any] = {
        "cell": vars(result.cell),
        "status": result.status,
        "reason": result.reason,
        "seconds": result.seconds,
    }
    predictions = result.predictions
    if predictions is None:
        return _zip(meta, {})
    meta |= {
        "train_variance": predictions.train_variance,
        "n_unseen": predictions.n_unseen,
        "notes": [vars(note) for note in predictions.notes],
    }
    return _zip(meta, {"train.npy": _npy(predictions.train), "test.npy": _npy(predictions.test)})


def _decode_fold(meta: Mapping[str, Any], archive: zipfile.ZipFile) -> FoldResult:
    predictions = None
    if "train.npy" in archive.namelist():
        predictions = FoldPredictions(
            train=np.load(io.BytesIO(archive.read("train.npy")), allow_pickle=False),
            test=np.load(io.BytesIO(archive.read("test.npy")), allow_pickle=False),
            train_variance=meta["train_variance"],
            n_unseen=meta["n_unseen"],
            notes=_notes(meta["notes"]),
        )
    return FoldResult(FoldCell(**meta["cell"]), predictions, meta["status"], meta["reason"], meta["seconds"])


def _encode_part(result: PartResult) -> bytes:
    meta = {
        "part_cell": vars(result.part_cell),
        "status": result.status,
        "reason": result.reason,
        "seconds": result.seconds,
    }
    return _zip(meta, {} if result.found is None else {"values.npy": _npy(result.found)})


def _decode_part(meta: Mapping[str, Any], archive: zipfile.ZipFile) -> PartResult:
    values = None
    if "values.npy" in archive.namelist():
        values = np.load(io.BytesIO(archive.read("values.npy")), allow_pickle=False)
    cell = PartCell(**meta["part_cell"])
    return PartResult(cell, values, meta["status"], meta["reason"], meta["seconds"])


def _encode_full(result: FullResult) -> bytes:
    members = {} if result.coefficients is None else {"coefficients": _parquet(result.coefficients)}
    members |= {f"details/{name}": _parquet(frame) for name, frame in result.details.items()}
    members |= {f"rows/{name}": _parquet(frame) for name, frame in result.rows.items()}
    answers = []
    for at, answer in enumerate(result.answers):
        answers.append(
            {
                "scenario": answer.scenario,
                "status": answer.status,
                "reason": answer.reason,
                "tables": list(answer.tables),
            }
        )
        members |= {f"{at}/{name}": _parquet(frame) for name, frame in answer.tables.items()}
    meta = {
        "outcome": result.outcome,
        "estimator": result.estimator,
        "details": list(result.details),
        "rows": list(result.rows),
        "answers": answers,
        "notes": [vars(note) for note in result.notes],
        "status": result.status,
        "reason": result.reason,
        "seconds": result.seconds,
    }
    return _zip(meta, members)


def _decode_full(meta: Mapping[str, Any], archive: zipfile.ZipFile) -> FullResult:
    def frame(name: str) -> pd.DataFrame:
        return pd.read_parquet(io.BytesIO(archive.read(name)))

    answers = tuple(
        Answer(
            answer["scenario"],
            {name: frame(f"{at}/{name}") for name in answer["tables"]},
            answer["status"],
            answer["reason"],
        )
        for at, answer in enumerate(meta["answers"])
    )
    return FullResult(
        outcome=meta["outcome"],
        estimator=meta["estimator"],
        coefficients=frame("coefficients") if "coefficients" in archive.namelist() else None,
        details={name: frame(f"details/{name}") for name in meta["details"]},
        rows={name: frame(f"rows/{name}") for name in meta["rows"]},
        answers=answers,
        notes=_notes(meta["notes"]),
        status=meta["status"],
        reason=meta["reason"],
        seconds=meta["seconds"],
    )

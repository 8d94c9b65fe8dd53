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

META = "meta.json"

Members = Mapping[str, bytes]


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
    return tuple(Note(**one) for one in plain)


def encode_fold(result: FoldResult) -> bytes:
    """Return a fold's result as bytes."""
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


def decode_fold(data: bytes) -> FoldResult:
    """Return the result that `encode_fold` wrote."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        meta = json.loads(archive.read(META))
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


def encode_full(result: FullResult) -> bytes:
    """Return a full-sample result as bytes."""
    members = {} if result.coefficients is None else {"coefficients": _parquet(result.coefficients)}
    members |= {f"details/{name}": _parquet(frame) for name, frame in result.details.items()}
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
        "answers": answers,
        "notes": [vars(note) for note in result.notes],
        "status": result.status,
        "reason": result.reason,
        "seconds": result.seconds,
    }
    return _zip(meta, members)


def decode_full(data: bytes) -> FullResult:
    """Return the result that `encode_full` wrote."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        meta = json.loads(archive.read(META))

        def frame(name: str) -> pd.DataFrame:
            return pd.read_parquet(io.BytesIO(archive.read(name)))

        answers = tuple(
            Answer(
                one["scenario"],
                {name: frame(f"{at}/{name}") for name in one["tables"]},
                one["status"],
                one["reason"],
            )
            for at, one in enumerate(meta["answers"])
        )
        return FullResult(
            outcome=meta["outcome"],
            estimator=meta["estimator"],
            coefficients=frame("coefficients") if "coefficients" in archive.namelist() else None,
            details={name: frame(f"details/{name}") for name in meta["details"]},
            answers=answers,
            notes=_notes(meta["notes"]),
            status=meta["status"],
            reason=meta["reason"],
            seconds=meta["seconds"],
        )

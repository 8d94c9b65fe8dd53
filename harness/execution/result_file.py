"""The result of one task as bytes, without pickle."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from harness.data.note import Note
from harness.estimators.guard import Attempt
from harness.evaluation.fold_fit import FoldCell, FoldPredictions, FoldResult
from harness.scenarios.blocks import BlockResult
from harness.scenarios.full_fit import FullResult
from harness.scenarios.numbers import FitAndDraws, Numbers
from harness.scenarios.parts import PartCell, PartResult
from harness.scenarios.sample_fit import Answer, FitTables, SampleFitResult

META = "meta.json"

Members = Mapping[str, bytes]

TaskResult = FoldResult | FullResult | PartResult | SampleFitResult | BlockResult
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
    if isinstance(result, PartResult):
        return _encode_part(result)
    if isinstance(result, BlockResult):
        return _encode_block(result)
    return _encode_sample(result) if isinstance(result, SampleFitResult) else _encode_full(result)


def decode(data: bytes) -> TaskResult:
    """Return the result that `encode` wrote."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        meta = json.loads(archive.read(META))
        if "part_cell" in meta:
            return _decode_part(meta, archive)
        if "refusals" in meta:
            return _decode_block(meta, archive)
        if "carries_draws" in meta:
            return _decode_sample(meta, archive)
        return _decode_fold(meta, archive) if "cell" in meta else _decode_full(meta, archive)


def _encode_fold(result: FoldResult) -> bytes:
    meta: dict[str, Any] = {
        "cell": vars(result.cell),
        "status": result.status,
        "reason": result.reason,
        "seconds": result.seconds,
        "memory": None if math.isnan(result.memory) else result.memory,
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
    return FoldResult(
        cell=FoldCell(**meta["cell"]),
        predictions=predictions,
        status=meta["status"],
        reason=meta["reason"],
        seconds=meta["seconds"],
        memory=math.nan if meta["memory"] is None else meta["memory"],
    )


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


def _encode_numbers(place: str, numbers: Numbers, members: dict[str, bytes]) -> list[str]:
    """Put arrays among the members of a file, under a place of their own, and return their names."""
    members |= {f"{place}/{name}.npy": _npy(values) for name, values in numbers.items()}
    return list(numbers)


def _decode_numbers(place: str, names: list[str], archive: zipfile.ZipFile) -> Numbers:
    return {
        name: np.load(io.BytesIO(archive.read(f"{place}/{name}.npy")), allow_pickle=False) for name in names
    }


def _encode_block(result: BlockResult) -> bytes:
    members: dict[str, bytes] = {}
    numbers = []
    for at, (scenario, found) in enumerate(result.numbers.items()):
        names = _encode_numbers(str(at), found.value or {}, members)
        how = {"status": found.status, "reason": found.reason}
        numbers.append({"scenario": scenario, "names": names, **how})
    meta = {
        "label": result.label,
        "n_draws": result.n_draws,
        "refusals": list(result.refusals),
        "numbers": numbers,
        "notes": [vars(note) for note in result.notes],
        "status": result.status,
        "reason": result.reason,
        "seconds": result.seconds,
    }
    return _zip(meta, members)


def _decode_block(meta: Mapping[str, Any], archive: zipfile.ZipFile) -> BlockResult:
    numbers = {}
    for at, one in enumerate(meta["numbers"]):
        found = _decode_numbers(str(at), one["names"], archive) if one["status"] == "ok" else None
        numbers[one["scenario"]] = Attempt(found, one["status"], one["reason"])
    return BlockResult(
        label=meta["label"],
        n_draws=meta["n_draws"],
        refusals=tuple(meta["refusals"]),
        numbers=numbers,
        notes=_notes(meta["notes"]),
        status=meta["status"],
        reason=meta["reason"],
        seconds=meta["seconds"],
    )


def _encode_sample(result: SampleFitResult) -> bytes:
    members: dict[str, bytes] = {}
    numbers = []
    for at, (scenario, found) in enumerate(result.numbers.items()):
        both = found.value or FitAndDraws({}, {})
        numbers.append(
            {
                "scenario": scenario,
                "fit": _encode_numbers(f"{at}/fit", both.fit, members),
                "draws": _encode_numbers(f"{at}/draws", both.draws, members),
                "status": found.status,
                "reason": found.reason,
            }
        )
    meta = {
        "label": result.label,
        "carries_draws": result.carries_draws,
        "numbers": numbers,
        "answers": _encode_answers(result.answers, members),
        **_encode_tables(result.tables, members),
        "status": result.status,
        "reason": result.reason,
        "seconds": result.seconds,
    }
    return _zip(meta, members)


def _decode_sample(meta: Mapping[str, Any], archive: zipfile.ZipFile) -> SampleFitResult:
    numbers = {}
    for at, one in enumerate(meta["numbers"]):
        fit, draws = (_decode_numbers(f"{at}/{key}", one[key], archive) for key in ("fit", "draws"))
        found = FitAndDraws(fit, draws) if one["status"] == "ok" else None
        numbers[one["scenario"]] = Attempt(found, one["status"], one["reason"])
    return SampleFitResult(
        label=meta["label"],
        tables=_decode_tables(meta, archive),
        numbers=numbers,
        answers=_decode_answers(meta, archive),
        carries_draws=meta["carries_draws"],
        status=meta["status"],
        reason=meta["reason"],
        seconds=meta["seconds"],
    )


def _encode_tables(tables: FitTables, members: dict[str, bytes]) -> dict[str, Any]:
    """Put a fit's own tables among the members of a file, and return what describes them."""
    if tables.coefficients is not None:
        members["coefficients"] = _parquet(tables.coefficients)
    members |= {f"details/{name}": _parquet(frame) for name, frame in tables.details.items()}
    members |= {f"rows/{name}": _parquet(frame) for name, frame in tables.rows.items()}
    notes = [vars(note) for note in tables.notes]
    return {"details": list(tables.details), "rows": list(tables.rows), "notes": notes}


def _decode_tables(meta: Mapping[str, Any], archive: zipfile.ZipFile) -> FitTables:
    return FitTables(
        coefficients=_frame(archive, "coefficients") if "coefficients" in archive.namelist() else None,
        details={name: _frame(archive, f"details/{name}") for name in meta["details"]},
        rows={name: _frame(archive, f"rows/{name}") for name in meta["rows"]},
        notes=_notes(meta["notes"]),
    )


def _frame(archive: zipfile.ZipFile, name: str) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(archive.read(name)))


def _encode_answers(answers: Sequence[Answer], members: dict[str, bytes]) -> list[dict[str, Any]]:
    """Put the tables of answers among the members of a file, and return what describes them."""
    described = []
    for at, answer in enumerate(answers):
        how = {"scenario": answer.scenario, "status": answer.status, "reason": answer.reason}
        described.append({**how, "tables": list(answer.tables)})
        members |= {f"answers/{at}/{name}": _parquet(frame) for name, frame in answer.tables.items()}
    return described


def _decode_answers(meta: Mapping[str, Any], archive: zipfile.ZipFile) -> tuple[Answer, ...]:
    return tuple(
        Answer(
            answer["scenario"],
            {name: _frame(archive, f"answers/{at}/{name}") for name in answer["tables"]},
            answer["status"],
            answer["reason"],
        )
        for at, answer in enumerate(meta["answers"])
    )


def _encode_full(result: FullResult) -> bytes:
    members: dict[str, bytes] = {}
    tables = FitTables(result.coefficients, result.details, result.rows, result.notes)
    meta = {
        "outcome": result.outcome,
        "estimator": result.estimator,
        "answers": _encode_answers(result.answers, members),
        **_encode_tables(tables, members),
        "status": result.status,
        "reason": result.reason,
        "seconds": result.seconds,
    }
    return _zip(meta, members)


def _decode_full(meta: Mapping[str, Any], archive: zipfile.ZipFile) -> FullResult:
    return FullResult(
        outcome=meta["outcome"],
        estimator=meta["estimator"],
        answers=_decode_answers(meta, archive),
        **vars(_decode_tables(meta, archive)),
        status=meta["status"],
        reason=meta["reason"],
        seconds=meta["seconds"],
    )

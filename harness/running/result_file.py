"""The result of one task as bytes, without pickle."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from harness.estimators.guard import Attempt
from harness.evaluation.fold_fit import FoldCell, FoldPredictions, FoldResult
from harness.scenarios.blocks import BlockResult
from harness.scenarios.draws import FitAndDraws, Numbers
from harness.scenarios.fit_tables import FitTables
from harness.scenarios.full_result import FullResult
from harness.scenarios.parts import PartCell, PartResult
from harness.scenarios.sample_fit import Answer, SampleFitResult
from harness.tables.preparation import Note

META = "meta.json"

Members = Mapping[str, bytes]

V = TypeVar("V")

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
        **_how(result),
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
            train=_array(archive, "train.npy"),
            test=_array(archive, "test.npy"),
            train_variance=meta["train_variance"],
            n_unseen=meta["n_unseen"],
            notes=_notes(meta["notes"]),
        )
    return FoldResult(
        cell=FoldCell(**meta["cell"]),
        predictions=predictions,
        **_how_of(meta),
        memory=math.nan if meta["memory"] is None else meta["memory"],
    )


def _encode_part(result: PartResult) -> bytes:
    meta = {
        "part_cell": vars(result.part_cell),
        **_how(result),
    }
    return _zip(meta, {} if result.found is None else {"values.npy": _npy(result.found)})


def _decode_part(meta: Mapping[str, Any], archive: zipfile.ZipFile) -> PartResult:
    values = None
    if "values.npy" in archive.namelist():
        values = _array(archive, "values.npy")
    cell = PartCell(**meta["part_cell"])
    return PartResult(cell, values, **_how_of(meta))


def _encode_numbers(
    found: Mapping[str, Attempt[V]], parts_of: Callable[[V], Mapping[str, Numbers]], members: dict[str, bytes]
) -> list[dict[str, Any]]:
    """Put the arrays that scenarios got among the members of a file, and return what describes them.

    Parameters
    ----------
    parts_of : takes what was found apart into arrays by name, by the part that they belong to
    """
    described = []
    for at, (scenario, tried) in enumerate(found.items()):
        parts = {} if tried.value is None else parts_of(tried.value)
        for part, numbers in parts.items():
            members |= {f"{at}/{part}/{name}.npy": _npy(values) for name, values in numbers.items()}
        names = {part: list(numbers) for part, numbers in parts.items()}
        described.append(
            {"scenario": scenario, "names": names, "status": tried.status, "reason": tried.reason}
        )
    return described


def _decode_numbers(
    meta: Mapping[str, Any], archive: zipfile.ZipFile, made_of: Callable[[Mapping[str, Numbers]], V]
) -> dict[str, Attempt[V]]:
    """Return what scenarios got; `made_of` puts its parts together."""
    found: dict[str, Attempt[V]] = {}
    for at, described in enumerate(meta["numbers"]):
        parts = {
            part: {name: _array(archive, f"{at}/{part}/{name}.npy") for name in names}
            for part, names in described["names"].items()
        }
        value = made_of(parts) if described["status"] == "ok" else None
        found[described["scenario"]] = Attempt(value, described["status"], described["reason"])
    return found


def _how(result: TaskResult) -> dict[str, Any]:
    """Return how a task went and how long it took."""
    return {"status": result.status, "reason": result.reason, "seconds": result.seconds}


def _how_of(meta: Mapping[str, Any]) -> dict[str, Any]:
    return {key: meta[key] for key in ("status", "reason", "seconds")}


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any] = np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
    return array


def _encode_block(result: BlockResult) -> bytes:
    members: dict[str, bytes] = {}
    meta = {
        "label": result.label,
        "n_draws": result.n_draws,
        "refusals": list(result.refusals),
        "numbers": _encode_numbers(result.numbers, lambda draws: {"draws": draws}, members),
        "notes": [vars(note) for note in result.notes],
        **_how(result),
    }
    return _zip(meta, members)


def _decode_block(meta: Mapping[str, Any], archive: zipfile.ZipFile) -> BlockResult:
    return BlockResult(
        label=meta["label"],
        n_draws=meta["n_draws"],
        refusals=tuple(meta["refusals"]),
        numbers=_decode_numbers(meta, archive, itemgetter("draws")),
        notes=_notes(meta["notes"]),
        **_how_of(meta),
    )


def _encode_sample(result: SampleFitResult) -> bytes:
    members: dict[str, bytes] = {}
    meta = {
        "label": result.label,
        "carries_draws": result.carries_draws,
        "numbers": _encode_numbers(result.numbers, vars, members),
        "answers": _encode_answers(result.answers, members),
        **_encode_tables(result.tables, members),
        **_how(result),
    }
    return _zip(meta, members)


def _decode_sample(meta: Mapping[str, Any], archive: zipfile.ZipFile) -> SampleFitResult:
    return SampleFitResult(
        label=meta["label"],
        tables=_decode_tables(meta, archive),
        numbers=_decode_numbers(meta, archive, lambda parts: FitAndDraws(**parts)),
        answers=_decode_answers(meta, archive),
        carries_draws=meta["carries_draws"],
        **_how_of(meta),
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
        **_how(result),
    }
    return _zip(meta, members)


def _decode_full(meta: Mapping[str, Any], archive: zipfile.ZipFile) -> FullResult:
    return FullResult(
        outcome=meta["outcome"],
        estimator=meta["estimator"],
        answers=_decode_answers(meta, archive),
        **vars(_decode_tables(meta, archive)),
        **_how_of(meta),
    )

"""The result of one task as bytes, without pickle: JSON, and a member of a file for each array and table."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from harness.estimators.guard import Attempt
from harness.evaluation.fold_fit import FoldCell, FoldPredictions, FoldResult
from harness.language import messages_in, remember
from harness.running.csv_table import texts_of
from harness.scenarios.blocks import BlockResult
from harness.scenarios.draws import FitAndDraws
from harness.scenarios.full_fit import FullResult
from harness.scenarios.sample_fit import FitTables, SampleFitResult
from harness.scenarios.task import PartCell, PartResult
from harness.tables.preparation import Note

META = "meta.json"

TaskResult = FoldResult | FullResult | PartResult | SampleFitResult | BlockResult
"""What a task of a study returns."""

CLASSES: Mapping[str, Any] = {
    one.__name__: one
    for one in (
        *(FoldResult, FoldCell, FoldPredictions, FullResult, PartResult, PartCell, SampleFitResult),
        *(BlockResult, FitTables, FitAndDraws, Attempt, Note),
    )
}
"""The dataclasses that results are made of."""


def encode(result: object) -> bytes:
    """Return the result of a task as bytes.

    Raises
    ------
    TypeError
        Where the result holds what is neither plain, nor an array, a table or one of `CLASSES`.
    """
    members: dict[str, bytes] = {}
    texts: set[str] = set()
    plain = _plain(result, members, texts)
    meta = json.dumps({"result": plain, "messages": messages_in(texts)})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(META, meta)
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def decode(data: bytes) -> Any:  # noqa: ANN401 - whatever was encoded
    """Return the result that `encode` wrote; its sequences are tuples."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        meta = json.loads(archive.read(META))
        remember(meta["messages"])
        return _made(meta["result"], archive)


def _plain(value: Any, members: dict[str, bytes], texts: set[str]) -> Any:  # noqa: ANN401 - of a result
    """Return a value as JSON has it; arrays and tables become members of the file, texts are listed."""
    if isinstance(value, np.ndarray | pd.DataFrame):
        name, buffer = str(len(members)), io.BytesIO()
        if isinstance(value, np.ndarray):
            np.save(buffer, value, allow_pickle=False)
        else:
            value.to_parquet(buffer, index=False)
            texts |= texts_of(value)
        members[name] = buffer.getvalue()
        return {"array" if isinstance(value, np.ndarray) else "table": name}
    if type(value).__name__ in CLASSES:
        fields = [field.name for field in dataclasses.fields(value)]
        return {type(value).__name__: {name: _plain(getattr(value, name), members, texts) for name in fields}}
    if isinstance(value, Mapping):
        return {"mapping": [[key, _plain(entry, members, texts)] for key, entry in value.items()]}
    if isinstance(value, tuple | list):
        return [_plain(entry, members, texts) for entry in value]
    if isinstance(value, str):
        texts.add(value)
    return value


def _made(plain: Any, archive: zipfile.ZipFile) -> Any:  # noqa: ANN401 - see `_plain`
    """Return the value of which `_plain` made JSON."""
    if isinstance(plain, list):
        return tuple(_made(entry, archive) for entry in plain)
    if not isinstance(plain, dict):
        return plain
    ((kind, content),) = plain.items()
    if kind == "array":
        return np.load(io.BytesIO(archive.read(content)), allow_pickle=False)
    if kind == "table":
        return pd.read_parquet(io.BytesIO(archive.read(content)))
    if kind == "mapping":
        return {key: _made(entry, archive) for key, entry in content}
    return CLASSES[kind](**{name: _made(entry, archive) for name, entry in content.items()})

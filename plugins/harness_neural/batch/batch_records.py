"""Records whose fields have one row a network, so that networks can leave and join a batch.

A field is a tensor, another such record, or None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, TypeVar, cast

import torch
from torch import Tensor

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    RecordsT = TypeVar("RecordsT", bound=DataclassInstance)
    Value = Tensor | DataclassInstance | None
else:
    RecordsT = TypeVar("RecordsT")


def take(records: RecordsT, rows: Tensor) -> RecordsT:
    """Return the record of these networks, (n_kept,) positions."""
    return replace(
        records, **{field.name: _take(getattr(records, field.name), rows) for field in fields(records)}
    )


def join(*records: RecordsT) -> RecordsT:
    """Return the record of the networks of the first, then those of the second, and so on."""
    names = [field.name for field in fields(records[0])]
    return replace(records[0], **{name: _join([getattr(one, name) for one in records]) for name in names})


def is_known_for_all(holds: Tensor) -> bool:
    """Return whether something, (n_networks,), holds for all, so that a choice between records can be saved.

    The processor is asked alone: on another device it is not known before all that waits there is done.
    """
    return holds.is_cpu and bool(holds.numpy().all())


def where(chosen: Tensor, first: RecordsT, second: RecordsT) -> RecordsT:
    """Return the record of the networks of `first` that are chosen, (n_networks,), and of `second` elsewhere.

    All fields are tensors.
    """
    found = {}
    for field in fields(first):
        own: Tensor = getattr(first, field.name)
        rows = chosen.view(-1, *(1,) * (own.dim() - 1))
        found[field.name] = torch.where(rows, own, getattr(second, field.name))
    return replace(first, **found)


def _take(value: Value, rows: Tensor) -> Value:
    if value is None:
        return None
    return value.index_select(0, rows) if isinstance(value, Tensor) else take(value, rows)


def _join(values: Sequence[Value]) -> Value:
    if any(value is None for value in values):
        return None
    if isinstance(values[0], Tensor):
        return torch.cat(cast("list[Tensor]", values))
    return join(*cast("list[DataclassInstance]", values))

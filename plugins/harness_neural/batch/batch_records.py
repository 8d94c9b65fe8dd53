"""Records whose fields are tensors with one row a network, so that networks can leave and join a batch."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    RecordsT = TypeVar("RecordsT", bound=DataclassInstance)
else:
    RecordsT = TypeVar("RecordsT")


def take(records: RecordsT, rows: Tensor) -> RecordsT:
    """Return the record of these networks, (n_kept,) positions."""
    kept = {field.name: getattr(records, field.name).index_select(0, rows) for field in fields(records)}
    return replace(records, **kept)


def join(first: RecordsT, second: RecordsT) -> RecordsT:
    """Return the record of the networks of `first`, then those of `second`."""
    names = [field.name for field in fields(first)]
    return replace(
        first, **{name: torch.cat([getattr(first, name), getattr(second, name)]) for name in names}
    )

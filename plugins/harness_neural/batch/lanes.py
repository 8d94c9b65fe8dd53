"""Records whose fields are tensors with one row a network, so that networks can leave and join a batch."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    LanesT = TypeVar("LanesT", bound=DataclassInstance)
else:
    LanesT = TypeVar("LanesT")


def take(lanes: LanesT, rows: Tensor) -> LanesT:
    """Return the record of these networks, (n_kept,) positions."""
    kept = {one.name: getattr(lanes, one.name).index_select(0, rows) for one in fields(lanes)}
    return replace(lanes, **kept)


def join(first: LanesT, second: LanesT) -> LanesT:
    """Return the record of the networks of `first`, then those of `second`."""
    both = {
        one.name: torch.cat([getattr(first, one.name), getattr(second, one.name)]) for one in fields(first)
    }
    return replace(first, **both)

"""One thread for torch while networks train or predict."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Pin torch to one thread and restore what was set before.

    Processes are what runs in parallel here; a second thread would also cut matrix products differently.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)

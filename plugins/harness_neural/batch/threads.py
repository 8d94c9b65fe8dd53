"""Where torch computes while networks train or predict: on one thread, or on a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from harness_neural.names import Device


@contextmanager
def one_thread() -> Iterator[None]:
    """Pin torch to one thread, let it record nothing for gradients, and restore what was set before.

    Processes are what runs in parallel here; a second thread would also cut matrix products differently.
    Gradients are computed by hand, and with small networks what torch would note of each call costs a fifth
    of the time.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)


def on_device(device: Device) -> AbstractContextManager[object]:
    """Let tensors that are made from now on lie on a device.

    Torch intercepts every call for it, so the processor, where they lie anyhow, is left as it is.
    """
    return nullcontext() if device == "cpu" else torch.device(device)

"""The one place where randomness starts."""

from __future__ import annotations

import hashlib

import numpy as np


def random_stream(seed: int, *labels: str | int) -> np.random.Generator:
    """Return the random stream of a root seed and a path of labels.

    Equal labels give equal streams whatever ran before, in whatever process. Each label is hashed on its
    own, so ``("a_b", "c")`` and ``("a", "b_c")`` differ, as do ``"1"`` and ``1``.

    Parameters
    ----------
    seed : >= 0
        Root seed of the study.
    labels : what the stream is for, such as ``"fit", "rab", "fold:2"``
    """
    words = []
    for label in labels:
        digest = hashlib.sha256(f"{type(label).__name__}:{label}".encode()).digest()
        words += [int.from_bytes(digest[at : at + 4], "little") for at in range(0, 16, 4)]
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(words)))

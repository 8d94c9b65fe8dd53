"""Random streams from one root seed."""

from __future__ import annotations

import hashlib

import numpy as np


def random_stream(seed: int, *labels: str | int) -> np.random.Generator:
    """Return the random stream of a root seed and a path of labels.

    Equal labels give equal streams in any order and any process. Labels are hashed separately, so ``("a_b",
    "c")`` and ``("a", "b_c")`` differ, as do ``"1"`` and ``1``.

    Parameters
    ----------
    seed : >= 0
        Root seed of the study.
    labels : what the stream is for, such as ``"fit", "rab", "fold:2"``
    """
    words = []
    for label in labels:
        kind = "str" if isinstance(label, str) else type(label).__name__
        digest = hashlib.sha256(f"{kind}:{label}".encode()).digest()
        words += [int.from_bytes(digest[at : at + 4], "little") for at in range(0, 16, 4)]
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(words)))


def stream_of_content(rng: np.random.Generator, content: bytes) -> np.random.Generator:
    """Return the stream of a content under the root seed of a stream, whatever that one is for.

    What is learned from the same rows, such as a map of inputs, is then the same for all outcomes.

    Parameters
    ----------
    rng : made by `random_stream`, or a child of one
    """
    parent = rng.bit_generator.seed_seq
    entropy = parent.entropy if isinstance(parent, np.random.SeedSequence) else None
    digest = hashlib.sha256(content).digest()
    words = tuple(int.from_bytes(digest[index : index + 4], "little") for index in range(0, 16, 4))
    return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=words))


# A stream of random numbers; None for a new one of seed 1.
Stream = np.random.Generator | None


def stream_or_seeded(rng: Stream) -> np.random.Generator:
    """Return a stream, or where none is given a new one of seed 1."""
    return random_stream(1) if rng is None else rng


def stream_at(rng: np.random.Generator, position: int) -> np.random.Generator:
    """Return the child of a stream at an index >= 0, as `numpy.random.Generator.spawn` would count it.

    It does not depend on draws from the parent, so that each index can be used separately.

    Parameters
    ----------
    rng : a stream without spawned children
    """
    parent = rng.bit_generator.seed_seq
    if not isinstance(parent, np.random.SeedSequence):
        message = f"a stream seeded by a {type(parent).__name__} has no children that are told by position"
        raise TypeError(message)
    child = np.random.SeedSequence(
        parent.entropy, spawn_key=(*parent.spawn_key, position), pool_size=parent.pool_size
    )
    return np.random.default_rng(child)

"""What tasks hand to others, through a process that does not look at it."""

from __future__ import annotations

import pickle

import numpy as np

from harness.data.shared_arrays import LEAST_BYTES, as_received, as_sent, sharing
from harness.scenarios.task import Sealed
from worker_tasks import Opened


def passed_on(sent):
    """Return an object as another process would receive it."""
    return pickle.loads(pickle.dumps(sent))  # noqa: S301 - just written


def test_where_it_was_made_it_is_the_object_itself():
    value = Opened()
    assert Sealed(value).open() is value


def test_it_is_made_again_where_it_is_opened_alone_and_once():
    before = Opened.n_times
    received = passed_on(passed_on(Sealed(Opened())))
    assert Opened.n_times == before
    assert isinstance(received.open(), Opened)
    assert received.open() is received.open()
    assert Opened.n_times == before + 1


def test_an_array_that_was_received_as_a_file_is_sent_on_as_that_file_and_parts_of_it_as_they_are():
    with sharing():
        mapped = as_sent(np.arange(2 * LEAST_BYTES, dtype=float))
        received = as_received(mapped)
    assert as_sent(received) == mapped
    assert as_sent(received.view()) == mapped
    part = received[: LEAST_BYTES + 1]
    assert as_sent(part) is part
    turned = received.reshape(2, -1).T
    assert as_sent(turned) is turned

"""Anchors of a YAML text, and how much their aliases may repeat."""

from __future__ import annotations

from harness.spec.node import Node

MAX_REPEATED = 1000
"""Values that the aliases of one text may repeat, all together."""


class AnchorError(Exception):
    """An alias that cannot be followed: what is wrong, and a hint."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class Anchors:
    """The anchored values of one text, in the order of reading."""

    def __init__(self) -> None:
        self._finished: dict[str, Node] = {}
        self._open: set[str] = set()
        self._n_repeated = 0

    def start(self, name: str) -> None:
        """Note that an anchored value starts."""
        self._open.add(name)

    def finish(self, name: str, node: Node) -> None:
        """Note that an anchored value is complete."""
        self._open.discard(name)
        self._finished[name] = node

    def repeat(self, name: str) -> Node:
        """Return the value that an alias stands for.

        Raises
        ------
        AnchorError
            Where the value is not complete or not known, or aliases have repeated too much.
        """
        if name in self._open:
            raise AnchorError(f"the alias *{name} stands within the value it repeats", "write the value out")
        if name not in self._finished:
            raise AnchorError(f"there is no anchor &{name} above the alias *{name}", "write the value out")
        node = self._finished[name]
        self._n_repeated += node.size
        if self._n_repeated > MAX_REPEATED:
            raise AnchorError(f"aliases repeat more than {MAX_REPEATED:,} values", "use fewer aliases")
        return node

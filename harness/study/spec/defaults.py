"""What a spec may leave out, and where one name stands for a list of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from harness.registry.catalog import Catalogs
from harness.study.spec.document import Document
from harness.study.spec.entry import entry_ids
from harness.study.spec.ladder import LINEAR, expand_ladder, ladder_places
from harness.study.spec.node import Node

SEED: Final = 1
"""Root of all randomness where a spec names none."""

PROTOCOLS: Final = ("in_sample", "held_out_entities", "forward")
"""An upper bound, and the two questions that a panel can be asked without leaking."""

DEFAULTED: Final[Mapping[str, frozenset[str]]] = {
    "Study": frozenset({"title", "seed", "evaluation"}),
    "EvaluationSpec": frozenset({"reference", "protocols"}),
}
"""Keys that `with_defaults` fills in, by the type whose they are."""


LISTS_OF_NAMES: Final[tuple[tuple[str, str], ...]] = (
    ("roles", "outcomes"),
    ("roles", "moderators"),
    ("roles", "controls"),
    ("evaluation", "further_references"),
    ("multiverse", "references"),
    ("report", "formats"),
    ("report", "featured"),
)
"""Where one name stands for a list of one."""


def with_lists(document: Document) -> Document:
    """Return the document with a list of one in the place of a name alone, where names are listed."""
    root = document.root
    for part, key in LISTS_OF_NAMES:
        node = root.child(part)
        name = node.child(key) if node else None
        if node and name and isinstance(name.content, str):
            root = root.with_child(part, node.with_child(key, replace(name, content=(name,))))
    return replace(document, root=root)


def with_defaults(document: Document, catalogs: Catalogs) -> Document:
    """Return the document with a value for each key that may be left out.

    The title is the study's name, and the reference the first estimator of the list; of the ladder, the first
    rung that uses regressors. What is no mapping or list where one belongs is left for its own message.

    Parameters
    ----------
    document : the file, overrides included
    catalogs : what a spec can choose by name, by kind
    """
    spec = document.data
    evaluation = spec.get("evaluation", {})
    root = document.root
    if isinstance(evaluation, Mapping):
        known = default_protocols(catalogs)
        given = {"reference": _reference(spec.get("estimators"), catalogs), "protocols": known or None}
        node = root.child("evaluation") or Node(root.mark, {})
        root = root.with_child("evaluation", _filled(node, given))
    name = spec.get("study")
    title = name.replace("-", " ").capitalize() if isinstance(name, str) else ""
    return replace(document, root=_filled(root, {"title": title, "seed": SEED}))


def default_protocols(catalogs: Catalogs) -> list[str]:
    """Return the protocols of a spec that names none, of those that are installed."""
    return [name for name in PROTOCOLS if name in catalogs["protocol"].members]


def _filled(node: Node, values: Mapping[str, Any]) -> Node:
    """Return a mapping with these values, where they are not None, under the keys that it lacks."""
    for key, value in values.items():
        if value is not None and node.child(key) is None:
            node = node.with_child(key, _node(node, value))
    return node


def _node(parent: Node, value: Any) -> Node:  # noqa: ANN401 - a text, a number or a list of texts
    if isinstance(value, list):
        return Node(parent.mark, tuple(Node(parent.mark, entry) for entry in value))
    return Node(parent.mark, value)


def _reference(written: object, catalogs: Catalogs) -> str:
    """Return the id of the estimator that gains are over; empty where no entry has a readable one."""
    members = catalogs["estimator"].members
    places = ladder_places(members) if isinstance(written, str) else {}
    named = [name for name in entry_ids(expand_ladder(written, members)) if isinstance(name, str)]
    return next((name for name in named if places.get(name, LINEAR) >= LINEAR), "")

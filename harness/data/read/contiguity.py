"""A file of pairs of neighbours, read as any other file is, and checked pair by pair."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints
from harness.data.data_spec import ContiguityFile
from harness.data.messages import Account, RowLocator, StepRecord, few
from harness.data.name import near_columns
from harness.data.neighbours import Contiguity
from harness.data.read.files import DataFolder
from harness.data.read.numbers import require_numbers
from harness.data.read.table import Table
from harness.data.shape.panel_index import in_order, read_entities
from harness.errors import DataError, Problem
from harness.language import Message
from harness.tables.preparation import Note

_WHERE = "data.contiguity"
_CORRECT = "take these rows out of the file, or correct them"


def with_neighbours(table: Table, folder: DataFolder, spec: ContiguityFile) -> Table:
    """Return a table with the pairs of neighbours in a file of a folder.

    A pair holds in both directions, whether the file has it once or twice.

    Raises
    ------
    DataError
        Where columns lack, a cell is empty, an entity is paired with itself, a weight is not above zero, or
        one pair has several weights.
    """
    # The reader takes one column as names, which it leaves as they are written.
    by_one = folder.read(spec, entity=spec.entity, time="")
    by_other = folder.read(spec, entity=spec.neighbour, time="")
    origin = by_one.origin
    locator = RowLocator(origin, by_one.frame, spec.entity, spec.neighbour)
    _require_columns(locator, spec)
    one = read_entities(by_one.frame[spec.entity], name=spec.entity, locator=locator)
    other = read_entities(by_other.frame[spec.neighbour], name=spec.neighbour, locator=locator)
    itself = np.array([a == b for a, b in zip(one, other, strict=True)], dtype=np.bool_)
    locator.refuse(
        *(spec.neighbour, itself, "entities are neighbours of themselves", "two entities in a row", _CORRECT),
        option=_WHERE,
    )
    entities = in_order([*one, *other])
    position = {label: at for at, label in enumerate(entities)}
    ends = np.sort([[position[a], position[b]] for a, b in zip(one, other, strict=True)], axis=1)
    weights = _weights(locator, spec)
    pairs, first, which = np.unique(ends, axis=0, return_index=True, return_inverse=True)
    which = which.ravel()
    locator.refuse(
        *(str(spec.weight), weights != weights[first[which]]),
        what="rows have another weight than the same pair has in an earlier row",
        expected="one weight for a pair, whichever of the two comes first",
        hint="neighbours are mutual: give the mean of both directions, or no weight",
        option=_WHERE,
    )
    contiguity = Contiguity(entities, pairs[:, 0], pairs[:, 1], weights[first], origin)
    written = [(position[a], position[b]) for a, b in zip(one, other, strict=True)]
    detail = Message("{pairs} pairs of {entities} entities", pairs=len(pairs), entities=len(entities))
    return replace(
        table,
        contiguity=contiguity,
        sha256=hashlib.sha256(f"{table.sha256}{by_one.sha256}".encode()).hexdigest(),
        notes=(*table.notes, *_notes(written, which, len(pairs), contiguity)),
        files=(*table.files, *by_one.files),
        records=(*table.records, StepRecord("contiguity", "neighbours", (origin,), Account(detail))),
    )


def match_notes(contiguity: Contiguity, labels: Sequence[str]) -> tuple[Note, ...]:
    """Return which entities of a panel have no neighbours, and which of the file are not in the panel.

    Raises
    ------
    DataError
        Where no pair is of two entities of the panel.
    """
    known = set(labels)
    are_here = np.array([label in known for label in contiguity.entities], dtype=np.bool_)
    paired = are_here[contiguity.ones] & are_here[contiguity.others]
    if not paired.any():
        raise DataError.at(
            where=f"{contiguity.origin} ({_WHERE})",
            what=f"none of its {contiguity.ones.size} pairs is of two entities of the data, such as "
            f"{few([repr(label) for label in labels])}; it has {few([*map(repr, contiguity.entities)])}",
            expected="entities as the data name them",
            hint="write both files with the same names or codes",
        )
    at = np.unique(np.concatenate([contiguity.ones[paired], contiguity.others[paired]])).tolist()
    linked = {contiguity.entities[place] for place in at}
    alone = [label for label in labels if label not in linked]
    strange = [label for label in contiguity.entities if label not in known]
    notes = []
    if strange:
        notes.append(
            Note(
                "W-NEIGHBOURS",
                contiguity.origin,
                Message(
                    "{strange} of its {entities} entities are not in the data, and {sum} of its {size} pairs "
                    "are left out: {strange_2}.",
                    strange=len(strange),
                    entities=len(contiguity.entities),
                    sum=int((~paired).sum()),
                    size=paired.size,
                    strange_2=few(strange),
                ),
            )
        )
    if alone:
        message = Message(
            "{alone} of {labels} entities of the data have no neighbours: {alone_2}.",
            alone=len(alone),
            labels=len(labels),
            alone_2=few(alone),
        )
        notes.append(Note("W-NEIGHBOURS", contiguity.origin, message))
    return tuple(notes)


def _require_columns(locator: RowLocator, spec: ContiguityFile) -> None:
    known = locator.frame.columns
    asked = {"entity": spec.entity, "neighbour": spec.neighbour, "weight": spec.weight}
    problems = [
        Problem(
            where=f"{locator.origin}: column '{name}' ({_WHERE}.{part})",
            what="there is no such column",
            expected=few(list(map(str, known))),
            hint=near_columns(name, known) or f"name the column under {_WHERE}.{part}",
        )
        for part, name in asked.items()
        if name is not None and name not in known
    ]
    if problems:
        raise DataError(*problems)


def _weights(locator: RowLocator, spec: ContiguityFile) -> Floats:
    if spec.weight is None:
        return np.ones(len(locator.frame))
    weights = require_numbers(
        locator.frame[spec.weight], frozenset(spec.missing_values), name=spec.weight, locator=locator
    )
    wrong = ~(weights > 0.0)
    what = "weights are zero, negative or missing"
    locator.refuse(spec.weight, wrong, what, "numbers above zero", _CORRECT, option=_WHERE)
    return weights


def _notes(
    written: list[tuple[int, int]], which: Ints, n_pairs: int, contiguity: Contiguity
) -> tuple[Note, ...]:
    """Return notes on repeated rows, and on pairs of one direction where others have both."""
    directed = pd.Series(written)
    repeated = directed.duplicated().to_numpy()
    directions = np.bincount(which[~repeated], minlength=n_pairs)
    one_way = np.flatnonzero(directions == 1)
    notes = []
    if repeated.any():
        names = few([_pair(contiguity, *ends) for ends in directed[repeated].tolist()])
        message = Message(
            "{sum} rows repeat others and count once: {names}.", sum=int(repeated.sum()), names=names
        )
        notes.append(Note("W-NEIGHBOURS", contiguity.origin, message))
    if 0 < one_way.size < n_pairs:
        ends = zip(contiguity.ones[one_way].tolist(), contiguity.others[one_way].tolist(), strict=True)
        names = few([_pair(contiguity, *pair) for pair in ends])
        message = Message(
            "{size} of {n_pairs} pairs are listed in one direction only, and count in both: {names}.",
            size=one_way.size,
            n_pairs=n_pairs,
            names=names,
        )
        notes.append(Note("W-NEIGHBOURS", contiguity.origin, message))
    return tuple(notes)


def _pair(contiguity: Contiguity, one: int, other: int) -> str:
    return f"{contiguity.entities[one]} and {contiguity.entities[other]}"

"""A file of pairs of neighbours, read as any other file is, and checked pair by pair."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from harness.arrays import Ints
from harness.data.data_spec import ContiguityFile
from harness.data.messages import Account, RowLocator, StepRecord, few, require_columns
from harness.data.neighbours import Contiguity
from harness.data.read.numbers import require_numbers
from harness.data.read.source import Table
from harness.data.shape.rows import in_order, read_entities
from harness.errors import DataError
from harness.language import Coded, marked
from harness.tables.preparation import Note

_WHERE = "data.contiguity"
_CORRECT = "take these rows out of the file, or correct them"


def with_neighbours(table: Table, by_one: Table, by_other: Table, spec: ContiguityFile) -> Table:
    """Return a table with the pairs of neighbours in a file.

    A pair holds in both directions, whether the file has it once or twice.

    Parameters
    ----------
    by_one, by_other : the file, read with the one or the other column of entities as names

    Raises
    ------
    DataError
        Where columns lack, a cell is empty, an entity is paired with itself, a weight is not above zero, or
        one pair has several weights.
    """
    origin = by_one.origin
    locator = RowLocator(origin, by_one.frame, spec.entity, spec.neighbour)
    requested = {"entity": spec.entity, "neighbour": spec.neighbour, "weight": spec.weight}
    options = [(f"{_WHERE}.{part}", name) for part, name in requested.items() if name is not None]
    remedy = Coded("name the columns under {where}", where=_WHERE)
    require_columns(options, by_one.frame.columns, origin=origin, remedy=remedy)
    one = read_entities(by_one.frame[spec.entity], name=spec.entity, locator=locator)
    other = read_entities(by_other.frame[spec.neighbour], name=spec.neighbour, locator=locator)
    entities = in_order([*one, *other])
    position = {label: at for at, label in enumerate(entities)}
    written = np.array([[position[a], position[b]] for a, b in zip(one, other, strict=True)])
    what, alike = marked("entities are neighbours of themselves"), written[:, 0] == written[:, 1]
    locator.refuse(spec.neighbour, alike, what, marked("two entities in a row"), _CORRECT, option=_WHERE)
    weights = np.ones(len(written))
    if spec.weight is not None:
        missing = frozenset(spec.missing_values)
        weights = require_numbers(by_one.frame[spec.weight], missing, name=spec.weight, locator=locator)
        what = marked("weights are zero, negative or missing")
        wrong = ~(weights > 0.0)
        locator.refuse(spec.weight, wrong, what, marked("numbers above zero"), _CORRECT, option=_WHERE)
    pairs, first, which = np.unique(np.sort(written, axis=1), axis=0, return_index=True, return_inverse=True)
    which = which.ravel()
    what = marked("rows have another weight than the same pair has in an earlier row")
    expected = marked("one weight for a pair, whichever of the two comes first")
    hint = marked("neighbours are mutual: give the mean of both directions, or no weight")
    others = weights != weights[first[which]]
    locator.refuse(str(spec.weight), others, what, expected, hint, option=_WHERE)
    detail = Coded("{pairs} pairs of {entities} entities", pairs=len(pairs), entities=len(entities))
    return replace(
        table,
        contiguity=Contiguity(entities, pairs[:, 0], pairs[:, 1], weights[first], origin),
        sha256=hashlib.sha256(f"{table.sha256}{by_one.sha256}".encode()).hexdigest(),
        notes=(*table.notes, *_notes(written, which, pairs, entities, origin)),
        files=(*table.files, *by_one.files),
        records=(*table.records, StepRecord("contiguity", "neighbours", (origin,), Account(detail))),
    )


def match_notes(contiguity: Contiguity, labels: Sequence[str]) -> Iterator[Note]:
    """Yield which entities of a panel have no neighbours, and which of the file are not in the panel.

    Raises
    ------
    DataError
        Where no pair is of two entities of the panel.
    """
    known = set(labels)
    are_here = np.array([label in known for label in contiguity.entities], dtype=np.bool_)
    paired = are_here[contiguity.ones] & are_here[contiguity.others]
    if not paired.any():
        ours, theirs = (few([*map(repr, names)]) for names in (labels, contiguity.entities))
        what = Coded(
            "none of its {size} pairs is of two entities of the data, such as {ours}",
            size=contiguity.ones.size,
            ours=ours,
        )
        hint = marked("write both files with the same names or codes")
        where, expected = f"{contiguity.origin} ({_WHERE})", marked("entities as the data name them")
        raise DataError.at(where, Coded("{what}; it has {theirs}", what=what, theirs=theirs), expected, hint)
    at = np.unique(np.concatenate([contiguity.ones[paired], contiguity.others[paired]])).tolist()
    linked = {contiguity.entities[position] for position in at}
    alone = [label for label in labels if label not in linked]
    strange = [label for label in contiguity.entities if label not in known]
    if strange:
        message = Coded(
            "{strange} of its {entities} entities are not in the data; {sum} of its {size} pairs "
            "are dropped: {strange_2}.",
            strange=len(strange),
            entities=len(contiguity.entities),
            sum=int((~paired).sum()),
            size=paired.size,
            strange_2=few(strange),
        )
        yield Note("W-NEIGHBOURS", contiguity.origin, message)
    if alone:
        template = marked("{alone} of the {labels} entities in the data have no neighbours: {alone_2}.")
        message = Coded(template, alone=len(alone), labels=len(labels), alone_2=few(alone))
        yield Note("W-NEIGHBOURS", contiguity.origin, message)


def _notes(written: Ints, which: Ints, pairs: Ints, entities: Sequence[str], origin: str) -> Iterator[Note]:
    """Yield notes on repeated rows, and on pairs of one direction where others have both.

    Parameters
    ----------
    written : (n_rows, 2), positions of the entities as the file has them
    which : (n_rows,), position of the row's pair
    pairs : (n_pairs, 2), positions of the entities, each pair once
    """
    repeated = pd.DataFrame(written).duplicated().to_numpy()
    one_way = pairs[np.bincount(which[~repeated], minlength=len(pairs)) == 1]
    if repeated.any():
        names = _named(written[repeated], entities)
        template = marked("{sum} duplicate rows count once: {names}.")
        yield Note("W-NEIGHBOURS", origin, Coded(template, sum=int(repeated.sum()), names=names))
    if 0 < len(one_way) < len(pairs):
        message = Coded(
            "{one_way} of {pairs} pairs are listed in one direction only and are used in both: {names}.",
            one_way=len(one_way),
            pairs=len(pairs),
            names=_named(one_way, entities),
        )
        yield Note("W-NEIGHBOURS", origin, message)


def _named(pairs: Ints, entities: Sequence[str]) -> str:
    return few([f"{entities[one]} and {entities[other]}" for one, other in pairs.tolist()])

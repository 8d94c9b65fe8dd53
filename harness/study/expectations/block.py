"""The block ``expect:`` of a spec file: put into the file with every other byte left alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import Problem, SpecError
from harness.study.expectations.pin import Entry
from harness.study.spec.document import EXPECT, Document, read_document
from harness.study.spec.written import flow_text

INDENT = "  "


@dataclass(frozen=True)
class _Item:
    """An entry of the block: its first and last line, from 0, and whether it is pinned from a run."""

    first: int
    last: int
    is_pinned: bool


def new_block(entries: Sequence[Entry], *, end: str = "\n") -> str:
    """Return the whole block, one entry a line; lines end in `end`."""
    return "".join(
        f"{line}{end}" for line in [f"{EXPECT}:", *(f"{INDENT}- {flow_text(entry)}" for entry in entries)]
    )


def with_entries(path: Path, entries: Sequence[Entry], *, replace: bool) -> str:
    """Return the text of a spec file with entries added to its block, or with a new block at its end.

    Parameters
    ----------
    replace : whether the entries take the place of all that were pinned from a run before

    Raises
    ------
    SpecError
        Where the file is no spec, its block is not written with one entry a line, or numbers are pinned
        already and are not to be replaced.
    """
    document = read_document(path)
    text = path.read_bytes().decode("utf-8")
    end = "\r\n" if "\r\n" in text else "\n"
    text = text if text.endswith("\n") else text + end
    if document.root.child(EXPECT) is None:
        return text + end + new_block(entries, end=end)
    lines = text.splitlines(keepends=True)
    items = tuple(_items(document, lines))
    pinned = [item for item in items if item.is_pinned]
    if pinned and not replace:
        what = f"{len(pinned)} numbers are pinned from a run already"
        raise SpecError(Problem(document.place((EXPECT,)), what, hint="replace them with --replace"))
    dropped = {number for item in pinned for number in range(item.first, item.last + 1)}
    indent = lines[items[0].first].partition("-")[0]
    added = [f"{indent}- {flow_text(entry)}{end}" for entry in entries]
    after = items[-1].last + 1
    before = [line for number, line in enumerate(lines[:after]) if number not in dropped]
    return "".join([*before, *added, *lines[after:]])


def _items(document: Document, lines: Sequence[str]) -> Iterator[_Item]:
    """Yield the entries of the block; comments and empty lines between them belong to none."""
    block = document.root.child(EXPECT)
    content = block.content if block is not None and isinstance(block.content, tuple) else ()
    starts = [node.place.line - 1 for node in content]
    if not starts or any(not lines[start].lstrip().startswith("- ") for start in starts):
        what = "this block is not a list with each entry on a line of its own"
        expected = f"{EXPECT}:, and beneath it lines that start with a dash"
        raise SpecError(Problem(document.place((EXPECT,)), what, expected, "write it so, or remove it"))
    for node, start, stop in zip(content, starts, [*starts[1:], _end(document, lines)], strict=True):
        last = stop - 1
        while not lines[last].strip() or lines[last].lstrip().startswith("#"):
            last -= 1
        origin = node.child("from")
        yield _Item(start, last, is_pinned=origin is not None and origin.content == "run")


def _end(document: Document, lines: Sequence[str]) -> int:
    """Return the line, from 0, of the key that follows the block, or one more than the last."""
    keys = document.root.content
    spots = [node.place.line - 1 for node in keys.values()] if isinstance(keys, Mapping) else []
    start = document.find((EXPECT,)).line - 1
    return min((line for line in spots if line > start), default=len(lines))

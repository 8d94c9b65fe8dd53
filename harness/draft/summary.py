"""A draft in a few lines for the terminal: what was seen, chosen and left out, and how each is changed."""

from __future__ import annotations

from collections.abc import Iterator

from harness.draft.draft import Draft
from harness.draft.found_data import FoundData
from harness.draft.spec_text import flow


def summary(draft: Draft, found: FoundData) -> Iterator[str]:
    """Yield what a draft says of its data, a line each."""
    for part in ("entity", "time"):
        column = draft.columns[getattr(draft, part)]
        texts = sorted(column.texts)
        shown = f"{column.n_values:,} values, {texts[0]} to {texts[-1]}"
        yield f"{part}: '{column.name}' ({shown}); else say --{part} COLUMN"
    for entity, time in found.other_keys:
        if (entity, time) != (draft.entity, draft.time):
            said = f"say --entity '{entity}' --time '{time}'"
            yield f"in doubt: entity and time could be '{entity}' and '{time}' as well; if so, {said}"
    read = {name: value for name, value in found.said.items() if name != "merge"}
    for file in (read, *found.said.get("merge", ())):
        yield f"read: {flow(file)}"
    for sheet, reason in found.left_out.items():
        yield f"sheet '{sheet}' is left out: {reason}"
    yield f"controls: {', '.join(draft.controls) or 'none'}"
    for name, reason in draft.left_out.items():
        yield f"'{name}' is no control: {reason}"
    if draft.missing:
        counts = ", ".join(f"{name} {count:,}" for name, count in draft.missing.items())
        n_rows = draft.columns[draft.entity].codes.size
        yield f"rows left out for missing cells: {draft.n_incomplete:,} of {n_rows:,} ({counts})"
    if draft.levels:
        base, *others = draft.levels
        yield f"levels of '{draft.exposure}': base {base}, then {', '.join(others)}; else say --levels A,B"
    for keys in draft.absorbing:
        effects = " and ".join(sorted(keys))
        yield f"no debiased effect, and no fixed effects of {effects}: they determine '{draft.exposure}'"

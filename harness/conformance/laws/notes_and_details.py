"""What fits tell in words and tables: notes and details."""

from __future__ import annotations

import re
from typing import ClassVar

from harness.conformance.case import Case
from harness.conformance.law import Law
from harness.conformance.laws.capabilities import ABLE, not_declared
from harness.conformance.verdict import Broken
from harness.data.note import Note
from harness.estimators.protocol import HasDetails, HasNotes


class Notes(Law[Case]):
    """Notes have a stable code and a sentence."""

    name: ClassVar[str] = "notes"
    says: ClassVar[str] = "notes have a code such as W-ABSORBED and a sentence"
    needs: ClassVar[tuple[str, ...]] = ABLE

    def check(self, case: Case) -> str:
        """Read the notes of the ordinary fit, and of one whose last control does not vary."""
        last = case.panel.columns[-1]
        notes = []
        for fit in (case.fit, case.fitted(case.panel.with_column(last, 1.0))):
            if not isinstance(fit, HasNotes):
                raise not_declared(HasNotes)
            notes += list(fit.notes)
        for note in notes:
            if not isinstance(note, Note):
                raise Broken(f"a note is a {type(note).__name__}, not a harness.plugin.Note")
            if re.fullmatch(r"W-[A-Z0-9-]+", note.code) is None or not note.message:
                raise Broken(f"this note has no code such as W-ABSORBED, or no words: {note}")
        return ", ".join(sorted({note.code for note in notes})) or "none on an ordinary panel"


class Details(Law[Case]):
    """Tables of a fit have names for files and columns of one length."""

    name: ClassVar[str] = "details"
    says: ClassVar[str] = "tables of a fit have names that can be file names, and columns of one length"
    needs: ClassVar[tuple[str, ...]] = ABLE

    def check(self, case: Case) -> str:
        """Read the tables of the ordinary fit."""
        if not isinstance(case.fit, HasDetails):
            raise not_declared(HasDetails)
        tables = case.fit.details()
        for name, columns in tables.items():
            if re.fullmatch(r"[a-z0-9_]{1,64}", name) is None:
                raise Broken(f"the table {name!r} has a name that is not made of a-z, 0-9 and _")
            lengths = {column: len(values) for column, values in columns.items()}
            if len(set(lengths.values())) != 1:
                raise Broken(f"the table {name!r} has columns of different lengths, or none: {lengths}")
            if taken := {"outcome", "estimator"} & set(columns):
                raise Broken(f"the table {name!r} has a column that the harness adds: {', '.join(taken)}")
        return ", ".join(sorted(tables))

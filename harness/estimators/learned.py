"""A fit without coefficients, as a script shows it."""

from __future__ import annotations

from harness.estimators.protocol import HasDetails, HasNotes
from harness.terminal import echo


class LearnedFit:
    """A fit that displays what its search chose; a dataclass that inherits from it needs ``repr=False``."""

    def summary(self) -> None:
        """Print what was chosen on the selection rows, and notes."""
        echo(repr(self))

    def __repr__(self) -> str:
        search = self.details().get("search", {}) if isinstance(self, HasDetails) else {}
        is_chosen = list(search.get("chosen", ()))
        at = is_chosen.index(True) if True in is_chosen else None
        entries = [(name, own[at]) for name, own in search.items() if at is not None and name != "chosen"]
        chosen = [f"{name} {one:.4g}" if isinstance(one, float) else f"{name} {one}" for name, one in entries]
        notes = [note.message for note in self.notes] if isinstance(self, HasNotes) else []
        return "\n".join([f"{type(self).__name__}({', '.join(chosen)})", *notes])

"""What a rule on the rows of a run is: the harness's own, and those that plugins bring for their tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from harness.findings.run import Run
from harness.findings.sentence import Sentence
from harness.registry.catalog import Kind, NamedObject
from harness.tables.findings import FindingRow


@dataclass(frozen=True)
class Rule:
    """What is found in the tables of a run for one outcome.

    Attributes
    ----------
    name : unique; letters, digits and underscores
    find : yields the findings of an outcome, given the manifest and the tables of a run, and nothing else
    tables : names of result tables; where none of them has a row it finds nothing and is not asked. With none
        named it is asked of every run
    codes : its sentences, each with its message in English, whose fields are those of the sentence
    """

    name: str
    find: Callable[[Run, str], Iterable[FindingRow]]
    tables: tuple[str, ...] = ()
    codes: Mapping[type[Sentence], str] = field(default_factory=dict)

    def findings(self, run: Run, outcome: str) -> Iterator[FindingRow]:
        """Yield the findings on an outcome."""
        if not self.tables or any(len(run.frame(table)) for table in self.tables):
            yield from self.find(run, outcome)


RULE: Kind[Rule] = Kind("rule", "findings", NamedObject(("find",), ("tables", "codes")))

"""What came of a fit on some rows and of the blocks of its draws."""

from __future__ import annotations

from dataclasses import dataclass

from harness.data.note import Note
from harness.estimators.guard import Attempt, Status
from harness.scenarios.blocks import BlockResult, OwnDraws, Source, of_all_draws
from harness.scenarios.numbers import FitAndDraws, mean_of_draws
from harness.scenarios.sample_fit import SampleFitResult


@dataclass(frozen=True, eq=False)
class FoundBlock:
    """What some draws answered, whose they are, and to which scenarios."""

    source: Source
    scenarios: frozenset[str]
    result: BlockResult


@dataclass(frozen=True, eq=False)
class SampleFound:
    """What came of the tasks of a fit on some rows, in their order."""

    fit: SampleFitResult
    blocks: tuple[FoundBlock, ...]

    def numbers(self, scenario: str) -> Attempt[FitAndDraws]:
        """Return what the fit and its draws answered to a scenario."""
        own = self.fit.numbers.get(scenario)
        if own is not None and (own.value is None or self.fit.carries_draws):
            return own
        blocks = [block.result for block in self.blocks if scenario in block.scenarios]
        if (own is None and not self.fit.carries_draws) or not blocks:
            return Attempt(None, self.fit.status, self.fit.reason)
        drawn = of_all_draws(blocks, scenario)
        if drawn.value is None:
            return Attempt(None, drawn.status, drawn.reason)
        fit = own.value.fit if own is not None and own.value is not None else mean_of_draws(drawn.value)
        return Attempt(FitAndDraws(fit, drawn.value), "ok", "")

    @property
    def own_blocks(self) -> tuple[BlockResult, ...]:
        """The blocks of the draws that the fit is the mean of."""
        return tuple(block.result for block in self.blocks if isinstance(block.source, OwnDraws))

    @property
    def how(self) -> tuple[Status, str]:
        """Status and reason of the fit, of which its own draws are a part."""
        if self.fit.status == "ok":
            for block in self.own_blocks:
                if block.status != "ok":
                    return block.status, block.reason
        return self.fit.status, self.fit.reason

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the fit and its own draws have to say, each once."""
        said = [*self.fit.tables.notes, *(note for block in self.own_blocks for note in block.notes)]
        return tuple(dict.fromkeys(said))

    @property
    def seconds(self) -> float:
        """Of the fit and of all its blocks."""
        return self.fit.seconds + sum(block.result.seconds for block in self.blocks)

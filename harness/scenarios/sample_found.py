"""What came of a fit on some rows and of the blocks of its draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.estimators.guard import Attempt, Status
from harness.scenarios.blocks import BlockResult, of_all_draws
from harness.scenarios.draw_source import DrawSource, OwnDraws, ScenarioDraws, draws_of_all
from harness.scenarios.draws import FitAndDraws, Numbers, mean_of_draws
from harness.scenarios.sample_fit import SampleFitResult
from harness.scenarios.subsample import rates, told
from harness.tables.preparation import Note


@dataclass(frozen=True, eq=False)
class FoundBlock:
    """What some draws answered, whose they are, and to which scenarios."""

    source: DrawSource
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
        if own is None or own.value is None:
            drawn = of_all_draws(blocks, scenario)
            if drawn.value is None:
                return Attempt(None, drawn.status, drawn.reason)
            return Attempt(FitAndDraws(mean_of_draws(drawn.value), drawn.value), "ok", "")
        found = self._drawn(scenario)
        for answer in found.values():
            if answer.value is None:
                return Attempt(None, answer.status, answer.reason)
        pairs = [(source, answer.value) for source, answer in found.items() if answer.value is not None]
        return Attempt(FitAndDraws(own.value.fit, draws_of_all(own.value.fit, pairs)), "ok", "")

    def _drawn(self, scenario: str) -> Mapping[ScenarioDraws, Attempt[Numbers]]:
        """Return what the draws that a scenario asked for answered, by whose they are."""
        blocks: dict[ScenarioDraws, list[BlockResult]] = {}
        for block in self.blocks:
            if scenario in block.scenarios and isinstance(block.source, ScenarioDraws):
                blocks.setdefault(block.source, []).append(block.result)
        return {source: of_all_draws(own, scenario) for source, own in blocks.items()}

    @property
    def subsample_notes(self) -> tuple[Note, ...]:
        """On how many entities draws were trained, where not on all, a note for each scenario."""
        names = dict.fromkeys(name for block in self.blocks for name in sorted(block.scenarios))
        found = []
        for name in names:
            drawn = self._drawn(name)
            some = [(source, answer.value) for source, answer in drawn.items() if answer.value is not None]
            somes = [source.some for source, _ in some if source.some is not None]
            if len(somes) == len(drawn) > 1:
                powers = rates([numbers for _, numbers in some], somes)
                found.append(told(name, somes, powers))
        return tuple(found)

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

"""The spec of a suite, as frozen types."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from harness.errors import near_names
from harness.study.spec.document import Document, read_document
from harness.study.spec.entry import entry_ids
from harness.study.spec.error_messages import mistakes_of
from harness.study.spec.node import Loc, Mistake, spec_error
from harness.study.spec.printed import SpecModel
from harness.study.spec.schema_text import Expected
from harness.study.spec.study import Slug

SUITE_VERSION = 1

Over = Literal["pooled", "two_way", "simple"]
OVERS: tuple[Over, ...] = ("pooled", "two_way", "simple")
"""What gains are over: pooled least squares, two-way effects, and on each panel the best simple rival."""

Version = Annotated[int, Field(ge=SUITE_VERSION, le=SUITE_VERSION)]

Written = str | Mapping[str, Any]
"""A choice as a spec writes it: its name, or a mapping with ``use:``; each study's spec checks it."""


class SuiteStudy(SpecModel):
    """One study of a suite.

    Attributes
    ----------
    spec : file of the study, relative to that of the suite
    protocols : asked of this panel in the place of the suite's, where it is too short for some
    panels : of a simulated panel, how many are drawn, with the seeds 1, 2 and so on
    """

    spec: str
    protocols: tuple[Written, ...] = ()
    panels: Annotated[int, Field(ge=1, le=1000)] = 1


class Suite(SpecModel):
    """Many studies that answer one question.

    Attributes
    ----------
    suite_version : version of this format
    suite : short name, used in file names
    edition : of the suite; results name it, and results of different editions are not compared
    title : heading of the report
    description : what the suite asks
    seed : root of all randomness, the same for all studies
    estimators : what is compared, in the place of each spec's own
    protocols : how rows are split, in the place of each spec's own
    pooled, two_way : ids of pooled least squares and of two-way fixed effects, which gains are over
    simple : ids of the rivals that the best is taken of; all other estimators are flexible
    curvature : id of the estimator whose gain over `pooled` says how curved a panel is; empty for none
    level : nominal coverage of the intervals
    draws : bootstrap draws of the intervals
    studies : in the order of the report
    """

    suite_version: Version
    suite: Slug
    edition: str
    title: str
    description: str = ""
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 1
    estimators: Annotated[tuple[Written, ...], Field(min_length=2)]
    protocols: Annotated[tuple[Written, ...], Field(min_length=1)]
    pooled: str
    two_way: str
    simple: Annotated[tuple[str, ...], Field(min_length=1)]
    curvature: str = ""
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    draws: Annotated[int, Field(ge=100, le=100_000)] = 1000
    studies: Annotated[tuple[SuiteStudy, ...], Field(min_length=1)]

    @property
    def estimator_ids(self) -> tuple[str, ...]:
        """Ids of the estimators, in their order."""
        return tuple(str(name) for name in entry_ids([_plain(entry) for entry in self.estimators]))

    @property
    def flexible(self) -> tuple[str, ...]:
        """Ids of the estimators that are no simple rivals."""
        return tuple(name for name in self.estimator_ids if name not in self.simple)

    def comparisons(self) -> Iterator[tuple[str, Over, tuple[str, ...]]]:
        """Yield every estimator with what it is compared with: the best of these references."""
        references = {"pooled": (self.pooled,), "two_way": (self.two_way,), "simple": self.simple}
        for estimator in self.estimator_ids:
            for over in OVERS:
                if estimator not in references[over]:
                    yield estimator, over, references[over]

    @property
    def labels(self) -> Mapping[str, str]:
        """How each estimator is called, by its id."""
        written = zip(self.estimator_ids, self.estimators, strict=True)
        return {
            name: str(entry.get("label", name)) if isinstance(entry, Mapping) else name
            for name, entry in written
        }


@dataclass(frozen=True)
class LoadedSuite:
    """A suite and the document it was read from."""

    suite: Suite
    document: Document

    @property
    def folder(self) -> Path:
        """Folder that the specs of its studies are found from."""
        return self.document.path.resolve().parent


def load_suite(path: Path) -> LoadedSuite:
    """Read a suite.

    Raises
    ------
    SpecError
        With every mistake of the file: its place, what was found, what is expected and a hint.
    """
    document = read_document(path)
    try:
        suite = Suite.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as error:
        expected = Expected(Suite.model_json_schema(), document.data)
        mistakes = mistakes_of(error.errors(include_url=False), document, expected)
        raise spec_error([*document.flaws, *mistakes]) from error
    mistakes = [*document.flaws, *_strangers(suite, document)]
    if mistakes:
        raise spec_error(mistakes)
    return LoadedSuite(suite, document)


def _plain(entry: Written) -> Any:  # noqa: ANN401 - as a spec writes it
    return dict(entry) if isinstance(entry, Mapping) else entry


def _strangers(suite: Suite, document: Document) -> Iterator[Mistake]:
    """Yield the names of estimators that the suite does not have."""
    known = suite.estimator_ids
    named: list[tuple[Loc, str]] = [(("pooled",), suite.pooled), (("two_way",), suite.two_way)]
    named += [(("simple", at), name) for at, name in enumerate(suite.simple)]
    named += [(("curvature",), suite.curvature)] if suite.curvature else []
    for loc, name in named:
        if name not in known:
            what = f"the suite has no estimator '{name}'"
            hint = near_names(name, known) or "name the id of one of the suite's estimators"
            yield Mistake(document.find(loc), what, ", ".join(known), hint)

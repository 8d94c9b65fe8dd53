"""The spec of a suite, as frozen types, and from it the runs of its studies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from harness.data.read.source import DATASET, ComesWithPackage
from harness.data.shipped import installs
from harness.errors import SpecError, near_names
from harness.language import Coded, marked, quoted
from harness.registry.registry import Registry
from harness.running.options import RunOptions
from harness.study.spec.document import Document, read_document, read_spec
from harness.study.spec.entry import entry_ids
from harness.study.spec.load import mistakes_of
from harness.study.spec.printed import SpecModel
from harness.study.spec.reader import Loc, Mistake, Place, parse_yaml, spec_error
from harness.study.spec.schema_text import Expected
from harness.study.spec.study import Slug

SUITE_VERSION = 1

Over = Literal["pooled", "two_way", "simple"]

# What gains are over: pooled least squares, two-way effects, and on each panel the best simple rival.
OVERS: tuple[Over, ...] = ("pooled", "two_way", "simple")

Version = Annotated[int, Field(ge=SUITE_VERSION, le=SUITE_VERSION)]

# A choice as a spec writes it: its name, or a mapping with ``use:``; each study's spec checks it.
Written = str | Mapping[str, Any]


class SuiteStudy(SpecModel):
    """One study of a suite.

    Attributes
    ----------
    spec : file of the study, relative to that of the suite
    protocols : asked of this panel instead of the suite's, where it is too short for some
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
    estimators : what is compared, instead of each spec's own
    protocols : how rows are split, instead of each spec's own
    pooled, two_way : ids of pooled least squares and of two-way fixed effects, which gains are over
    simple : ids of the rivals that the best is taken of; all other estimators are flexible
    rival : id of the one among `simple` that stands for the best, since it chooses within the training rows;
        empty for the one with the least error on each panel's test rows
    network : id of the one estimator that the suite's question is about, named before anything is run; empty
        for none
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
    rival: str = ""
    network: str = ""
    curvature: str = ""
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    draws: Annotated[int, Field(ge=100, le=100_000)] = 1000
    studies: Annotated[tuple[SuiteStudy, ...], Field(min_length=1)]

    @property
    def estimator_ids(self) -> tuple[str, ...]:
        """Ids of the estimators, in their order."""
        plain = [dict(entry) if isinstance(entry, Mapping) else entry for entry in self.estimators]
        return tuple(str(name) for name in entry_ids(plain))

    @property
    def flexible(self) -> tuple[str, ...]:
        """Ids of the estimators that are no simple rivals."""
        return tuple(name for name in self.estimator_ids if name not in self.simple)

    def comparisons(self) -> Iterator[tuple[str, Over, tuple[str, ...]]]:
        """Yield every estimator with what it is compared with: the best of these references."""
        simple = (self.rival,) if self.rival else self.simple
        references: Mapping[Over, tuple[str, ...]] = {
            "pooled": (self.pooled,),
            "two_way": (self.two_way,),
            "simple": simple,
        }
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
    loaded = LoadedSuite(suite, document)
    mistakes = [*document.flaws, *_strangers(suite, document), *_namesakes(loaded)]
    if mistakes:
        raise spec_error(mistakes)
    return loaded


def _namesakes(loaded: LoadedSuite) -> Iterator[Mistake]:
    """Yield the studies that have the name of an earlier one, which would share its folder and its rows."""
    first: dict[str, int] = {}
    for index, entry in enumerate(loaded.suite.studies):
        shared = [name for name in _names(entry) if first.setdefault(name.casefold(), index) != index]
        if shared:
            earlier = first[shared[0].casefold()]
            other = loaded.document.place(("studies", earlier, "spec"))
            what = Coded(
                "'{spec}' is called '{shared}', as is {other}", spec=entry.spec, shared=shared[0], other=other
            )
            place = loaded.document.find(("studies", index, "spec"))
            yield Mistake(
                place, what, marked("files whose names differ"), marked("rename one of the two files")
            )


def _names(entry: SuiteStudy) -> tuple[str, ...]:
    """Return the names of a study's panels, of a study with one panel its own."""
    stem = Path(entry.spec).stem.replace("_", "-")
    width = len(str(entry.panels))
    return (
        (stem,)
        if entry.panels == 1
        else tuple(f"{stem}-{seed:0{width}d}" for seed in range(1, entry.panels + 1))
    )


def _strangers(suite: Suite, document: Document) -> Iterator[Mistake]:
    """Yield the names of estimators that the suite does not have."""
    known = suite.estimator_ids
    named: list[tuple[Loc, str]] = [(("pooled",), suite.pooled), (("two_way",), suite.two_way)]
    named += [(("simple", at), name) for at, name in enumerate(suite.simple)]
    named += [((key,), name) for key in ("rival", "network", "curvature") if (name := getattr(suite, key))]
    for loc, name in named:
        if name not in known:
            what = Coded("the suite has no estimator '{name}'", name=name)
            hint = near_names(name, known) or marked("name the id of one of the suite's estimators")
            yield Mistake(document.find(loc), what, ", ".join(known), hint)


# Parts of a spec that speak of its own estimators, and what a suite puts in their place.
OWN_PARTS: Mapping[str, object] = {
    "claims": [],
    "identities": [],
    "counterparts": {},
    "left_open": [],
    "conclusions": [],
    "multiverse": None,
    "method_ladder": None,
}


@dataclass(frozen=True)
class StudyRun:
    """A study as a suite runs it.

    Attributes
    ----------
    id : its name within the suite, and of its run folder
    options : of its run
    """

    id: str
    options: RunOptions


@dataclass(frozen=True)
class LeftOut:
    """A study that cannot be run here.

    Attributes
    ----------
    study : its name within the suite
    reason : what is missing
    remedy : how to get it
    """

    study: str
    reason: str
    remedy: str

    @property
    def message(self) -> str:
        """The line of the terminal that names it, with reason and remedy."""
        study, reason, remedy = quoted(self.study), self.reason, self.remedy
        return Coded("left out: {study}, {reason}; {remedy}", study=study, reason=reason, remedy=remedy)


def with_estimators(suite: Suite, written: Sequence[str]) -> Suite:
    """Return the suite with further estimators, each written as an entry of a spec.

    Parameters
    ----------
    written : ``lightgbm`` or ``{id: deep, use: mlp, hidden: [32]}``

    Raises
    ------
    SpecError
        Where one cannot be read, or has the id of another.
    """
    for text in written:
        suite = with_entry(suite, _entry(text), f"--estimator {text}")
    return suite


def with_entry(suite: Suite, entry: object, where: str) -> Suite:
    """Return the suite with one more estimator.

    Parameters
    ----------
    entry : as a spec has it
    where : that messages call it

    Raises
    ------
    SpecError
        Where it is no estimator, or has the id of another.
    """
    if not id_of(entry) or not isinstance(entry, str | Mapping):
        raise SpecError.at(where, marked("this is no estimator"), marked("a name, or a mapping with `use:`"))
    wider = suite.model_copy(update={"estimators": (*suite.estimators, entry)})
    if id_of(entry) in suite.estimator_ids:
        what = Coded("the suite already has an estimator '{id_of}'", id_of=id_of(entry))
        hint = Coded("write {{id: {other}, use: {name}}}", other="OTHER", name="NAME")
        raise SpecError.at(where, what, hint=hint)
    return wider


def id_of(entry: object) -> str:
    """Return the id of an estimator as a spec writes it; empty where it is none."""
    plain = dict(entry) if isinstance(entry, Mapping) else entry
    (name,) = entry_ids([plain]) if isinstance(plain, dict | str) else ("",)
    return str(name or "")


def _entry(text: str) -> Written:
    place = Place(f"--estimator {text}")
    parsed = parse_yaml(text, place)
    if parsed.flaws:
        raise spec_error(parsed.flaws)
    entry = parsed.root.plain()
    return entry if isinstance(entry, str | Mapping) else {}


def studies_of(
    loaded: LoadedSuite, options: RunOptions, registry: Registry, *, only: Sequence[str] = ()
) -> tuple[tuple[StudyRun, ...], tuple[LeftOut, ...]]:
    """Return the studies of a suite that can be run here, and why the others cannot.

    Parameters
    ----------
    options : of each run, without its spec and overrides
    only : ids of the studies to run; none for all

    Raises
    ------
    SpecError
        Where a study is not there, or a spec cannot be read.
    """
    named = list(_named(loaded))
    known = [name for name, _, _ in named]
    for name in only:
        if name not in known:
            hint = near_names(name, known) or marked("name one of these")
            raise SpecError.at(
                "--only", Coded("the suite has no study '{name}'", name=name), ", ".join(known), hint
            )
    runs, left_out = [], []
    for name, entry, seed in named:
        if only and name not in only:
            continue
        path, here = loaded.document.path.resolve().parent / entry.spec, Path.cwd()
        spec = read_spec(path).data
        missing = _missing(name, spec, registry)
        if missing is not None:
            left_out.append(missing)
            continue
        changes = _changes(loaded.suite, entry, spec, seed=seed)
        overrides = tuple(f"{key}={json.dumps(value)}" for key, value in changes.items())
        # As a user would write it here: relative where it lies below the current folder.
        shown = path.relative_to(here) if path.is_relative_to(here) else path
        runs.append(StudyRun(name, replace(options, spec=shown, out=None, overrides=overrides)))
    return tuple(runs), tuple(left_out)


def _named(loaded: LoadedSuite) -> Iterator[tuple[str, SuiteStudy, int | None]]:
    """Yield every study with its name and, where several are drawn of one, the seed."""
    for entry in loaded.suite.studies:
        for seed, name in enumerate(_names(entry), start=1):
            yield name, entry, seed if entry.panels > 1 else None


def _missing(name: str, spec: Mapping[str, Any], registry: Registry) -> LeftOut | None:
    data = spec.get("data")
    dataset = registry.of(DATASET).get(data.get("dataset", "")) if isinstance(data, Mapping) else None
    if isinstance(dataset, ComesWithPackage) and not dataset.is_installed:
        reason = Coded("its data come with the package {package}", package=quoted(dataset.package))
        return LeftOut(name, reason, installs(dataset.package))
    return None


def _changes(
    suite: Suite, entry: SuiteStudy, spec: Mapping[str, Any], *, seed: int | None
) -> Mapping[str, object]:
    """Return what a suite changes of a spec, by key: what is compared and how, and nothing of the panel."""
    evaluation = {
        "reference": suite.pooled,
        "protocols": list(entry.protocols or suite.protocols),
        "level": suite.level,
    }
    return {
        **({} if seed is None else {"data.simulate.seed": seed}),
        "seed": suite.seed,
        "estimators": list(suite.estimators),
        "evaluation": evaluation,
        "scenarios": [],
        "report": {"formats": ["html"]},
        **{key: value for key, value in OWN_PARTS.items() if key in spec},
    }

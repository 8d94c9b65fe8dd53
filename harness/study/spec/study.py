"""The spec of one study, as frozen types."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import InitErrorDetails

from harness.data.data_spec import DataSpec, Roles
from harness.data.name import OneOrMany, as_entries
from harness.language import ENGLISH, languages, marked
from harness.registry.catalog import Choose
from harness.study.expectations.claim import Counterparts, Identity, OpenQuestion, PublishedConclusion
from harness.study.expectations.curve_claim import AnyClaim
from harness.study.expectations.expectation import AnyExpectation
from harness.study.spec.entry import EstimatorEntry, MetricEntry, ProtocolEntry, ScenarioEntry
from harness.study.spec.printed import SpecModel, refused
from harness.study.spec.schema_text import FILLED_IN, WORDS

SPEC_VERSION = 1

# Annotation of a field that a spec may leave out, since the loader fills it in (see `with_defaults`).
FILLED = Field(json_schema_extra={FILLED_IN: True})

# Not a Literal, to which true and 1.0 are equal.
Version = Annotated[int, Field(ge=SPEC_VERSION, le=SPEC_VERSION, json_schema_extra={"const": SPEC_VERSION})]

Slug = Annotated[
    str, Field(pattern="^[a-z0-9-]{1,64}$", json_schema_extra={WORDS: "1 to 64 characters of a-z, 0-9 and -"})
]

# What a report is asked for in.
ReportFormat = Literal["html", "latex", "docx", "markdown"]


def _there_is_a_catalog(language: str) -> str:
    """Refuse a language without a catalog."""
    if language not in languages():
        raise refused(f"unknown language '{language}'", ", ".join(languages()))
    return language


# The only sequence of tables that a paper can be asked for in.
STANDARD = "standard"

# What stands in brackets beneath an estimate in tables for a paper.
Brackets = Literal["std_error", "t"]


def _each_below_the_last(levels: tuple[float, ...]) -> tuple[float, ...]:
    """Refuse levels that do not fall: a further star is for a smaller p-value."""
    if any(second >= first for first, second in pairwise(levels)):
        raise refused("levels of stars fall from the first to the last", "such as [0.1, 0.05]")
    return levels


Stars = Annotated[
    tuple[Annotated[float, Field(gt=0, lt=1)], ...], AfterValidator(_each_below_the_last), Field(max_length=3)
]

Language = Annotated[
    str,
    AfterValidator(_there_is_a_catalog),
    Field(json_schema_extra={"enum": list(languages()), WORDS: f"one of {', '.join(languages())}"}),
]


class Author(SpecModel):
    """An author of the study, for the README and the metadata of a deposit.

    Attributes
    ----------
    name : family name, given names
    affiliation : university or institute
    orcid : identifier at orcid.org, 16 digits in groups of four
    email : where readers can write to; the first one given is the contact of a deposit
    """

    name: Annotated[str, Field(min_length=1)]
    affiliation: str = ""
    orcid: Annotated[
        str,
        Field(
            pattern=r"^(\d{4}-\d{4}-\d{4}-\d{3}[\dX])?$",
            json_schema_extra={WORDS: "an ORCID such as 0000-0002-1825-0097"},
        ),
    ] = ""
    email: str = ""


class Variable(SpecModel):
    """How tables and figures call a column.

    Attributes
    ----------
    label : words for the column's name
    unit : of its values; empty for a number without one
    plural : label of several, of the column of entities; empty for English words by rule
    step : change of an exposure, in its unit, by which sentences state effects; without it the standard
        deviation over time within entities
    """

    label: str = ""
    unit: str = ""
    plural: str = ""
    step: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class MultiverseSpec(SpecModel):
    """Every combination of references, protocols, samples, options and seeds, for one estimator.

    Attributes
    ----------
    estimator : id of the estimator whose gain is taken
    vary : values to try for options of that estimator
    controls : numbers of controls to try, the first so many in the order of the roles, of the estimator and
        of the references alike; all where left out
    seeds : number of random seeds to try
    references : ids of the estimators that gains are over
    """

    estimator: str
    vary: Mapping[str, Annotated[tuple[str | bool | int | float, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    controls: tuple[Annotated[int, Field(ge=0)], ...] = ()
    seeds: Annotated[int, Field(ge=1, le=100)] = 1
    references: Annotated[tuple[str, ...], Field(min_length=1), OneOrMany()]

    def quick(self) -> Self:
        """Return a copy with at most two seeds, and of numbers of controls the first and the last."""
        controls = tuple(dict.fromkeys((*self.controls[:1], *self.controls[-1:])))
        return self.model_copy(update={"seeds": min(self.seeds, 2), "controls": controls})


class LadderChange(SpecModel):
    """One change of a ladder of methods.

    Attributes
    ----------
    change : the option that is changed, ``base.hidden`` one of the nested estimator; ``protocol``, under
        which gains are taken; or ``splits``, how many of its splits
    to : its new value; of ``splits``, ``all`` or a number
    label : how the report calls the change; option and value where empty
    """

    change: Annotated[str, Field(min_length=1)]
    to: str | bool | int | float | tuple[str, ...]
    label: str = ""


class MethodLadderSpec(SpecModel):
    """From one method to another, one change at a time.

    Attributes
    ----------
    start : the method that the changes begin at, an estimator with its options
    label : how the report calls it
    protocol : id of the protocol that its gains are taken under
    splits : the first so many splits of that protocol; all where left out
    unseen : id of the protocol whose gains stand beside these at every step
    changes : one after the other, each kept by those that follow
    outcomes : of which the ladder is made; all unless given, of a quick run the first of them alone
    """

    start: Annotated[Any, Choose("estimator")]
    label: str = ""
    protocol: str
    splits: Annotated[int, Field(ge=1)] | None = None
    unseen: str
    changes: Annotated[tuple[LadderChange, ...], Field(min_length=1)]
    outcomes: Annotated[tuple[str, ...], OneOrMany()] = ()


class EvaluationSpec(SpecModel):
    """How the estimators are compared.

    Attributes
    ----------
    reference : id of the estimator that gains are over; the first one unless given, of the ladder the first
        that uses regressors
    further_references : ids of estimators that gains are over as well, such as fixed effects beside pooled
        OLS, in tables and verdicts of their own
    protocols : how rows are split and models selected; unless given ``in_sample``, ``held_out_entities`` and
        ``forward``
    metrics : losses beside squared error that estimators are compared by
    level : nominal coverage of the intervals of gains
    least_gain : fraction of the reference's error from which on a gain matters: one whose interval ends below
        is said to be none by more
    prediction_intervals : whether predictions of entities never seen are written with limits that hold nine
        tenths of their rows, calibrated on whole entities
    """

    reference: Annotated[str, FILLED]
    further_references: Annotated[tuple[str, ...], OneOrMany()] = ()
    protocols: Annotated[tuple[ProtocolEntry, ...], Field(min_length=1), BeforeValidator(as_entries), FILLED]
    metrics: Annotated[tuple[MetricEntry, ...], BeforeValidator(as_entries)] = ()
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    least_gain: Annotated[float, Field(ge=0, lt=1)] = 0.1
    prediction_intervals: bool = False

    @property
    def references(self) -> tuple[str, ...]:
        """All estimators that gains are over, `reference` first."""
        return (self.reference, *self.further_references)


class ReportSpec(SpecModel):
    """What is written for readers.

    Attributes
    ----------
    formats : a report for the browser, tables for a paper in LaTeX, coefficients for Word, published tables
        and figures beside those of the run in Markdown
    language : of all that is read: ``en``, or another that there is a catalog of
    featured : ids of the estimators that groups, surfaces and outcomes side by side are shown of; left out,
        the one that stands for the published curves, or the last, and the reference
    brackets : what stands beneath an estimate in tables for a paper: its standard error or test statistic
    stars : levels of p-values below which an estimate there has one star, two, three; empty for none. No
        sentence of the report goes by them
    """

    formats: Annotated[tuple[ReportFormat, ...], OneOrMany()] = ("html", "latex")
    language: Language = ENGLISH
    featured: Annotated[tuple[str, ...], OneOrMany()] = ()
    brackets: Brackets = "std_error"
    stars: Stars = ()


def _consistent(roles: Roles) -> Roles:
    """Refuse columns whose roles contradict each other, all at once."""
    expected, hint = marked("one part for each column"), marked("remove it from one of the two")
    faults = [
        InitErrorDetails(type=refused(what, expected, hint), loc=(part,), input=part)
        for part, what in roles.contradictions()
    ]
    if faults:
        raise ValidationError.from_exception_data("roles", faults)
    return roles


class Study(SpecModel):
    """One study.

    Attributes
    ----------
    spec_version : version of this format
    study : short name, used in file names
    title : heading of the report; the short name unless given
    description : what the study asks, for the report
    authors : of the study, for a deposit
    licence : terms under which its spec and results may be used, such as ``CC-BY-4.0``, for a deposit
    keywords : by which others find it, for a deposit
    seed : root of all randomness; 1 unless given
    data : where the rows come from and how they are prepared
    roles : which column is what
    variables : labels and units of columns, by name
    estimators : what is compared
    evaluation : how it is compared
    multiverse : choices under whose combinations the gain of one estimator is computed
    method_ladder : changes, one at a time, that lead from one method to another
    scenarios : what every estimator is asked about the effect
    claims : what was published, to be set beside what this run gives
    identities : outcomes that are products of other columns, for checks of the claims
    counterparts : what is set next to the published estimators and protocols, corrected
    left_open : what the publication does not say, and what this study takes
    conclusions : what the publication concludes, beside how many of the claims behind it hold
    expect : numbers that a run of the study must reproduce, for tests
    data_are_published : whether the rows are those of the publication; only then are claims compared
    paper : ``standard`` asks for what a paper of this field reports, where the spec does not ask itself:
        regressions with and without controls and under robustness checks, a debiased effect, its curve,
        heterogeneity by text columns, tables in the order of a paper
    report : what is written for readers
    """

    spec_version: Version
    study: Slug
    title: Annotated[str, FILLED]
    description: str = ""
    authors: tuple[Author, ...] = ()
    licence: str = ""
    keywords: Annotated[tuple[str, ...], OneOrMany()] = ()
    seed: Annotated[int, Field(ge=0, le=2**63 - 1), FILLED]
    data: DataSpec
    roles: Annotated[Roles, AfterValidator(_consistent)]
    variables: Mapping[str, Variable] = Field(default_factory=dict)
    estimators: Annotated[tuple[EstimatorEntry, ...], Field(min_length=1), BeforeValidator(as_entries)]
    evaluation: Annotated[EvaluationSpec, FILLED]
    multiverse: MultiverseSpec | None = None
    method_ladder: MethodLadderSpec | None = None
    scenarios: Annotated[tuple[ScenarioEntry, ...], BeforeValidator(as_entries)] = ()
    claims: tuple[AnyClaim, ...] = ()
    identities: tuple[Identity, ...] = ()
    counterparts: Counterparts = Counterparts()
    left_open: tuple[OpenQuestion, ...] = ()
    conclusions: tuple[PublishedConclusion, ...] = ()
    expect: tuple[AnyExpectation, ...] = ()
    data_are_published: bool = False
    paper: Literal["standard"] | None = None
    report: ReportSpec = ReportSpec()

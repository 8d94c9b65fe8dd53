"""Published numbers by table and figure: how each stands, what cannot be right, and why numbers differ."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.findings.run import Run, errors_of
from harness.language import marked, rendered, topic
from harness.record.manifest import EstimatorRecord, ProtocolRecord, StudyRecord
from harness.report import blocks
from harness.study.expectations.claim import OpenQuestion, PublishedConclusion
from harness.study.spec.printed import Interval
from harness.tables.claims import CLAIMS, CONTRADICTING, VERDICTS, ClaimRow
from harness.tables.gain import GAIN
from harness.tables.table import grouped
from harness.text.numbers import MISSING, count, fixed, percent, significant
from harness.text.plain_text import capitalised, in_turn, joined, listed

gettext = topic("report.published")


# Quantities that are shares, shown in per cent; shapes in words are in run folders of format 12 and before.
FRACTIONS = frozenset(
    {
        *("gain", "direction", "pace", "band", "order", "effect_sign", "effect_trend", "shape"),
        *("level_range", "choice"),
    }
)

# Quantities of claims that are of a sample, and the samples.
ERROR = "mse"
OF_SAMPLES = frozenset({ERROR, "gain"})
SAMPLES = (("train", marked("training rows")), ("test", marked("test rows")), ("all", marked("all rows")))

# Between the parts of a reason.
BETWEEN = re.compile(r"[:;] |[：；]")


def published_text(row: ClaimRow) -> str:
    """Return the published number with the decimals it was printed with."""
    if row.quantity in FRACTIONS:
        return percent(row.published, max(0, row.digits - 2) if row.digits is not None else 0)
    return significant(row.published) if row.digits is None else fixed(row.published, max(0, row.digits))


def claim_number(row: ClaimRow, value: float) -> str:
    """Return another number of a claim's kind, such as this run's."""
    if not math.isfinite(value):
        return MISSING
    return percent(value, 2) if row.quantity in FRACTIONS else significant(value)


def of_which(number: str, which: str) -> str:
    """Return what a number is, and of which estimator or protocol."""
    return gettext("{number}, {which}").format(number=number, which=which)


def claim_about(study: StudyRecord, row: ClaimRow) -> str:
    """Return what a number is; of a gain over another than the study's reference, over which."""
    return (
        row.about
        if row.reference in ("", study.reference)
        else gain_over(study.estimator_label(row.reference))
    )


def gain_over(label: str) -> str:
    """Return what a number is that is a gain over the reference of a label."""
    return gettext("gain over {label}").format(label=label)


@dataclass(frozen=True)
class PublishedFigure:
    """One table or figure of a publication.

    Attributes
    ----------
    claims : its numbers
    published, counterpart : by which estimators these are here
    errors : on all samples, of a table of errors
    estimators, protocols : in what those of the two differ, a sentence each
    left_open : what the publication does not say of it
    """

    source: str
    claims: tuple[ClaimRow, ...]
    published: str
    counterpart: str
    errors: blocks.ReportTable | None
    estimators: tuple[str, ...]
    protocols: tuple[str, ...]
    left_open: tuple[OpenQuestion, ...]

    @property
    def by(self) -> str:
        """By which estimators its numbers are here, both as published and corrected."""
        words = gettext("{published}; corrected {counterpart}")
        both = words.format(published=self.published, counterpart=self.counterpart)
        return both if self.counterpart else self.published

    def about(self, study: StudyRecord, row: ClaimRow) -> str:
        """Return what a number is, with its estimator where the figure is of several."""
        is_one, about = len({own.estimator for own in self.claims}) == 1, claim_about(study, row)
        return about if is_one else of_which(about, study.estimator_label(row.estimator))


def published_figures(run: Run) -> tuple[PublishedFigure, ...]:
    """Return the tables and figures that claims name, in the order of the spec."""
    figures = grouped(run.rows(CLAIMS), "source")
    return tuple(_figure(run, source, tuple(claims)) for (source,), claims in figures.items())


def _figure(run: Run, source: str, claims: tuple[ClaimRow, ...]) -> PublishedFigure:
    study, named = run.manifest.study, source or rendered(NO_SOURCE)
    counterparts = [row for row in claims if row.counterpart_estimator]
    return PublishedFigure(
        named,
        claims,
        published=_by(study, ((row.estimator, row.protocol) for row in claims)),
        counterpart=_by(
            study, ((row.counterpart_estimator, row.counterpart_protocol) for row in counterparts)
        ),
        errors=error_table(run, named, claims),
        estimators=differing_estimators(study, claims),
        protocols=differing_protocols(study, claims),
        left_open=tuple(one for one in study.left_open if source in one.sources),
    )


NO_SOURCE = marked("no source given")


def _by(study: StudyRecord, named: Iterable[tuple[str, str]]) -> str:
    """Return the estimators, and protocols where there are any, that numbers are by."""
    cells = tuple(named)
    labels = dict.fromkeys(study.estimator_label(estimator) for estimator, _ in cells)
    titles = dict.fromkeys(study.protocol_title(protocol) for _, protocol in cells if protocol)
    return in_turn(filter(None, (listed(labels), listed(titles))))


def error_table(run: Run, source: str, claims: Iterable[ClaimRow]) -> blocks.ReportTable | None:
    """Return errors on training, test and all rows, as published and corrected.

    None where a source prints none or they have no counterpart. Errors are of the claimed estimators and of
    all references; gains are over each of these.
    """
    study = run.manifest.study
    compared = [row for row in claims if row.quantity in OF_SAMPLES and row.counterpart_protocol]
    if not any(row.quantity == ERROR for row in compared):
        return None
    protocols = (compared[0].protocol, compared[0].counterpart_protocol)
    estimators = dict.fromkeys((*study.references, *(row.estimator for row in compared)))
    over = [gettext("Gain over {label}").format(label=study.estimator_label(one)) for one in study.references]
    gains = {
        (row.outcome, row.estimator, row.protocol, row.sample, row.reference): percent(row.gain)
        for row in run.rows(GAIN)
        if row.is_done
    }

    def numbers(outcome: str, estimator: str, protocol: str, sample: str) -> Iterator[str]:
        error = errors_of(run, outcome, estimator, protocol).get(sample)
        yield significant(error.mse) if error is not None and error.is_done else MISSING
        for reference in study.references:
            yield gains.get((outcome, estimator, protocol, sample, reference), MISSING)

    titles = [blocks.TableCell(study.protocol_title(name), n_columns=1 + len(over)) for name in protocols]
    return blocks.ReportTable(
        caption=" ".join([source, gettext("on training, test and all rows; gains over each reference")]),
        over=(blocks.TableCell(n_columns=3), *titles),
        columns=blocks.columns_of(
            *(
                gettext("Outcome"),
                blocks.text_column(gettext("Rows")),
                blocks.text_column(gettext("Estimator")),
            ),
            *(gettext("MSE"), *over) * 2,
        ),
        groups=blocks.plain_rows(
            (
                *(study.label(outcome), rendered(words), study.estimator_label(estimator)),
                *(text for name in protocols for text in numbers(outcome, estimator, name, sample)),
            )
            for outcome in dict.fromkeys(row.outcome for row in compared)
            for sample, words in SAMPLES
            for estimator in estimators
        ),
    )


Named = TypeVar("Named", EstimatorRecord, ProtocolRecord)


def _differing(records: Iterable[Named], pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[Named, Named]]:
    """Yield every two records that stand next to each other, once."""
    known = {record.id: record for record in records}
    for one, two in dict.fromkeys(pairs):
        if one != two and {one, two} <= known.keys():
            yield known[one], known[two]


def differing_estimators(study: StudyRecord, rows: Iterable[ClaimRow]) -> tuple[str, ...]:
    """Return a sentence for every two estimators that stand next to each other, options as ```code```."""
    words = gettext("{label} (as published) and {label_2} (corrected) differ in {changed}.")
    none = gettext("nothing but their names")
    pairs = _differing(study.estimators, ((row.estimator, row.counterpart_estimator) for row in rows))
    return tuple(
        words.format(label=one.label, label_2=two.label, changed=in_turn(_changed(one, two)) or none)
        for one, two in pairs
    )


def differing_protocols(study: StudyRecord, rows: Iterable[ClaimRow]) -> tuple[str, ...]:
    """Return a sentence for every two protocols that stand next to each other."""
    words = gettext("{told} (as published); {told_2} (corrected).")
    compared = (row for row in rows if row.counterpart_estimator)
    pairs = _differing(study.protocols, ((row.protocol, row.counterpart_protocol) for row in compared))
    return tuple(words.format(told=_protocol(one), told_2=_protocol(two)) for one, two in pairs)


def _changed(first: EstimatorRecord, second: EstimatorRecord) -> Iterator[str]:
    """Yield what differs between two estimators, option by option."""
    one = {gettext("method"): first.use, **dict(_flat(first.options))}
    two = {gettext("method"): second.use, **dict(_flat(second.options))}
    for key in dict.fromkeys((*one, *two)):
        shown, shown_2 = (_option(options[key]) if key in options else "" for options in (one, two))
        if key not in two:
            yield gettext("{key}, {shown} only as published").format(key=key, shown=shown)
        elif key not in one:
            yield gettext("{key}, {shown} only when corrected").format(key=key, shown=shown_2)
        elif one[key] != two[key]:
            yield gettext("{key}, {shown} against {shown_2}").format(key=key, shown=shown, shown_2=shown_2)


def _flat(options: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """Yield options by path; of a nested estimator its name, and its options if both estimators have them."""
    for key, value in options.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{within}{key}.")
        else:
            yield f"`{within}{key}`", value


def _option(value: object) -> str:
    values = value if isinstance(value, list | tuple) else (value,)
    return listed(f"`{one}`" for one in values) or gettext("none")


def _protocol(protocol: ProtocolRecord) -> str:
    leaks = listed(leak.text for leak in protocol.leaks) or gettext("nothing of the test rows is known")
    words = gettext("{title}: {how}; {leaks}")
    return words.format(title=protocol.title, how=protocol.how.rstrip(".。"), leaks=leaks)


@dataclass(frozen=True)
class Contradiction:
    """Claims that cannot be right, and why.

    Attributes
    ----------
    assumption : what that takes, empty for arithmetic
    reason : without what the reason before it, of the same assumption, says too
    """

    claims: str
    reason: str
    assumption: str


def contradictions(study: StudyRecord, rows: Iterable[ClaimRow]) -> tuple[Contradiction, ...]:
    """Return the claims that cannot be right, those with the same reason together, arithmetic first."""
    wrong = (row for row in rows if row.status in CONTRADICTING)
    same = grouped(wrong, "assumption", "reason")
    known: dict[str, set[str]] = {}
    found = []
    for assumption, reason in sorted(same, key=lambda key: bool(key[0])):
        before, parts = known.setdefault(assumption, set()), BETWEEN.split(reason)
        new = [part for part in parts if part not in before]
        before |= set(parts)
        likewise = gettext("likewise: {said}").format(said=in_turn(new))
        words = reason if len(new) == len(parts) else likewise
        found.append(Contradiction(_claims(study, same[assumption, reason]), capitalised(words), assumption))
    return tuple(found)


def _claims(study: StudyRecord, rows: Sequence[ClaimRow]) -> str:
    """Return one claim in words; of several their number, outcomes and sources."""
    outcomes = joined(list(dict.fromkeys(study.label(row.outcome) for row in rows)))
    sources = joined(list(dict.fromkeys(row.source for row in rows if row.source)))
    if len(rows) > 1:
        of_sources = gettext("{n_rows} numbers on {outcomes} of {sources}")
        words = of_sources if sources else gettext("{n_rows} numbers on {outcomes}")
        return words.format(n_rows=len(rows), outcomes=outcomes, sources=sources)
    text = listed([outcomes, claim_about(study, rows[0]), published_text(rows[0])])
    return gettext("{sources}: {told}").format(sources=sources, told=text) if sources else text


# So many shares are listed; of more there is their mean.
MOST_LISTED = 3


def claims_of(conclusion: PublishedConclusion, rows: Sequence[ClaimRow]) -> tuple[ClaimRow, ...]:
    """Return the claims that a conclusion rests on."""
    return tuple(
        row
        for row in rows
        if row.source in conclusion.sources
        and (not conclusion.quantities or row.quantity in conclusion.quantities)
        and (not conclusion.outcomes or row.outcome in conclusion.outcomes)
    )


def holds(row: ClaimRow, value: float) -> bool:
    """Return whether a number of the run is the published one, as far as it was printed and tolerated.

    A statement holds throughout; a bound where the number is on its side.
    """
    half = 0.0 if row.digits is None else 0.5 * 10.0**-row.digits
    close = Interval.around(row.published, half + (row.tolerance if math.isfinite(row.tolerance) else 0.0))
    low = -math.inf if row.bound == "most" else close.low
    high = math.inf if row.bound == "least" else close.high
    return Interval(low, high).holds(value)


def conclusion_table(run: Run) -> blocks.ReportTable:
    """Return a row for each conclusion of the publication, last those on which no claim bears."""
    claims = run.rows(CLAIMS)
    rows = [(one, claims_of(one, claims)) for one in run.manifest.study.conclusions]
    tested = [row for row in rows if row[0].sources]
    untested = [row for row in rows if not row[0].sources]
    return blocks.record_table(
        gettext("What the publication concludes, and how many of the claims behind it hold here"),
        [("", tested), (gettext("Nothing in this study bears on these"), untested)],
        (
            blocks.text_column(gettext("Conclusion")),
            lambda one: blocks.TableCell(one[0].text, (one[0].source,) if one[0].source else ()),
        ),
        (gettext("Claims"), lambda one: count(len(one[1]))),
        (gettext("Hold as published"), lambda one: _held((row, row.this_run) for row in one[1])),
        (gettext("Hold when corrected"), lambda one: _held((row, row.counterpart) for row in one[1])),
        *(_judged_columns() if is_judged(claims) else ()),
        notes=(
            gettext(
                "Of the claims for which this run gives a number, those that hold to the digits printed; "
                "beneath: gains, or the mean share of the range on which statements hold."
            ),
        ),
    )


def is_judged(claims: Iterable[ClaimRow]) -> bool:
    """Return whether any claim has a truth, as simulated data have."""
    return any(math.isfinite(row.truth) for row in claims)


def _judged_columns() -> Iterator[blocks.Column[tuple[PublishedConclusion, tuple[ClaimRow, ...]]]]:
    """Yield how many claims are true of simulated data, and what the methods do with them."""
    yield gettext("Hold in the truth"), lambda one: _held((row, row.truth) for row in one[1])
    words = gettext("The method as published"), gettext("The corrected method")
    yield blocks.text_column(words[0]), lambda one: _judged(row.verdict for row in one[1])
    yield blocks.text_column(words[1]), lambda one: _judged(row.counterpart_verdict for row in one[1])


def _judged(verdicts: Iterable[str]) -> str:
    """Return how many claims a method finds, misses, finds though they are not there, and the others."""
    n_of = Counter(verdicts)
    return listed(f"{rendered(one)} {count(n_of[one])}" for one in VERDICTS if n_of[one]) or MISSING


def _held(numbers: Iterable[tuple[ClaimRow, float]]) -> blocks.TableCell:
    """Return how many claims hold with these numbers of the run, of those that have one."""
    known = [(row, value) for row, value in numbers if math.isfinite(value)]
    if not known:
        return blocks.TableCell(MISSING)
    n_held = sum(holds(row, value) for row, value in known)
    words = gettext("{n_held} of {n_known}").format(n_held=count(n_held), n_known=count(len(known)))
    shares = [(row, value) for row, value in known if row.quantity in FRACTIONS]
    if len(shares) <= MOST_LISTED:
        beneath = listed(claim_number(row, value) for row, value in shares)
    else:
        beneath = percent(sum(value for _, value in shares) / len(shares), 0)
    return blocks.TableCell(words, (beneath,) if beneath else ())

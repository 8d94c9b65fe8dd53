"""The section of the gain under every combination of choices, in the order of the gain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.findings.run import Run
from harness.language import marked, rendered, topic
from harness.record.manifest import StudyRecord
from harness.report.blocks import Appendix, Bullets, ReportBlock, SmallPrint, tabs_of
from harness.report.sections import multiverse_rows
from harness.report.sections.section import Section
from harness.report.table import ReportTable, record_table
from harness.tables.claims import CLAIMS, ClaimRow
from harness.tables.decision import size_of
from harness.tables.gain import MULTIVERSE_CHOICES, MULTIVERSE_TESTS, ChoiceRow
from harness.text.numbers import count, p_text, percent
from harness.text.plain_text import joined

gettext = topic("report.multiverse")


# Statistics of all combinations together, by the place in the sentence.
STATISTICS = {
    "median": "median_gain",
    "dominant": "share_of_dominant_sign",
    "significant": "share_significant",
}


def multiverse_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield what the combinations say and their figure, and in the appendix what each choice does."""
    from harness.report.figures.multiverse import specification_figures

    study, found = run.manifest.study, run.view(multiverse_rows.multiverses)
    if not found:
        return
    yield Bullets(
        tuple(
            gettext("{outcome}: {said}").format(outcome=study.label(own.outcome), said=sentence)
            for own in found
            for sentence in [" ".join(tally_sentences(study, own))]
        )
    )
    yield from specification_figures(run, found)
    yield Appendix(tuple(_details(run, found)))


def _details(run: Run, found: Sequence[multiverse_rows.Multiverse]) -> Iterator[ReportBlock]:
    """Yield where published gains lie, all combinations together, and what each choice moves."""
    study, claims = run.manifest.study, run.rows(CLAIMS)
    yield tabs_of((study.label(own.outcome), _outcome(run, own, claims)) for own in found)
    text = gettext(
        "Mean gain: over all combinations with that level. Share of variance: the part of the variance of "
        "the gain between the levels of this choice alone; shares add up to one only where choices do not "
        "interact. P-values of all combinations together: estimator and reference change places in "
        "entities drawn at random, the same ones in every combination (Simonsohn, Simmons and Nelson 2020)."
    )
    yield SmallPrint(text)


def _outcome(run: Run, own: multiverse_rows.Multiverse, claims: Sequence[ClaimRow]) -> Iterator[ReportBlock]:
    published = (_published(row, own) for row in multiverse_rows.published_gains(claims, own))
    strongest = _strongest(run.manifest.study, run.rows(MULTIVERSE_CHOICES, outcome=own.outcome))
    yield Bullets((*published, *strongest, *joint_sentences(run, own.outcome)))
    table = choice_table(run, own.outcome)
    if table.groups:
        yield table


def tally_sentences(study: StudyRecord, multiverse: multiverse_rows.Multiverse) -> Iterator[str]:
    """Yield how the gains of all combinations lie, and those where test rows are kept apart."""
    tally = multiverse.tally()
    gains = {name: percent(tally[name], 0) for name in ("median", "lowest", "highest")}
    yield gettext(
        "{label} gains in {n_positive} of {n} combinations, significantly in {n_above}; median gain "
        "{median}, range {lowest} to {highest}."
    ).format(label=study.estimator_label(multiverse.estimator), **_counts(tally), **gains)
    apart = multiverse_rows.honest(study, multiverse)
    if 0 < len(apart.combinations) < len(multiverse.combinations):
        yield gettext(
            "Of the {n} on test rows not used to fit or select, {n_positive} gain, {n_above} significantly."
        ).format(**_counts(apart.tally()))


def _counts(tally: Mapping[str, float]) -> dict[str, str]:
    return {name: count(int(tally[name])) for name in ("n", "n_positive", "n_above")}


def joint_sentences(run: Run, outcome: str) -> Iterator[str]:
    """Yield what all combinations of one outcome say together, under each protocol apart from fitting.

    Or why they are not tested. They count as significantly different from zero by the p-value of the median
    gain.
    """
    study, tests = run.manifest.study, run.rows(MULTIVERSE_TESTS, outcome=outcome)
    found = {(row.protocol, row.statistic): row for row in tests}
    for protocol in study.protocols:
        own = [found[key] for name in STATISTICS.values() if (key := (protocol.id, name)) in found]
        if not protocol.keeps_test_rows_apart or not own:
            continue
        if not own[0].is_done:
            words = gettext("Under “{protocol}” the combinations are not tested together: {reason}.")
            yield words.format(protocol=protocol.title, reason=rendered(own[0].reason))
            continue
        are = gettext("are not significantly different from zero")
        if own[0].p_value < size_of(study.level):
            are = gettext("are significantly different from zero")
        shown = [f"{percent(row.value)} ({p_text(row.p_value)})" for row in own]
        yield gettext(
            "Under “{protocol}” the gains of all {n} combinations together {are}: median {median}, "
            "{dominant} of one sign, {significant} of one sign and significant."
        ).format(
            **dict(zip(STATISTICS, shown, strict=True)),
            protocol=protocol.title,
            n=count(own[0].n_specifications),
            are=are,
        )


def _published(row: ClaimRow, multiverse: multiverse_rows.Multiverse) -> str:
    n_below, n = multiverse.n_below(row.published), len(multiverse.combinations)
    where = gettext("lies above the gains of {n_below} of {n} combinations ({n_below_2})")
    if n_below == n:
        where = gettext("lies above the gains of all {n} combinations")
    elif n_below == 0:
        where = gettext("lies below the gains of all {n} combinations")
    return gettext("The published gain of {published}{source} {where}.").format(
        published=percent(row.published),
        source=gettext(" ({source})").format(source=row.source) if row.source else "",
        where=where.format(n=count(n), n_below=count(n_below), n_below_2=percent(n_below / n, 0)),
    )


def _strongest(study: StudyRecord, choices: Sequence[ChoiceRow]) -> Iterator[str]:
    """Yield which choice moves the gain most, and from where to where."""
    strongest = max(choices, key=lambda row: row.share_of_variance, default=None)
    levels = [row for row in choices if strongest is not None and row.choice == strongest.choice]
    if strongest is None or len(levels) < 2:
        return
    ends = sorted(levels, key=lambda row: row.mean_gain)
    words = gettext("{mean_gain} with “{level_label}”")
    means = [
        words.format(
            mean_gain=percent(row.mean_gain),
            level_label=multiverse_rows.level_label(study, row.choice, row.level),
        )
        for row in (ends[0], ends[-1])
    ]
    yield gettext(
        "The choice that moves the gain most is “{choice_label}”: {share_of_variance} of the variance of the "
        "gain lies between its levels. The mean gain is {means}."
    ).format(
        choice_label=multiverse_rows.choice_label(strongest.choice),
        share_of_variance=percent(strongest.share_of_variance, 0),
        means=joined(means),
    )


def choice_table(run: Run, outcome: str) -> ReportTable:
    """Return the choices for one outcome that have more than one level, those that move most first."""
    study, own = run.manifest.study, run.rows(MULTIVERSE_CHOICES, outcome=outcome)
    shares = {row.choice: row.share_of_variance for row in own}
    levels = {choice: [row for row in own if row.choice == choice] for choice in shares}
    words = gettext("What each choice moves: the gain in predicting {label}")
    return record_table(
        words.format(label=study.label(outcome)),
        (
            (multiverse_rows.choice_label(choice), levels[choice], percent(shares[choice]))
            for choice in sorted(shares, key=lambda name: -shares[name])
            if len(levels[choice]) > 1
        ),
        (gettext("Choice"), lambda row: multiverse_rows.level_label(study, row.choice, row.level)),
        (gettext("Combinations"), lambda row: count(row.n)),
        (gettext("Mean gain"), lambda row: percent(row.mean_gain)),
        (gettext("Share of variance"), lambda _: ""),
    )


MULTIVERSE_SECTION = Section(
    *("multiverse", marked("Multiverse"), 600, multiverse_blocks),
    heading=marked("The gain under every combination of choices"),
    tables=(MULTIVERSE_CHOICES.name,),
)

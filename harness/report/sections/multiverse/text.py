"""What the multiverse says, in sentences composed from its gains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.sections.multiverse.rows import Multiverse, Tally
from harness.tables.claims import ClaimRow
from harness.tables.gain import ChoiceRow
from harness.text.numbers import count, percent
from harness.text.plain_text import capitalised, joined

GAIN = "gain"
"""Quantity of claims that give a gain."""

CHOICES: Mapping[str, str] = {
    "sample": marked("rows compared on"),
    "seed": marked("random seed"),
    "reference": marked("reference"),
    "protocol": marked("protocol"),
    "controls": marked("controls"),
}
SAMPLES: Mapping[str, str] = {
    "train": marked("training rows"),
    "test": marked("test rows"),
    "all": marked("all rows"),
}


def choice_label(choice: str) -> str:
    """Return how a choice is called; an option by its name."""
    return capitalised(gettext(CHOICES.get(choice, choice.replace("_", " "))))


def level_label(study: StudyRecord, choice: str, level: str) -> str:
    """Return how a level of a choice is called."""
    if choice == "reference":
        return study.estimator_label(level)
    if choice == "protocol":
        return study.protocol_title(level)
    return gettext(SAMPLES.get(level, level)) if choice == "sample" else level


def published_gains(claims: Sequence[ClaimRow], multiverse: Multiverse) -> tuple[ClaimRow, ...]:
    """Return the published gains of the estimator that was varied; of the same one, that with most digits."""
    own = [
        row
        for row in claims
        if row.quantity == GAIN and (row.outcome, row.estimator) == (multiverse.outcome, multiverse.estimator)
    ]
    finest: dict[str, ClaimRow] = {}
    for row in sorted(own, key=lambda row: -(row.digits or 0)):
        finest.setdefault(percent(row.published), row)
    return tuple(finest.values())


def honest(study: StudyRecord, multiverse: Multiverse) -> Multiverse:
    """Return the combinations compared on test rows under protocols that keep them apart."""
    apart = [protocol.id for protocol in study.protocols if protocol.keeps_test_rows_apart]
    return multiverse.with_levels("protocol", apart).with_levels("sample", ["test"])


def multiverse_text(
    study: StudyRecord, multiverse: Multiverse, choices: Sequence[ChoiceRow], claims: Sequence[ClaimRow]
) -> tuple[str, ...]:
    """Return what the combinations for one outcome say.

    Parameters
    ----------
    choices : what each choice does to the gain of that outcome
    claims : of the study
    """
    label = study.estimator_label(multiverse.estimator)
    tally, apart = multiverse.tally(), honest(study, multiverse)
    sentences = [gettext("{label} has {tallied}").format(label=label, tallied=_tallied(tally, "all"))]
    if 0 < apart.gain.size < tally.n:
        kept = gettext("compared on test rows that take no part in fitting or selecting")
        sentences.append(
            gettext("Of these combinations, {size} are {kept}: {tallied}").format(
                size=count(apart.gain.size), kept=kept, tallied=_tallied(apart.tally(), "them")
            )
        )
    return (
        *sentences,
        *(_published(row, multiverse) for row in published_gains(claims, multiverse)),
        *_strongest(study, choices),
    )


def _tallied(tally: Tally, whole: str) -> str:
    of = gettext("all {n} combinations").format(n=count(tally.n)) if whole == "all" else gettext("them")
    share = percent(tally.n_positive / tally.n, 0)
    return gettext(
        "a positive gain in {n_positive} of {of} ({share}), an interval above zero in {n_above} "
        "and below zero in {n_below}. The median gain is {median}, the range from {lowest} to "
        "{highest}."
    ).format(
        n_positive=count(tally.n_positive),
        of=of,
        share=share,
        n_above=count(tally.n_above),
        n_below=count(tally.n_below),
        median=percent(tally.median),
        lowest=percent(tally.lowest),
        highest=percent(tally.highest),
    )


def _published(row: ClaimRow, multiverse: Multiverse) -> str:
    n_below = multiverse.n_below(row.published)
    n, source = multiverse.gain.size, gettext(" ({source})").format(source=row.source) if row.source else ""
    if n_below == n:
        where = gettext("lies above the gains of all {n} combinations").format(n=count(n))
    elif n_below == 0:
        where = gettext("lies below the gains of all {n} combinations").format(n=count(n))
    else:
        where = gettext("lies above the gains of {n_below} of {n} combinations ({n_below_2})").format(
            n_below=count(n_below), n=count(n), n_below_2=percent(n_below / n, 0)
        )
    return gettext("The published gain of {published}{source} {where}.").format(
        published=percent(row.published), source=source, where=where
    )


def _strongest(study: StudyRecord, choices: Sequence[ChoiceRow]) -> Iterator[str]:
    """Yield which choice moves the gain most, and from where to where."""
    levels = [row for row in choices if row.choice == _most(choices)]
    if len(levels) < 2:
        return
    ends = sorted(levels, key=lambda row: row.mean_gain)
    means = joined(
        [
            gettext("{mean_gain} with “{level_label}”").format(
                mean_gain=percent(row.mean_gain), level_label=level_label(study, row.choice, row.level)
            )
            for row in (ends[0], ends[-1])
        ]
    )
    yield (
        gettext(
            "The choice that moves the gain most is “{choice_label}”: {share_of_variance} of the "
            "variance of the gain lies between its levels. The mean gain is {means}."
        ).format(
            choice_label=choice_label(levels[0].choice),
            share_of_variance=percent(levels[0].share_of_variance, 0),
            means=means,
        )
    )


def _most(choices: Sequence[ChoiceRow]) -> str:
    return max(choices, key=lambda row: row.share_of_variance).choice if choices else ""

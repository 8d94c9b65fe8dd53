"""Sentences on the gain under every combination of choices, and names of choices and their levels."""

from __future__ import annotations

from collections.abc import Mapping

from harness.findings.rules import multiverse
from harness.language import marked, rendered
from harness.record.manifest import StudyRecord
from harness.text.numbers import p_text, percent
from harness.text.plain_text import capitalised, joined
from harness.text.render import Context, Texts

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
    return capitalised(rendered(CHOICES.get(choice, choice.replace("_", " "))))


def level_label(study: StudyRecord, choice: str, level: str) -> str:
    """Return how a level of a choice is called."""
    if choice == "reference":
        return study.estimator_label(level)
    if choice == "protocol":
        return study.protocol_title(level)
    return rendered(SAMPLES.get(level, level)) if choice == "sample" else level


def published_among(context: Context, one: multiverse.PublishedAmong) -> str:
    """Return where a published gain lies among those of all combinations."""
    where = marked("lies above the gains of {n_below} of {n} combinations ({n_below_2})")
    if one.n_below == one.n:
        where = marked("lies above the gains of all {n} combinations")
    elif one.n_below == 0:
        where = marked("lies below the gains of all {n} combinations")
    source = context.filled(" ({source})", source=one.source) if one.source else ""
    share = percent(one.n_below / one.n, 0)
    position = context.worded(where, one, n_below_2=share)
    return context.worded(
        "The published gain of {published}{source} {where}.", one, source=source, where=position
    )


def strongest_choice(context: Context, one: multiverse.StrongestChoice) -> str:
    """Return which choice moves the gain most, and from where to where."""
    ends = (one.lowest, one.lowest_gain), (one.highest, one.highest_gain)
    means = [
        context.filled(
            "{mean_gain} with “{level_label}”",
            mean_gain=percent(gain),
            level_label=level_label(context.study, one.choice, level),
        )
        for level, gain in ends
    ]
    return context.worded(
        "The choice that moves the gain most is “{choice_label}”: {share_of_variance} of the variance of the "
        "gain lies between its levels. The mean gain is {means}.",
        one,
        choice_label=choice_label(one.choice),
        means=joined(means),
    )


def joint_gains(context: Context, one: multiverse.JointGains) -> str:
    """Return what all combinations say together under one protocol."""
    are = marked("are not significantly different from zero")
    if one.is_significant:
        are = marked("are significantly different from zero")
    numbers = {
        "median": (one.median, one.p_median),
        "dominant": (one.dominant, one.p_dominant),
        "significant": (one.significant, one.p_of_significant),
    }
    return context.worded(
        "Under “{protocol}” the gains of all {n} combinations together {are}: median {median}, "
        "{dominant} of one sign, {significant} of one sign and significant.",
        one,
        are=rendered(are),
        **{name: f"{percent(value)} ({p_text(p_value)})" for name, (value, p_value) in numbers.items()},
    )


def least_removed(context: Context, one: multiverse.LeastRemoved) -> str:
    """Return how many combinations have to go until as many gain as lose."""
    words = marked("Without the {share} of these with the largest losses, as many would gain as lose.")
    if one.do_gain:
        words = marked("Without the {share} of these with the largest gains, as many would lose as gain.")
    return context.worded(words, one)


TEXTS: Texts = {
    multiverse.CombinationsGain: marked(
        "{estimator} gains in {n_positive} of {n} combinations, significantly in {n_above}; median gain "
        "{median}, range {lowest} to {highest}."
    ),
    multiverse.HonestCombinationsGain: marked(
        "Of the {n} honest comparisons, {n_above} show a significant gain."
    ),
    multiverse.LeastRemoved: least_removed,
    multiverse.PublishedAmong: published_among,
    multiverse.StrongestChoice: strongest_choice,
    multiverse.JointGains: joint_gains,
    multiverse.NoJointGains: marked("Under “{protocol}” the combinations are not tested together: {reason}."),
}
LABELS: Texts = {}

"""What a run folder of format 12 is in format 13."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.evaluation.protocol import AsPublished, RandomRowsProtocol
from harness.language import Coded, code_of, quoted, to_json
from harness.language import from_json as read_message
from harness.record.decisions import decided
from harness.record.manifest import Manifest, StudyRecord, read_record
from harness.study.variation import REGRESSIONS, ROBUST_REGRESSIONS, ROBUSTNESS
from harness.tables import heterogeneity
from harness.tables.accuracy import IMPORTANCE
from harness.tables.coefficients import COEFFICIENTS, DIAGNOSTICS
from harness.tables.curves import CURVES
from harness.tables.decision import UNTESTED, decide, decide_conditionally, size_of
from harness.tables.effects import EFFECT_TESTS, EFFECTS, MEDIATION
from harness.tables.gain import GIVEN_PERIODS, decide_gain
from harness.tables.table import CODE, NAN
from harness.tables.variations import GAIN, VARIATION_EFFECTS, VARIATION_GAINS, VARIATIONS

if TYPE_CHECKING:
    import pandas as pd

Content: TypeAlias = Mapping[str, Any]
Tables: TypeAlias = "Mapping[str, pd.DataFrame]"

# Choices that are no options of an estimator, and what they are of.
TARGETS = {"controls": "roles", "seed": "study", "protocol": "evaluation", "splits": "evaluation"}


def manifest_of(manifest: Content) -> Content:
    """Leave universes to the table of variations, and say that no rules of today made the findings."""
    kept = {key: value for key, value in manifest.items() if key != "multiverse"}
    return {**kept, "rules_version": 0}


# What values and a column were called before.
INFERENCES = {"given these periods": GIVEN_PERIODS}
PARTS = {
    "rows at hand": "in sample",
    "other rows, selected on": "other rows, used to select",
    "entities never seen": "new entities",
    "entities never seen, later periods": "new entities, later periods",
}
EFFECT_COLUMNS = {"share_left": "residual_share"}


def renamed(column: str, names: Mapping[str, str], _manifest: Content, tables: Tables) -> pd.DataFrame:
    """Call the values of a column as they are called today."""
    (frame,) = tables.values()
    return frame.assign(**{column: frame[column].replace(names)})


def renamed_effects(_manifest: Content, tables: Tables) -> pd.DataFrame:
    """Call the columns of debiased effects as they are called today, and add degrees of freedom.

    They are not kept of errors that depend within periods.
    """
    (frame,) = tables.values()
    of_entities = (frame["n_effective"].astype(float) - 1.0).clip(lower=1.0)
    return frame.rename(columns=EFFECT_COLUMNS).assign(df=of_entities.where(frame["errors"] == "entity"))


def with_empty(names: tuple[str, ...], _manifest: Content, tables: Tables) -> pd.DataFrame:
    """Add columns of numbers that were not written."""
    (frame,) = tables.values()
    return frame.assign(**dict.fromkeys(names, NAN))


def gain_table(manifest: Content, tables: Tables) -> pd.DataFrame:
    """Add what each gain says, and leave out the least gains that an error of the observed gain gave."""
    (frame,) = tables.values()
    study = manifest["study"]
    given = {"size": size_of(study["level"]), "least_gain": study["least_gain"]}
    numbers = frame[["gain", "conf_low", "conf_high", "p_holm"]].astype(float)
    decided = [
        decide_gain(*limits, inference=str(inference), **given)
        for limits, inference in zip(numbers.itertuples(index=False), frame["inference"], strict=True)
    ]
    return frame.assign(decision=decided, least_detectable=NAN)


def parts_table(_manifest: Content, tables: Tables) -> pd.DataFrame:
    """Add to each part of a gain what the gain says that it repeats."""
    parts, gains = tables["decomposition.csv"], tables["gain.csv"]
    key = ["outcome", "estimator", "reference", "protocol"]
    tested = gains.loc[gains["sample"] == "test", [*key, "decision"]]
    return parts.merge(tested, on=key, how="left", validate="m:1")


def losses_table(_manifest: Content, tables: Tables) -> pd.DataFrame:
    """Add what each gain by another loss says, by what the one in squared error allows for."""
    losses, gains = tables["metrics.csv"], tables["gain.csv"]
    key = ["outcome", "estimator", "protocol", "sample"]
    inference = gains.drop_duplicates(key).set_index(key)["inference"]
    decisions = [
        decide_conditionally(gain, low)
        if inference.get(place) == GIVEN_PERIODS
        else decide(gain, low, high, by="interval")
        for place, (gain, low, high) in zip(
            losses[key].itertuples(index=False, name=None),
            losses[["gain", "conf_low", "conf_high"]].astype(float).itertuples(index=False),
            strict=True,
        )
    ]
    return losses.assign(decision=decisions)


def recognition_table(_manifest: Content, tables: Tables) -> pd.DataFrame:
    """Add what each share of a gain says by its interval."""
    (frame,) = tables.values()
    numbers = frame[["estimate", "conf_low", "conf_high"]].astype(float)
    return frame.assign(decision=[decide(*row, by="interval") for row in numbers.itertuples(index=False)])


def multiverse_tests_table(manifest: Content, tables: Tables) -> pd.DataFrame:
    """Add what the median gain of all combinations says by its p-value."""
    (frame,) = tables.values()
    size, numbers = size_of(manifest["study"]["level"]), frame[["statistic", "value", "p_value"]]
    decisions = [
        decide(value, NAN, NAN, p_value, by="p", size=size) if statistic == "median_gain" else UNTESTED
        for statistic, value, p_value in numbers.itertuples(index=False, name=None)
    ]
    return frame.assign(decision=decisions)


# Tables of what estimators say whose rows have decisions.
DECIDED = (
    *(EFFECTS.name, MEDIATION.name, EFFECT_TESTS.name, DIAGNOSTICS.name),
    *(heterogeneity.HETEROGENEITY_DIFFERENCES.name, heterogeneity.CONTRASTS.name, IMPORTANCE.name),
    *(heterogeneity.HETEROGENEITY.name, heterogeneity.CONDITIONAL_EFFECTS.name),
    *(COEFFICIENTS.name, CURVES.name),
)


def decided_table(name: str, manifest: Content, tables: Tables) -> pd.DataFrame:
    """Add to a table what its rows say, adjusted for their families."""
    (frame,) = tables.values()
    text = json.dumps(manifest["study"])
    study = read_record(
        StudyRecord, text, where="manifest.json: study", hint="take a whole copy of the folder"
    )
    return decided(frame, name, study)


def variations_table(manifest: Content, tables: Tables) -> pd.DataFrame:
    """Return what each universe and each step of a ladder changes; of checks their names say it."""
    import pandas as pd

    rows = [*_universes(manifest), *_steps(tables["method_ladder.csv"])]
    return pd.DataFrame(rows, columns=list(VARIATIONS.columns))


def _universes(manifest: Content) -> Iterator[Mapping[str, object]]:
    for position, universe in enumerate(manifest["multiverse"]["universes"]):
        about = {"list": "multiverse", "key": universe["id"], "position": position}
        for option, value in universe["choices"].items():
            yield {**about, "target": TARGETS.get(option, "estimator"), "option": option, "value": value}


def _steps(ladder: pd.DataFrame) -> Iterator[Mapping[str, object]]:
    changes: list[dict[str, object]] = []
    steps = ladder.drop_duplicates("step").to_dict("records") if len(ladder) else []
    for step in steps:
        if step["step"]:
            option = str(step["change"])
            target = TARGETS["protocol"] if option in ("protocol", "splits") else "estimator"
            changes.append({"target": target, "option": option, "value": step["to"]})
        about = {"list": "method_ladder", "key": f"step {step['step']}", "position": step["step"]}
        yield from ({**about, "label": step["label"], **change} for change in changes or [{}])


def variation_gains_table(manifest: Content, tables: Tables) -> pd.DataFrame:
    """Return the gains of universes and steps; p-values and numbers of entities were not written."""
    import pandas as pd

    size = size_of(manifest["study"]["level"])
    universes, ladder = tables["multiverse.csv"], tables["method_ladder.csv"]
    parts = []
    if len(universes):
        named = universes.rename(columns={"universe": "variation", "gain": "estimate"})
        folds = tables["multiverse.parquet"].astype({"outcome": str, "protocol": str})
        n_folds = folds.groupby(["outcome", "protocol"])["fold"].nunique().rename("n_folds")
        named = named.join(n_folds, on=["outcome", "protocol"])
        parts.append(named.assign(list="multiverse", quantity=GAIN, status="ok"))
    if len(ladder):
        fit, fits = -1, {}
        for step in ladder.drop_duplicates("step").to_dict("records"):
            fit += step["change"] not in ("protocol", "splits")
            fits[step["step"]] = f"method ladder ({fit})"
        is_gain = ladder["quantity"] != "curve_error"
        named = ladder.rename(columns={"splits": "n_folds"}).assign(
            list="method_ladder",
            variation=[f"step {step}" for step in ladder["step"]],
            estimator=ladder["step"].map(fits),
            sample=is_gain.map({True: "test"}),
        )
        parts.append(named)
    whole = pd.concat(parts, ignore_index=True).reindex(columns=list(VARIATION_GAINS.columns))
    numbers = whole[["estimate", "conf_low", "conf_high"]].astype(float).itertuples(index=False)
    whole["decision"] = [
        decide(*limits, by="interval", size=size) if quantity != "curve_error" else UNTESTED
        for limits, quantity in zip(numbers, whole["quantity"], strict=True)
    ]
    return whole


def claims_table(manifest: Content, tables: Tables) -> pd.DataFrame:
    """Say what gains are over, and that claims were not compared with the truth."""
    (frame,) = tables.values()
    reference = frame["quantity"].eq("gain").map({True: manifest["study"]["reference"], False: ""})
    return frame.assign(reference=reference, truth=float("nan"), verdict="", counterpart_verdict="")


def variation_effects_table(manifest: Content, tables: Tables) -> pd.DataFrame:
    """Return slopes under robustness checks and coefficients of regressions; keys say what they change."""
    import pandas as pd

    checks, columns = tables["robustness.csv"], tables["specifications.csv"]
    names = {"check": "variation", "specification": "variation", "estimator": "learner", "term": "exposure"}
    parts = []
    if len(checks):
        parts.append(checks.rename(columns=names).assign(list=ROBUSTNESS))
    if len(columns):
        lists = columns["part"].map({"baseline": REGRESSIONS, "robustness": ROBUST_REGRESSIONS})
        parts.append(columns.rename(columns=names).assign(list=lists))
    whole = pd.concat(parts, ignore_index=True).reindex(columns=list(VARIATION_EFFECTS.columns))
    return decided_table(VARIATION_EFFECTS.name, manifest, {VARIATION_EFFECTS.file: whole})


def variation_predictions_table(_manifest: Content, tables: Tables) -> pd.DataFrame:
    """Return the predictions of universes and steps in one table."""
    import pandas as pd

    parts = [frame.astype(dict.fromkeys(_categories(frame), str)) for frame in tables.values()]
    whole = pd.concat([part for part in parts if len(part)], ignore_index=True)
    names = {name for frame in tables.values() for name in _categories(frame)}
    return whole.astype(dict.fromkeys(names, "category"))


def _categories(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.columns if frame[name].dtype == "category"]


# Columns of texts that have code and values next to them.
TEXTS = (
    *("reason", "message", "assumption", "about", "counterpart_reason", "detail", "covariance"),
    *("null_hypothesis", "caution"),
)

# The messages of texts, by text: template and what was filled in.
Messages: TypeAlias = Mapping[str, tuple[str, Mapping[str, str]]]


# Messages that have been given a code: those with the first words of another.
GIVEN = {str(kind.says): quoted(kind.says).code for kind in (RandomRowsProtocol, AsPublished)}


def _coded(text: str, messages: Messages) -> str:
    template, values = messages.get(text, (text, {}))
    nested = {
        name: read_message(value, _coded(value, messages)) if value in messages and value != text else value
        for name, value in values.items()
    }
    return to_json(Coded.of(text, GIVEN.get(template, code_of(template)), nested))


def coded_texts(frame: pd.DataFrame, messages: Messages) -> pd.DataFrame:
    """Return a table with code and values of its texts, which were in one file of the folder, by text."""
    texts = [name for name in TEXTS if name in frame and f"{name}{CODE}" not in frame]
    codes = {
        f"{name}{CODE}": [_coded(cell, messages) if isinstance(cell, str) else "" for cell in frame[name]]
        for name in texts
    }
    return frame.assign(**codes)


def coded_manifest(manifest: Manifest, messages: Messages) -> Manifest:
    """Return a manifest with code and values of its texts."""
    study, data = manifest.study, manifest.data
    protocols = (replace(one, how_code=_coded(one.how, messages)) for one in study.protocols)
    metrics = (replace(one, how_code=_coded(one.how, messages)) for one in study.metrics)
    return replace(
        manifest,
        study=replace(study, protocols=tuple(protocols), metrics=tuple(metrics)),
        data=replace(
            data, title_code=_coded(data.title, messages), source_code=_coded(data.source, messages)
        ),
        cells=tuple(replace(one, reason_code=_coded(one.reason, messages)) for one in manifest.cells),
    )

"""A study registered before its results are seen, and in what a run differs from what was registered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from harness.errors import ArtifactError
from harness.language import Coded, marked
from harness.record.manifest import read_record
from harness.registry.catalog import USE
from harness.running.calibration_record import PASSED_OVER
from harness.running.options import REGISTERED, RunOptions
from harness.running.prepare import Prepared
from harness.tables.preparation import REGISTRATION, RegistrationRow

# Keys of a spec that no number depends on.
WORDS = "title description variables left_open conclusions claims expect report authors licence keywords"


@dataclass(frozen=True)
class Registration:
    """What a study was before its results were seen.

    Attributes
    ----------
    registered : when, in ISO 8601, by the clock of the machine
    spec : text of the file
    keys : every value that numbers depend on, as JSON, by its path in the spec with overrides
    shape : rows, entities, periods, and the names of the columns used
    shape_sha256 : of entity and period of all rows, of no value of an outcome
    versions : of Python, the libraries and what brings plugins
    """

    registration_version: Literal[1]
    registered: str
    study: str
    title: str
    spec: str
    spec_sha256: str
    keys: Mapping[str, str]
    shape: Mapping[str, str]
    shape_sha256: str
    versions: Mapping[str, str]

    def differences(self, ran: Registration) -> Iterator[tuple[str, str, str]]:
        """Yield what differs in a run: what it is, as registered, and as it ran."""
        parts = zip(("", "data ", "version of "), self._parts(), ran._parts(), strict=True)
        for start, mine, theirs in parts:
            for name in dict.fromkeys((*mine, *theirs)):
                if mine.get(name) != theirs.get(name):
                    yield f"{start}{name}", mine.get(name, "absent"), theirs.get(name, "absent")

    def _parts(self) -> Sequence[Mapping[str, str]]:
        kept = {name: value for name, value in self.versions.items() if name not in PASSED_OVER}
        return self.keys, {**self.shape, "keys of rows": self.shape_sha256}, kept


def registration_of(
    prepared: Prepared, options: RunOptions, versions: Mapping[str, str], *, time: datetime | None = None
) -> Registration:
    """Return the registration of a study as it would run with these options.

    Parameters
    ----------
    versions : of Python, the libraries and what brings plugins
    time : None for now
    """
    document, study = prepared.loaded.document, prepared.loaded.study
    spec = {key: value for key, value in document.data.items() if key not in WORDS.split()}
    spec["data"] = {
        key: value for key, value in spec.get("data", {}).items() if key not in ("path", "source")
    }
    panel = prepared.panels.panel(study.roles.outcomes[0])
    columns = [*study.roles.outcomes, *panel.columns, *panel.instruments]
    keys = sorted(
        f"{panel.entity.labels[one]}\t{panel.time.labels[other]}"
        for one, other in zip(panel.entity.codes, panel.time.codes, strict=True)
    )
    sizes = {"rows": panel.n_obs, "entities": panel.n_entities, "periods": panel.n_periods}
    return Registration(
        registration_version=1,
        registered=(time or datetime.now(UTC)).isoformat(timespec="seconds"),
        study=study.study,
        title=study.title,
        spec=document.text,
        spec_sha256=document.sha256,
        keys={**dict(_leaves(spec, "")), "--quick": json.dumps(options.quick)},
        shape={name: str(size) for name, size in sizes.items()} | {"columns": ", ".join(columns)},
        shape_sha256=hashlib.sha256("\n".join(keys).encode()).hexdigest(),
        versions=dict(versions),
    )


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any value of YAML
    """Yield the values of a spec as JSON by their paths; entries of a list are called by id or name."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _leaves(one, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        for number, one in enumerate(value):
            entry = one if isinstance(one, Mapping) else {USE: one}
            yield from _leaves(entry, f"{path}[{entry.get('id', entry.get(USE, number))}]")
    else:
        yield path, json.dumps(value, ensure_ascii=False)


def read_registration(path: Path) -> Registration:
    """Return what was registered.

    Raises
    ------
    ArtifactError
        Where there is no such file, or it is no registration.
    """
    hint = marked("name a file that harness register SPEC wrote")
    if not path.is_file():
        raise ArtifactError.at(
            str(path), marked("is no file"), Coded("a file *{registered}", registered=REGISTERED), hint
        )
    return read_record(Registration, path.read_text(encoding="utf-8"), where=path.name, hint=hint)


def compared(
    prepared: Prepared, options: RunOptions, versions: Mapping[str, str], started: datetime
) -> pd.DataFrame:
    """Return when a study was registered, and a row for each part in which a run differs.

    Parameters
    ----------
    options : that name a registration, or whose spec has one

    Raises
    ------
    ArtifactError
        As `read_registration` does.
    """
    registered = read_registration(options.registration or Path())
    ran = registration_of(prepared, options, versions, time=started)
    rows = [RegistrationRow("registered", registered.registered, ran.registered)]
    rows += [RegistrationRow(*parts) for parts in registered.differences(ran)]
    return pd.DataFrame(map(vars, rows), columns=list(REGISTRATION.columns))

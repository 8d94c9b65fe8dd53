"""What a calibration was of, and its error rates, taken for the same study and refused for any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import TypeAdapter

from harness.errors import ArtifactError
from harness.language import Coded, in_series, marked
from harness.record.manifest import DataRecord, StudyRecord, read_record
from harness.running.dependence import LIBRARIES
from harness.running.folder import RunFolder
from harness.running.prepare import Prepared
from harness.running.provenance import data_record, study_record
from harness.tables.findings import CHECK_RATES, ERROR_RATES

# Name of its file in the folder of a calibration.
CALIBRATION_RECORD = "calibration.json"

_STUDY = ("id", "entity", "time", "outcomes", "exposure", "moderators", "controls", "reference", "level")
_DATA = ("n_obs", "n_entities", "n_periods", "first_period", "last_period")
# Versions that may differ: numbers do not hang on them but for rounding.
PASSED_OVER = frozenset({"python", *LIBRARIES}) - {"panel-harness"}


@dataclass(frozen=True)
class CalibrationRecord:
    """The study that a calibration repeats.

    Attributes
    ----------
    study : as the spec has it, nothing reduced
    scenarios : its questions by id, with their options
    data : what panels were drawn from
    versions : of Python, the libraries and what brings plugins
    """

    record_version: Literal[1]
    study: StudyRecord
    scenarios: Mapping[str, str]
    data: DataRecord
    versions: Mapping[str, str]

    def differences(self, other: CalibrationRecord) -> Iterator[str]:
        """Yield what differs from another record so that error rates of one are none of the other."""
        mine, theirs = self._compared(), other._compared()
        for name in dict.fromkeys((*mine, *theirs)):
            if mine.get(name) != theirs.get(name):
                yield f"{name} is {_shown(mine.get(name))}, not {_shown(theirs.get(name))}"

    def _compared(self) -> Mapping[str, Any]:
        """Return, by name, all that error rates hang on; titles, seeds and labels are not among it."""
        study = TypeAdapter(StudyRecord).dump_python(self.study, mode="json")
        parts = {f"study {name}" if name == "id" else name: study[name] for name in _STUDY}
        for entry in study["estimators"]:
            parts[f"estimator {entry['id']}"] = {"use": entry["use"], **entry["options"]}
        for entry in study["protocols"]:
            parts[f"protocol {entry['id']}"] = f"{entry['use']}: {entry['how']}"
        parts |= {f"scenario {name}": options for name, options in self.scenarios.items()}
        parts |= {f"data {name}": getattr(self.data, name) for name in _DATA}
        own = {name: value for name, value in self.versions.items() if name not in PASSED_OVER}
        return parts | {f"version of {name}": value for name, value in own.items()}


def _shown(value: object) -> str:
    text = "absent" if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def calibration_record(prepared: Prepared, versions: Mapping[str, str]) -> CalibrationRecord:
    """Return what a calibration of a study is of: the study as the spec has it, nothing reduced.

    Parameters
    ----------
    versions : of Python, the libraries and what brings plugins
    """
    study = prepared.loaded.study
    return CalibrationRecord(
        record_version=1,
        study=study_record(study, quick=False, learns=prepared.panels.learns),
        scenarios={entry.id: str(entry.scenario) for entry in study.scenarios},
        data=data_record(prepared),
        versions=versions,
    )


def calibrated_rates(path: Path, own: CalibrationRecord) -> Mapping[str, pd.DataFrame]:
    """Return the error rates of a calibration, and how often all checks pass, by name of the table.

    Parameters
    ----------
    path : folder that a calibration was written to, or a file in it
    own : of the study that the rates go beside

    Raises
    ------
    ArtifactError
        Where there is no calibration, or one of another study.
    """
    folder = RunFolder(path.parent if path.is_file() else path)
    record = folder.path / CALIBRATION_RECORD
    if not record.is_file() or not (folder.path / ERROR_RATES.file).is_file():
        hint = marked("name a folder that harness calibrate SPEC wrote")
        words = marked("a folder with {record} and {rates}")
        expected = Coded(words, record=CALIBRATION_RECORD, rates=ERROR_RATES.file)
        raise ArtifactError.at(str(path), marked("is not the folder of a calibration"), expected, hint)
    text, hint = record.read_text(encoding="utf-8"), marked("calibrate the study again with this version")
    written = read_record(CalibrationRecord, text, where=CALIBRATION_RECORD, hint=hint)
    different = list(written.differences(own))
    if different:
        more = Coded("{n} more", n=len(different) - 3) if len(different) > 3 else ""
        words = marked("is a calibration of another study: there {list}")
        what = Coded(words, list=in_series([*different[:3], more]))
        wanted = marked("a calibration of the same spec and shape of data, by the same version")
        raise ArtifactError.at(str(path), what, wanted, marked("calibrate this one: harness calibrate SPEC"))
    return {table.name: folder.read_table(table.name) for table in (ERROR_RATES, CHECK_RATES)}

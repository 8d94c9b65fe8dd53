"""The JSON Schema of a spec with everything that is installed, for editors and for messages."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from pydantic import PydanticUndefinedAnnotation, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from harness.data.prepare.step import STEP
from harness.data.simulate.simulation import SIMULATION
from harness.registry.catalog import CHOICE_OF, OPTIONS, USE, Catalog, Catalogs, options_model
from harness.study.expectations.expectation import EXPECTED_OF_NONE, ExpectedRows
from harness.study.spec.cross_check import tables_offered
from harness.study.spec.document import APPEND, EXTENDS
from harness.study.spec.entry import CHOICE, LADDER
from harness.study.spec.schema_text import FILLED_IN, WORDS
from harness.study.spec.study import Study

_SECTION = re.compile(r"^(?:Attributes|Parameters)\n-+\n(.*?)(?=\n\w+\n-+$|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"^(\w+(?:, \w+)*) : (.*(?:\n +.*)*)", re.MULTILINE)


def summary(cls: type) -> str:
    """Return the first paragraph of a class's docstring, in one line."""
    return " ".join(_docstring(cls).split("\n\n", 1)[0].split())


def field_texts(cls: type) -> Mapping[str, str]:
    """Return what the docstrings of a class and its bases say about each field, each in one line."""
    texts: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        for section in _SECTION.findall(_docstring(base)):
            for names, text in _FIELD.findall(section):
                texts |= dict.fromkeys(names.split(", "), " ".join(text.split()))
    return texts


def _docstring(cls: type) -> str:
    return inspect.cleandoc(vars(cls).get("__doc__") or "")


Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

# Where the schema store has it; its entry in the store's catalog is ``specs/schema_catalog.json``.
STORED = "https://json.schemastore.org/panel-harness.json"

# Ends the names of the entries of lists of choices, which begin with the kind, such as `EstimatorEntry`.
_ENTRY = "Entry"


class _SpecSchema(GenerateJsonSchema):
    """Takes descriptions from docstrings, and leaves open what JSON Schema cannot say."""

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        options = super().dataclass_schema(schema) | {"additionalProperties": False}
        return _with_texts(options, schema["cls"])

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        described = _with_texts(super().model_schema(schema), schema["cls"])
        filled = {key for key, option in described["properties"].items() if option.pop(FILLED_IN, False)}
        needed = [key for key in described.get("required", ()) if key not in filled]
        return described | {"required": needed} if filled else described

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def handle_invalid_for_json_schema(self, schema: object, error_info: str) -> JsonSchemaValue:
        return {}


def spec_schema(catalogs: Catalogs) -> Json:
    """Return the JSON Schema of a spec that may choose from these catalogs.

    Every estimator, protocol, scenario and preparation step is described with its options.
    """
    schema = Study.model_json_schema(schema_generator=_SpecSchema)
    definitions = schema["$defs"]
    for entry in [name for name in definitions if name.endswith(_ENTRY)]:
        kind = entry.removesuffix(_ENTRY).casefold()
        own = definitions[entry]["properties"]
        own = {key: field for key, field in own.items() if key not in (CHOICE, USE)}
        definitions[entry] = _choice(catalogs[kind], definitions, own=own)
        definitions[kind] = _choice(catalogs[kind], definitions, own={})
    definitions[SIMULATION.name] = _choice(catalogs[SIMULATION.name], definitions, own={})
    definitions[STEP.name] = _steps(catalogs[STEP.name], definitions)
    properties, evaluation = schema["properties"], definitions["EvaluationSpec"]["properties"]
    word = {"const": LADDER, "description": "all entries that the installed estimators offer for the ladder"}
    properties["estimators"] = _or_alone(properties["estimators"], word, _alone(catalogs["estimator"]))
    properties["scenarios"] = _or_alone(properties["scenarios"], _alone(catalogs["scenario"]))
    for key, kind in (("protocols", "protocol"), ("metrics", "metric")):
        evaluation[key] = _or_alone(evaluation[key], _alone(catalogs[kind]))
    definitions[ExpectedRows.__name__] = ExpectedRows.model_json_schema(schema_generator=_SpecSchema)
    for option in definitions[ExpectedRows.__name__]["properties"].values():
        option.pop("default", None)  # an entry for one number has none of these
    items = properties["expect"]["items"]
    items["anyOf"] = [*items.pop("oneOf", items.pop("anyOf", ())), {"$ref": "#/$defs/ExpectedRows"}]
    for name in ("ExpectedNumber", "ExpectedText", "ExpectedRows"):
        named = definitions[name]["properties"]["table"]["anyOf"][0]
        named["enum"] = sorted(tables_offered(catalogs).keys() - {EXPECTED_OF_NONE})
    resolved: Json = _resolved({"$schema": DIALECT, "$id": STORED, **schema})
    return resolved


def choices_of(schema: Json, kind: str) -> Mapping[str, Json]:
    """Return the definitions of what a kind offers in the schema of a spec, by name; empty of other kinds."""
    entry = schema["$defs"].get(kind, {})
    if kind == STEP.name:
        steps: Json = entry["properties"]
        return steps
    named = (one for one in entry.get("anyOf", ()) if USE in one.get("properties", {}))
    return {one["properties"][USE]["const"]: one for one in named}


# Mappings of a spec that another spec may change a part of, and their definitions.
_PARTS = {"data": "DataSpec", "roles": "Roles", "evaluation": "EvaluationSpec", "report": "ReportSpec"}


def file_schema(catalogs: Catalogs) -> Json:
    """Return the JSON Schema of a file, which is a spec, or the changes of the one that it extends.

    What extends another needs no key of its own, and may append to its lists; see `read_spec`.
    """
    schema = spec_schema(catalogs)
    parts = {key: schema["$defs"][name] for key, name in _PARTS.items()}
    needed = {key: {"required": part.pop("required")} for key, part in parts.items() if "required" in part}
    whole = {"required": schema.pop("required"), "properties": needed}
    for part in (schema, *parts.values()):
        part["properties"] = {key: _or_changed(option) for key, option in part["properties"].items()}
    text = "path of the spec that this one changes, relative to the folder of this file"
    schema["properties"] = {EXTENDS: {"type": "string", "description": text}, **schema["properties"]}
    return {**schema, "if": {"required": [EXTENDS]}, "else": whole}


def _or_changed(option: Json) -> Json:
    """Return the schema of a value as one that may be removed, or appended to where it is a list."""
    kinds = option.get("anyOf", [option])
    lists = (
        {key: kind[key] for key in ("type", "items") if key in kind} for kind in kinds if "items" in kind
    )
    appended = [{"type": "object", "properties": {APPEND: own}, "required": [APPEND]} for own in lists]
    described = {key: value for key, value in option.items() if key in ("description", "default")}
    closed = [{**one, "additionalProperties": False} for one in appended]
    return {**described, "anyOf": [*kinds, *closed, {"type": "null"}]}


def _names(catalog: Catalog) -> Json:
    return {"type": "string", "enum": sorted(catalog.members)}


def _alone(catalog: Catalog) -> Json:
    return _names(catalog) | {WORDS: f"the name of one {catalog.kind.name}"}


def _or_alone(entries: Json, *alone: Json) -> Json:
    """Return the schema of a list that may be written as one word."""
    description = {"description": entries["description"]} if "description" in entries else {}
    return description | {"anyOf": [*alone, entries]}


def _choice(catalog: Catalog, definitions: Json, *, own: Json) -> Json:
    """Return the schema of a choice, written as its name alone or as a mapping with its options."""
    mappings = []
    for name in sorted(catalog.members):
        options = _options(catalog, name, definitions)
        key = {USE: {"const": name, "description": options.get("description", "")}}
        mapping = options | {
            "properties": {**key, **own, **options.get("properties", {})},
            "required": [USE, *options.get("required", ())],
        }
        mappings.append(mapping)
    return {"anyOf": [_names(catalog), *mappings]}


def _steps(catalog: Catalog, definitions: Json) -> Json:
    """Return the schema of a step, written as a mapping from its name to its options."""
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": {name: _options(catalog, name, definitions) for name in sorted(catalog.members)},
    }


def _options(catalog: Catalog, name: str, definitions: Json) -> Json:
    """Return the schema of one choice's options; what it refers to joins the definitions."""
    prefix = f"{catalog.kind.name}.{name}."
    try:
        schema = options_model(catalog.members[name]).model_json_schema(
            ref_template=f"#/$defs/{prefix}{{model}}", schema_generator=_SpecSchema
        )
    except (PydanticUserError, PydanticUndefinedAnnotation):
        # A plugin's class that pydantic cannot read is refused where it is used, not here.
        return {"type": "object"}
    own = {f"{prefix}{key}": definition for key, definition in schema.get("$defs", {}).items()}
    reference = schema["properties"][OPTIONS].get("$ref", "").removeprefix("#/$defs/")
    options = own.pop(reference, {"type": "object"})
    definitions |= own
    return dict(options)


def _with_texts(schema: Json, cls: type) -> Json:
    """Describe a class and its properties by its docstring; a property of one value by what the class is."""
    texts = {name.rstrip("_"): text for name, text in field_texts(cls).items()}
    known = schema.get("properties", {})
    texts = {key: summary(cls) for key, option in known.items() if "const" in option} | texts
    properties = {
        key: {"description": texts[key], **option} if key in texts else option
        for key, option in known.items()
    }
    return schema | {"description": summary(cls), "properties": properties}


def _resolved(value: Any) -> Any:  # noqa: ANN401 - any part of a JSON document
    """Let what stands for a choice refer to the choice's definition."""
    if isinstance(value, dict):
        reference = {"$ref": f"#/$defs/{value[CHOICE_OF]}"} if CHOICE_OF in value else {}
        return {key: _resolved(entry) for key, entry in value.items() if key != CHOICE_OF} | reference
    return [_resolved(entry) for entry in value] if isinstance(value, list) else value

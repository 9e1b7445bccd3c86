"""The schemas of an OpenAPI document in words, and an example of each."""

from __future__ import annotations

import math
from typing import Any

# JSON: what a document and its schemas are made of, by their specification's names (OpenAPI 3.1, JSON Schema 2020-12).
Document = dict[str, Any]
Schema = dict[str, Any]

_KINDS = {"integer": "whole number", "number": "number", "boolean": "true or false", "string": "text"}
_FORMATS = {"date-time": "date and time", "date": "date", "binary": "bytes"}
_EXAMPLES: dict[str, Any] = {"integer": 1, "number": 1.0, "boolean": True, "string": "text"}
_EXAMPLES_OF_FORMAT = {"date-time": "2027-03-01T12:00:00Z", "date": "2027-03-01"}

# Schemas may hold themselves; nobody reads on after so many levels.
_DEEPEST = 6


def resolved(document: Document, schema: Schema) -> Schema:
    """The schema, where it only names one of the document's components."""
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    components: dict[str, Schema] = document.get("components", {}).get("schemas", {})
    return components.get(name, schema)


def words_for(document: Document, schema: Schema, depth: int = 0) -> str:
    """What kind of value a schema asks for, such as "whole number, 1 to 1000"."""
    schema = resolved(document, schema)
    choices = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    if choices and depth < _DEEPEST:
        return " or ".join(dict.fromkeys(words_for(document, one, depth + 1) for one in choices))
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array" and depth < _DEEPEST:
        return f"list of {words_for(document, schema.get('items', {}), depth + 1)}"
    if schema.get("type") == "object":
        names = ", ".join(schema.get("properties", {}))
        return f"object with {names}" if names else "object"
    kind = _FORMATS.get(schema.get("format", "")) or _KINDS.get(schema.get("type", ""), "any value")
    return kind + _limits(schema)


def _limits(schema: Schema) -> str:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    if least is not None and most is not None:
        return f", {least:.15g} to {most:.15g}"
    if least is not None:
        return f", {least:.15g} or more"
    if most is not None:
        return f", {most:.15g} at most"
    return f", {schema['maxLength']} characters at most" if "maxLength" in schema else ""


def example_of(document: Document, schema: Schema, depth: int = 0) -> Any:  # noqa: ANN401 - JSON of any kind
    """A value that a schema lets through: one that it names itself, or the plainest."""
    schema = resolved(document, schema)
    named = [schema.get("const"), schema.get("default"), *schema.get("examples", []), *schema.get("enum", [])]
    for value in named:
        if value is not None:
            return value
    choices = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    if choices and depth < _DEEPEST:
        return example_of(document, choices[0], depth + 1)
    if schema.get("type") == "array":
        return [example_of(document, schema.get("items", {}), depth + 1)] if depth < _DEEPEST else []
    if schema.get("type") == "object":
        fields = schema.get("properties", {}) if depth < _DEEPEST else {}
        return {name: example_of(document, field, depth + 1) for name, field in fields.items()}
    return _plainest(schema)


def _plainest(schema: Schema) -> object:
    """A number within its limits, or a text of its format."""
    kind, wanted = schema.get("type", ""), schema.get("format", "")
    if kind in {"integer", "number"}:
        number = min(max(_EXAMPLES[kind], schema.get("minimum", -math.inf)), schema.get("maximum", math.inf))
        return int(number) if kind == "integer" else number
    return _EXAMPLES_OF_FORMAT.get(wanted, _EXAMPLES.get(kind))

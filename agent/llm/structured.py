"""JSON schemas as providers take them: the strict subset, or words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["schema_in_words", "strict_schema"]

# Keywords outside the subset that strict structured output accepts, and how to say them instead.
_IN_WORDS = {
    "maxLength": "at most {} characters",
    "minLength": "at least {} characters",
    "maxItems": "at most {} items",
    "minItems": "at least {} items",
}


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema within the subset that providers enforce.

    Every property is required, nothing else is allowed, and limits that the subset lacks move
    into the description, where the model still reads them.
    """
    # What steers the grammar of a small model would, put into words, only confuse.
    left_out = {*_IN_WORDS, "pattern", *(("anyOf",) if "type" in schema else ())}
    strict = {key: schema[key] for key in schema if key not in left_out}
    said = [words.format(schema[key]) for key, words in _IN_WORDS.items() if key in schema]
    if said:
        strict["description"] = "; ".join([*filter(None, [schema.get("description")]), *said])
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        strict["properties"] = {name: strict_schema(part) for name, part in properties.items()}
        strict["required"] = list(properties)
        strict["additionalProperties"] = False
    if isinstance(schema.get("items"), Mapping):
        strict["items"] = strict_schema(schema["items"])
    return strict


def schema_in_words(schema: Mapping[str, Any]) -> str:
    """What to tell a model whose provider enforces no schema."""
    return (
        "Answer with one JSON object and nothing else, no Markdown. It must satisfy this JSON "
        f"schema:\n{json.dumps(strict_schema(schema), ensure_ascii=False)}"
    )

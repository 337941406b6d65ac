"""JSON schemas as grammars that a local model cannot leave.

llama.cpp's own conversion lets a model fill the gaps between tokens with white space; a small
model then spends half of its tokens on indentation. The grammar written here allows one compact
form only. It is in the Lark dialect of llguidance (https://github.com/guidance-ai/llguidance),
which xllamacpp is built with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from templates.errors import UserError

__all__ = ["lark_grammar"]

# Printable ASCII without quote and backslash, and the escapes that code needs. Other characters
# are left out on purpose: in code they are nearly always a mistake.
_CHARACTER = r'(?:[ !#-\[\]-~]|\\["\\nt])'
_IGNORED = {"title", "description", "additionalProperties", "required", "$schema", "default"}
_KNOWN = {
    "object": {"properties"},
    "array": {"items", "minItems", "maxItems"},
    "string": {"minLength", "maxLength", "pattern"},
    "integer": set(),
    "number": set(),
    "boolean": set(),
    "null": set(),
}
# What a pattern may not hold, since it would match characters that JSON must escape.
_UNSAFE_PATTERN = re.compile(r'\[\^|\\[sSdDwWbBtr]|(?<!\\)\.|\(\?|(?<!\\)\[(?:[^\]\\]|\\.)*"')


def lark_grammar(schema: Mapping[str, Any]) -> str:
    """A grammar for the compact JSON texts that satisfy a schema.

    Properties are written in the order of the schema, every one of them. Strings are printable
    ASCII with line breaks; a ``pattern`` must be anchored (``^...$``), may use ``\\n`` and quotes
    outside of classes and classes that name their characters, and replaces ``maxLength``.

    Args:
        schema: JSON schema of objects, arrays, strings, numbers, booleans, null, ``enum``,
            ``const`` and ``anyOf``, which may stand beside a type where each of its parts is of
            that type and narrows what else is said.

    Returns:
        The grammar, ready for the ``grammar`` field of a llama.cpp request.

    Raises:
        UserError: A keyword that this conversion does not know, or a pattern outside the subset.
    """
    rules: list[str] = []
    start = _rule(schema, rules, "root")
    return "\n".join(["%llguidance {}", f"start: {start}", *rules]) + "\n"


def _rule(schema: Mapping[str, Any], rules: list[str], where: str) -> str:
    """Append the rules for one schema and return the name that stands for it."""
    number = len(rules)
    for keyword in ("enum", "const"):
        if keyword in schema:
            values = schema[keyword] if keyword == "enum" else [schema[keyword]]
            rules.append(f"r{number}: " + " | ".join(_literal(_compact(value)) for value in values))
            return f"r{number}"
    if "anyOf" in schema:
        # Beside a type it narrows: each part says all that is said beside it, and more.
        unknown = set(schema) - _IGNORED - {"anyOf"} - _narrowed(schema)
        if unknown or not schema["anyOf"]:
            raise UserError(f"schema at {where}: anyOf needs schemas and no other keywords")
        rules.append("")
        rules[number] = f"r{number}: " + " | ".join(
            _rule(part, rules, f"{where}|{index}") for index, part in enumerate(schema["anyOf"])
        )
        return f"r{number}"
    kind = schema.get("type")
    if kind not in _KNOWN:
        raise UserError(f"schema at {where}: type {kind!r} is not one of {sorted(_KNOWN)}")
    unknown = set(schema) - _IGNORED - _KNOWN[kind] - {"type"}
    if unknown:
        raise UserError(f"schema at {where}: keywords {sorted(unknown)} are not supported")
    if kind == "string":
        rules.append(f"R{number}: /{_string(schema, where)}/")
        return f"R{number}"
    if kind in _SIMPLE:
        rules.append(f"R{number}: /{_SIMPLE[kind]}/")
        return f"R{number}"
    rules.append("")  # Keeps the place while the parts take their numbers.
    rules[number] = f"r{number}: " + (
        _object(schema, rules, where) if kind == "object" else _array(schema, rules, where)
    )
    return f"r{number}"


def _narrowed(schema: Mapping[str, Any]) -> set[str]:
    """Keywords beside an ``anyOf`` whose parts say all of it themselves."""
    kind, parts = schema.get("type"), schema["anyOf"]
    names = list(schema.get("properties", ()))
    same = all(
        part.get("type") == kind and list(part.get("properties", ())) == names for part in parts
    )
    return {"type", *_KNOWN[kind]} if kind in ("object", "array") and same else set()


_SIMPLE = {
    "integer": r"-?(?:0|[1-9][0-9]{0,15})",
    "number": r"-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,16})?(?:[eE][-+]?[0-9]{1,3})?",
    "boolean": "(?:true|false)",
    "null": "null",
}


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _literal(text: str) -> str:
    return json.dumps(text)


def _object(schema: Mapping[str, Any], rules: list[str], where: str) -> str:
    parts = []
    for index, (name, part) in enumerate(schema.get("properties", {}).items()):
        lead = ("," if index else "{") + _compact(name) + ":"
        parts.append(f"{_literal(lead)} {_rule(part, rules, f'{where}.{name}')}")
    return " ".join([*parts, _literal("}")]) if parts else _literal("{}")


def _array(schema: Mapping[str, Any], rules: list[str], where: str) -> str:
    item = _rule(schema["items"], rules, f"{where}[]")
    least = int(schema.get("minItems", 0))
    most = int(schema["maxItems"]) if "maxItems" in schema else None
    if most == 0:
        return _literal("[]")
    more = f"{max(0, least - 1)},{'' if most is None else most - 1}"
    filled = f'"[" {item} ("," {item}){{{more}}} "]"'
    return filled if least else f'"[]" | {filled}'


def _string(schema: Mapping[str, Any], where: str) -> str:
    if "pattern" in schema:
        return f'"{_pattern(str(schema["pattern"]), where)}"'
    least = int(schema.get("minLength", 0))
    most = schema.get("maxLength", "")
    return f'"{_CHARACTER}{{{least},{most}}}"'


def _pattern(pattern: str, where: str) -> str:
    """The pattern over JSON-escaped text."""
    if not (pattern.startswith("^") and pattern.endswith("$")):
        raise UserError(f"schema at {where}: pattern {pattern!r} must be anchored as ^...$")
    inner = pattern[1:-1]
    found = _UNSAFE_PATTERN.search(inner)
    if found:
        raise UserError(
            f"schema at {where}: {found.group()!r} in the pattern could match characters that "
            "JSON escapes; name the characters, for example [ !#-\\[\\]-~]"
        )
    # A line break, written as backslash n or as the character itself, is backslash n in JSON.
    escaped = inner.replace("\n", "\\n").replace("\\n", "\\\\n").replace('"', r'(\\")')
    return escaped.replace("/", "\\/")

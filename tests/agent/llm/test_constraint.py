"""Grammars: what is accepted is the compact JSON of the schema, and nothing else.

The grammar's regular expressions use no syntax that Python lacks, so they are checked with ``re``;
that llama.cpp takes the whole grammar is checked with the real model in test_local_model.py.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from agent.llm.constraint import lark_grammar
from templates.errors import UserError


def as_regex(grammar: str) -> re.Pattern[str]:
    """The grammar as one regular expression (it has no recursion)."""
    header, *lines = grammar.strip().splitlines()
    assert header == "%llguidance {}"
    rules = dict(line.split(": ", 1) for line in lines)

    def expand(body: str) -> str:
        if body.startswith("/") and body.endswith("/"):
            return "(?:" + body[1:-1] + ")"
        parts = re.findall(r'"(?:[^"\\]|\\.)*"|[rR]\d+|\{\d+,\d*\}|[()|]', body)
        out = ""
        for part in parts:
            if part.startswith('"'):
                out += re.escape(json.loads(part))
            elif part in rules:
                out += "(?:" + expand(rules[part]) + ")"
            else:
                out += part
        return f"(?:{out})"

    return re.compile(expand(rules["start"]), re.DOTALL)


def accepts(schema: dict[str, Any], text: str) -> bool:
    return as_regex(lark_grammar(schema)).fullmatch(text) is not None


PROPOSAL = {
    "type": "object",
    "properties": {
        "thought": {"type": "string", "minLength": 1, "maxLength": 12},
        "name": {"type": "string", "pattern": "^[a-z][a-z0-9_]{2,9}$"},
        "code": {"type": "string", "pattern": r"^def f\(x\):(\n    [ !#-\[\]-~]+){1,2}$"},
    },
    "required": ["thought", "name", "code"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ({"thought": "a b", "name": "abc", "code": "def f(x):\n    return x"}, True),
        ({"thought": 'say "a\n\\', "name": "abc", "code": "def f(x):\n    y\n    z"}, True),
        ({"thought": "", "name": "abc", "code": "def f(x):\n    return x"}, False),
        ({"thought": "thirteen char", "name": "abc", "code": "def f(x):\n    r"}, False),
        ({"thought": "a", "name": "Abc", "code": "def f(x):\n    return x"}, False),
        ({"thought": "a", "name": "abc", "code": "def g(x):\n    return x"}, False),
        ({"thought": "a", "name": "abc", "code": "def f(x):\n  return x"}, False),
        ({"thought": "a", "name": "abc", "code": "def f(x):"}, False),
        ({"name": "abc", "thought": "a", "code": "def f(x):\n    return x"}, False),
        ({"thought": "a", "name": "abc"}, False),
        ({"thought": "dé", "name": "abc", "code": "def f(x):\n    return x"}, False),
    ],
)
def test_proposals(value: dict[str, str], good: bool) -> None:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    assert accepts(PROPOSAL, text) is good
    assert not accepts(PROPOSAL, json.dumps(value, indent=1))


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer"}, ["0", "-12"], ["01", "1.0", ""]),
        ({"type": "number"}, ["0", "-1.5", "2e-3"], [".5", "1.", "NaN"]),
        ({"type": "boolean"}, ["true", "false"], ["True"]),
        ({"type": "null"}, ["null"], ["none"]),
        ({"enum": ["a", 1, None]}, ['"a"', "1", "null"], ["a", "2"]),
        ({"const": "x"}, ['"x"'], ['"y"']),
        ({"type": "string"}, ['""', r'"\n\"\\"'], ['"', '"\n"', r'"\q"']),
        (
            {"type": "array", "items": {"type": "integer"}},
            ["[]", "[1]", "[1,2]"],
            ["[1,]", "[1, 2]"],
        ),
        (
            {"type": "array", "items": {"type": "null"}, "minItems": 2, "maxItems": 3},
            ["[null,null]", "[null,null,null]"],
            ["[]", "[null]", "[null,null,null,null]"],
        ),
        ({"type": "object", "properties": {}}, ["{}"], ["{ }"]),
        (
            {"anyOf": [{"type": "object", "properties": {"a": {"const": 1}}}, {"type": "null"}]},
            ['{"a":1}', "null"],
            ['{"a":null}', "{}", "1", '{"a":1}null'],
        ),
        (
            {"type": "array", "items": {"anyOf": [{"const": 1}, {"const": 2}]}, "minItems": 1},
            ["[1]", "[2,1]"],
            ["[]", "[3]", "[12]"],
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "anyOf": [
                    {
                        "type": "object",
                        "properties": {"a": {"enum": [one]}, "b": {"enum": [one, '\n"']}},
                    }
                    for one in ("x", "y")
                ],
            },
            ['{"a":"x","b":"x"}', '{"a":"y","b":"y"}', '{"a":"y","b":"\\n\\""}'],
            ['{"a":"x","b":"y"}', '{"a":"z","b":"z"}', '{"a":"x"}'],
        ),
        (
            {"type": "string", "pattern": '^([ -!#-Z]|")*x$'},
            ['"x"', '"A\\"x"', '"\\"\\"x"'],
            ['"A"x"', '"\\"', '"\\\\"x"'],
        ),
        (
            {
                "type": "array",
                "items": {"type": "integer"},
                "anyOf": [{"type": "array", "items": {"const": 3}, "maxItems": 2}],
            },
            ["[]", "[3]", "[3,3]"],
            ["[4]", "[3,3,3]"],
        ),
        (
            {"type": "object", "properties": {"a": {"type": "array", "items": {"const": 1}}}},
            ['{"a":[1]}'],
            ['{"a": [1]}', "{}"],
        ),
    ],
)
def test_types(schema: dict[str, Any], good: list[str], bad: list[str]) -> None:
    for text in good:
        json.loads(text)
        assert accepts(schema, text), text
    for text in bad:
        assert not accepts(schema, text), text


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "bogus"}, "at root: type 'bogus'"),
        ({}, "type None"),
        ({"type": "string", "format": "uri"}, "format"),
        ({"anyOf": []}, "at root: anyOf"),
        ({"anyOf": [{"type": "null"}], "type": "null"}, "at root: anyOf"),
        (
            {
                "type": "object",
                "properties": {"a": {"const": 1}},
                "anyOf": [{"type": "object", "properties": {}}],
            },
            "at root: anyOf",
        ),
        ({"anyOf": [{"type": "null"}, {"type": "bogus"}]}, r"at root\|1"),
        ({"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}}, "root.a"),
        ({"type": "string", "pattern": "a"}, "anchored"),
        ({"type": "string", "pattern": "^.*$"}, "could match characters"),
        ({"type": "string", "pattern": "^[^a]$"}, "could match characters"),
        ({"type": "string", "pattern": r"^\s$"}, "could match characters"),
        ({"type": "string", "pattern": '^[a"]$'}, "could match characters"),
    ],
)
def test_what_is_not_supported_is_named(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        lark_grammar(schema)

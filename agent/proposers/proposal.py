"""From the text of a completion to a proposal: tolerant of form, strict about content.

A model that decodes under `proposal_schema` needs none of the tolerance; models without
constrained decoding wrap, fence, double-escape or typeset their JSON. Nothing is ever evaluated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.proposers.searches import indentation, search_texts
from templates.contract import Experiment, TemplateSpec
from templates.edits import Edit, render_edits
from templates.errors import CandidateError
from templates.syntax import syntax_tree

__all__ = ["NAME_LENGTH", "Proposal", "parse_proposal", "proposal_schema", "sanitize_name"]

NAME_LENGTH = 48
_THOUGHT_LENGTH = 200
_TEXT_LIMIT = 100_000
_OBJECTS_TRIED = 64

# What a line of code may hold: printable ASCII without quotes, backslashes, backticks and braces,
# which such code does without and which, written by a small model, are nearly always a slip.
_PRINTABLE = r"[ !#-&(-\[\]-_a-z|~]"
_MAX_LINES = 24
# A line of a script, which may have strings in single quotes and dictionaries, and is not blank.
_SCRIPT_LINE = r" *[!#-\[\]-_a-~][ !#-\[\]-_a-~]*"
_MAX_SCRIPT_LINES = 60
_MAX_EDITS = 8
# Of a small model, which repeats itself where it may go on.
_FEW_EDITS = 3
_MAX_REPLACED_LINES = 6


def proposal_schema(spec: TemplateSpec, files: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The JSON schema of a proposal for a template.

    The order of the properties is the order in which a constrained model writes them: it thinks
    before it names and names before it codes. Where the candidate is one JAX function, its code
    must begin with the imports and the exact ``def`` line and end with the first ``return`` of that
    function: small models otherwise spend their errors before the one and their tokens after the
    other. A script ends with the function that is asked for.

    Args:
        spec: Says what a candidate must define.
        files: What an experiment's files are now, by path; None for untouched ones.

    Returns:
        The schema; its ``code`` has a pattern, or a least length where the form is free. Of an
        experiment it has ``edits`` in place of code.
    """
    if spec.experiment is not None:
        now = spec.experiment.files if files is None else files
        return _schema({"edits": _edits_schema(spec.experiment, now)})
    code: dict[str, Any] = {"type": "string", "minLength": 40}
    required = [function for function in spec.functions if function.required]
    if len(required) == 1:
        function = required[0]
        arguments = ", ".join(argument.name for argument in function.arguments)
        head = f"import jax\nimport jax.numpy as jnp\n\n\ndef {function.name}({arguments}):"
        quoted = head.replace(".", r"\.").replace("(", r"\(").replace(")", r"\)")
        code = {"type": "string", "pattern": f"^{quoted}{_body()}$"}
    elif spec.script is not None:
        arguments = ", ".join(argument.name for argument in spec.script.arguments)
        code = {"type": "string", "pattern": f"^{_script(spec.script.entry, arguments)}$"}
    return _schema({"code": code})


def _schema(content: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "thought": {"type": "string", "maxLength": _THOUGHT_LENGTH},
            "name": {"type": "string", "pattern": f"^[a-z][a-z0-9_]{{2,{NAME_LENGTH - 1}}}$"},
            **content,
        },
        "required": ["thought", "name", *content],
        "additionalProperties": False,
    }


def _edits_schema(experiment: Experiment, files: Mapping[str, str]) -> dict[str, Any]:
    """Replacements in the files that may be edited, each in the order file, search, replace.

    The form is free; ``anyOf`` narrows it for models that decode under a grammar: to few edits, to
    what can be found once in a file as it is now, and to few new lines that are indented as what
    they replace.
    """
    paths = sorted(set(files) - set(experiment.fixed))
    groups: dict[tuple[str, int], list[str]] = {}
    for path in paths:
        for text in search_texts(files[path]):
            groups.setdefault((path, indentation(text)), []).append(text)
    free = _edit({"enum": paths}, {"minLength": 1}, {})
    narrowed = [
        _edit({"enum": [path]}, {"enum": texts}, {"pattern": _replacement(indent)})
        for (path, indent), texts in groups.items()
    ]
    few = {"type": "array", "minItems": 1, "maxItems": _FEW_EDITS, "items": {"anyOf": narrowed}}
    return {"type": "array", "minItems": 1, "maxItems": _MAX_EDITS, "items": free, "anyOf": [few]}


def _edit(file: dict[str, Any], search: dict[str, Any], replace: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {
            "file": {**text, **file},
            "search": {**text, **search},
            "replace": {**text, **replace},
        },
        "required": ["file", "search", "replace"],
        "additionalProperties": False,
    }


def _replacement(indent: int) -> str:
    """Pattern of new lines of which the first is indented by so many spaces."""
    line = r'([!#-\[\]-_a-~]|")([ !#-\[\]-_a-~]|")*'
    return rf"^{' ' * indent}{line}(\n( *{line})?){{0,{_MAX_REPLACED_LINES - 1}}}$"


def _script(entry: str, arguments: str) -> str:
    """Imports and helpers, then the function that is asked for, which ends with a ``return``."""
    helpers = rf"({_SCRIPT_LINE}\n(\n){{0,2}}){{0,{_MAX_SCRIPT_LINES}}}"
    body = rf"(    {_SCRIPT_LINE}\n(\n)?){{1,{_MAX_SCRIPT_LINES}}}"
    head = rf"import numpy as np\n{helpers}def {entry}\({arguments}\):"
    # The last line has no braces: a small model closes the JSON object in there.
    return rf"{head}\n{body}    return [!#-\[\]-_a-z|~][ !#-\[\]-_a-z|~]*"


def _body() -> str:
    """Indented lines, of which the last and no other is a ``return`` of the outermost function."""
    other = f"{_without('( ')}{_PRINTABLE}*"
    for letter in reversed("return"):
        # a line that begins like "return": it may end here or go on in another way
        other = f"{_without(letter)}{_PRINTABLE}*|{letter}({other})?"
    return f"(\n    ({other})){{0,{_MAX_LINES}}}\n    return {_PRINTABLE}+"


def _without(characters: str) -> str:
    """Class of the printable characters but some, written as ranges."""
    printable = re.compile(_PRINTABLE)
    ranges: list[list[str]] = []
    for one in map(chr, range(32, 127)):
        if printable.fullmatch(one) and one not in characters:
            if ranges and ord(one) == ord(ranges[-1][1]) + 1:
                ranges[-1][1] = one
            else:
                ranges.append([one, one])
    quoted = [[f"\\{end}" if end in "[]^-" else end for end in pair] for pair in ranges]
    return "[" + "".join(f"{low}-{high}" for low, high in quoted) + "]"


_FENCE = re.compile(r"```[ \t]*[\w+-]*[ \t]*\r?\n(.*?)(?:\n[ \t]*```|```|\Z)", re.DOTALL)
_QUOTED = re.compile(r'"[^"\n]*"|\'[^\'\n]*\'')
_JSON_END = {"}": "{", "]": "["}
_TRIPLE = re.compile(r'"""(.*?)"""|\'\'\'(.*?)\'\'\'', re.DOTALL)
_SMART_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'"})


@dataclass(frozen=True)
class Proposal:
    """What a model proposes.

    Args:
        thought: Why it should work, in the model's words.
        name: ``[a-z0-9_]{1,48}``.
        code: Python source, or edits of an experiment; newline-terminated, not yet screened.
    """

    thought: str
    name: str
    code: str


def parse_proposal(text: str) -> Proposal:
    """Read a proposal out of a completion.

    Args:
        text: The completion as it came.

    Returns:
        The proposal of the first JSON object that has code or edits, or else of the first object.

    Raises:
        CandidateError: Kind ``empty_answer``, ``too_long``, ``truncated_json``,
            ``malformed_json``, ``missing_field``, ``wrong_type``, ``empty_code``, ``no_edits`` or
            ``malformed_edit``.
    """
    if not text.strip():
        raise CandidateError(
            "empty_answer", 'The answer was empty. Answer with {"thought", "name", "code"}.'
        )
    if len(text) > _TEXT_LIMIT:
        raise CandidateError(
            "too_long", f"The answer has {len(text)} characters; stay below {_TEXT_LIMIT}."
        )
    found = _find_object(text)
    thought = _text_field(found, "thought")
    name = _text_field(found, "name")
    if "edits" in found:
        code = render_edits(_edits(found["edits"]))
    else:
        code = _clean_code(_text_field(found, "code"))
    if not code.strip():
        raise CandidateError("empty_code", 'The field "code" is empty: put the whole function in.')
    return Proposal(thought=_clean_text(thought).strip(), name=sanitize_name(name), code=code)


def sanitize_name(name: str) -> str:
    """A name with only ``[a-z0-9_]``, at most 48 characters; ``unnamed`` where nothing is left."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    cleaned = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
    return cleaned[:NAME_LENGTH].strip("_") or "unnamed"


def _find_object(text: str) -> dict[str, Any]:
    first: dict[str, Any] | None = None
    for variant in _variants(text):
        for found in _objects(variant):
            if {"code", "edits"} & set(found):
                return found
            first = found if first is None else first
    # What is inside of an object that was cut off is no answer.
    cut_off = first is not None and not {"thought", "name"} & set(first)
    if first is not None and not (cut_off and text.count("{") > text.count("}")):
        return first
    if (
        "{" in text
        and text.count('"') >= 2
        and not text.rstrip().rstrip("`").rstrip().endswith("}")
    ):
        raise CandidateError(
            "truncated_json",
            "The answer ends before the JSON object is closed. Shorten the thought and the code "
            "so that the whole object fits.",
        )
    raise CandidateError(
        "malformed_json",
        'No JSON object was found. Answer with exactly one object {"thought": "...", "name": '
        '"...", "code": "..."}; inside the strings write newlines as \\n and quotes as \\".',
    )


def _variants(text: str) -> Iterator[str]:
    """Readings of the text, the most literal one first."""
    yield text
    yield from _FENCE.findall(text)
    if '"""' in text or "'''" in text:
        yield _TRIPLE.sub(lambda match: json.dumps(match[1] or match[2] or ""), text)
    straight = text.translate(_SMART_QUOTES)
    if straight != text:
        yield straight


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """JSON objects in the text, outermost first; raw newlines inside strings are allowed."""
    decoder = json.JSONDecoder(strict=False)
    position = 0
    for _ in range(_OBJECTS_TRIED):
        position = text.find("{", position)
        if position < 0:
            return
        try:
            value, position = decoder.raw_decode(text, position)
        # ValueError covers malformed JSON and integers with too many digits.
        except (ValueError, RecursionError):
            position += 1
            continue
        yield value


def _text_field(found: dict[str, Any], key: str) -> str:
    if key not in found:
        known = ", ".join(f'"{name}"' for name in list(found)[:8]) or "none"
        raise CandidateError(
            "missing_field", f'The field "{key}" is missing (fields found: {_clean_text(known)}).'
        )
    value = found[key]
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    if not isinstance(value, str):
        raise CandidateError(
            "wrong_type", f'The field "{key}" must be a string, not {type(value).__name__}.'
        )
    return value


def _edits(found: object) -> list[Edit]:
    """The edits of a proposal's JSON."""
    entries = found if isinstance(found, list) else [found]
    if not entries:
        raise CandidateError("no_edits", 'The list "edits" is empty: change at least one line.')
    edits = []
    for entry in entries:
        if not isinstance(entry, dict):
            raise CandidateError(
                "wrong_type", 'Each of the "edits" must be {"file", "search", "replace"}.'
            )
        path, search, replace = (
            _clean_text(_text_field(entry, key)).replace("\r\n", "\n")
            for key in ("file", "search", "replace")
        )
        edits.append(Edit(path.strip(), search.strip("\n"), replace.strip("\n")))
    # An edit that is said twice, word for word, is meant once.
    return _without_json_end(list(dict.fromkeys(edits)))


def _without_json_end(edits: Sequence[Edit]) -> list[Edit]:
    """Edits without the end of the JSON object that a small model writes into a replacement.

    That is a row of closing braces and square brackets at its very end, which nothing opens: not
    in what is replaced, and not in another edit of the file.
    """
    mended = list(edits)
    for place, edit in enumerate(edits):
        replace = edit.replace
        while replace and (closing := replace[-1]) in _JSON_END:
            others = (one for one in mended if one.path == edit.path)
            if min(_unopened(closing, edit), sum(_unopened(closing, o) for o in others)) <= 0:
                break
            replace = replace[:-1]
            edit = mended[place] = Edit(edit.path, edit.search, replace)
    return mended


def _unopened(closing: str, edit: Edit) -> int:
    """How many more of a closing bracket an edit leaves unopened than there were."""

    def extra(text: str) -> int:
        code = _QUOTED.sub("", text)
        return code.count(closing) - code.count(_JSON_END[closing])

    return extra(edit.replace) - extra(edit.search)


def _clean_text(text: str) -> str:
    """The text without what no database stores: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def _clean_code(raw: str) -> str:
    code = _clean_text(raw).replace("\r\n", "\n").replace("\r", "\n")
    if "\n" not in code.strip() and "\\n" in code and not _parses(code):
        code = code.replace("\\n", "\n").replace("\\t", "    ").replace('\\"', '"')
    fenced = _FENCE.search(code)
    if fenced is not None:
        code = fenced[1]
    straight = code.translate(_SMART_QUOTES)
    if straight != code and not _parses(code):
        code = straight
    return code.strip("\n").rstrip() + "\n" if code.strip() else ""


def _parses(code: str) -> bool:
    try:
        syntax_tree(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True

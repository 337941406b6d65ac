"""From a model's JSON to a goal, with errors that name the place.

Nothing of it is run: it is read, its size is bounded, and each key, name and number is checked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from templates.errors import CandidateError
from templates.omni.predicates.language import (
    MANY,
    MOST,
    NAMES,
    PARTS,
    WITHIN,
    All,
    AnyOf,
    Atom,
    Condition,
    Goal,
    Measure,
    Not,
    Quantity,
)

__all__ = ["DEEPEST", "LONGEST", "MOST_NODES", "parse_goal", "read_json", "schema"]

LONGEST = 16_000
"""Characters of an answer."""

DEEPEST = 6
"""Levels of ``all``, ``any`` and ``not``."""

MOST_NODES = 48
"""Conditions in one goal."""

_BOUNDS = ("at_least", "at_most", "exactly")
_COUNTED = (Measure.HAS, Measure.DID, Measure.PLACED)
_JOINED = ("all", "any", "not")
_KEYS = tuple(measure.value for measure in Measure)


def read_json(text: str) -> Any:
    """JSON without surprises: bounded, no key twice, no NaN.

    Args:
        text: Of a model.

    Raises:
        CandidateError: kind ``answer`` or ``size``.
    """
    if len(text) > LONGEST:
        raise CandidateError(
            "size", f"the answer has {len(text)} characters; at most {LONGEST} are read"
        )
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
    except RecursionError as error:
        raise CandidateError("size", "the answer is nested too deeply to be read") from error
    except ValueError as error:
        raise CandidateError("answer", f"the answer is no JSON: {error}") from error


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has the same key twice")
    return found


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no number here")


def parse_goal(value: Any, where: str = "goal") -> Goal:
    """A goal from JSON values.

    Args:
        value: ``{"then": [condition, ...]}`` or one condition. A condition is ``{"all": [...]}``,
            ``{"any": [...]}``, ``{"not": condition}`` or an atom: ``{"has": ITEM}``,
            ``{"did": ACHIEVEMENT}``, ``{"placed": BLOCK}`` with ``at_least`` (1 where nothing is
            said), ``at_most`` or ``exactly``; ``{"near": MATERIAL, "within": 1}``; ``{"facing":
            MATERIAL}``.
        where: What to call it in errors.

    Raises:
        CandidateError: kind ``type``, ``name``, ``number`` or ``size``; it names the place.
    """
    reader = _Reader()
    if isinstance(value, dict) and "then" in value:
        _only(value, ("then",), where)
        parts = _listed(value["then"], f"{where}.then")
        if len(parts) > PARTS:
            raise CandidateError(
                "size", f"{where}.then has {len(parts)} parts; at most {PARTS} can be ordered"
            )
        return Goal(tuple(reader.read(one, f"{where}.then[{i}]", 1) for i, one in enumerate(parts)))
    return Goal((reader.read(value, where, 1),))


class _Reader:
    """Reads conditions and counts them."""

    def __init__(self) -> None:
        self._nodes = 0

    def read(self, value: Any, where: str, depth: int) -> Condition:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise CandidateError("size", f"{where}: a goal has at most {MOST_NODES} conditions")
        if depth > DEEPEST:
            raise CandidateError("size", f"{where}: conditions are nested at most {DEEPEST} deep")
        if not isinstance(value, dict):
            raise CandidateError("type", f"{where} must be an object, not {_kind(value)}")
        if "then" in value:
            raise CandidateError(
                "type", f'{where}: "then" orders whole conditions and stands at the top alone'
            )
        heads = [key for key in value if key in _JOINED or key in _KEYS]
        if len(heads) != 1:
            raise CandidateError(
                "type",
                f"{where} must have exactly one of {', '.join((*_JOINED, *_KEYS))}; "
                f"it has {', '.join(map(_short, value)) or 'nothing'}",
            )
        head = heads[0]
        if head not in _JOINED:
            return _atom(value, Measure(head), where)
        _only(value, (head,), where)
        inner = value[head]
        if head == "not":
            return Not(self.read(inner, f"{where}.not", depth + 1))
        of = tuple(
            self.read(one, f"{where}.{head}[{i}]", depth + 1)
            for i, one in enumerate(_listed(inner, f"{where}.{head}"))
        )
        return All(of) if head == "all" else AnyOf(of)


def _atom(value: Mapping[str, Any], measure: Measure, where: str) -> Atom:
    key = measure.value
    thing = _name(value[key], NAMES[measure], f"{where}.{key}")
    if measure == Measure.NEAR:
        _only(value, (key, "within"), where)
        within = _number(value.get("within", WITHIN[0]), f"{where}.within", 1, WITHIN[-1])
        return Atom(Quantity(measure, thing, within), 1)
    if measure == Measure.FACING:
        _only(value, (key,), where)
        return Atom(Quantity(measure, thing), 1)
    _only(value, (key, *_BOUNDS), where)
    bounds = {
        bound: _number(value[bound], f"{where}.{bound}", 0, MOST)
        for bound in _BOUNDS
        if bound in value
    }
    if "exactly" in bounds and len(bounds) > 1:
        raise CandidateError("number", f'{where}: "exactly" goes with no other bound')
    quantity = Quantity(measure, thing)
    if "exactly" in bounds:
        return Atom(quantity, bounds["exactly"], bounds["exactly"])
    low = bounds.get("at_least", 0 if "at_most" in bounds else 1)
    high = bounds.get("at_most", MANY)
    if low > high:
        raise CandidateError("number", f"{where}: at_least {low} is more than at_most {high}")
    return Atom(quantity, low, high)


def _name(value: Any, known: Sequence[str], where: str) -> str:
    if not isinstance(value, str):
        raise CandidateError("type", f"{where} must be a name, not {_kind(value)}")
    plain = " ".join(value.lower().replace("_", " ").split()) if len(value) <= 64 else value
    if plain in known:
        return plain
    near = get_close_matches(plain[:64], known, n=3, cutoff=0.5) or known
    raise CandidateError("name", f"{where}: {_short(value)} is unknown; known: {', '.join(near)}")


def _number(value: Any, where: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise CandidateError("type", f"{where} must be a whole number, not {_kind(value)}")
    if not least <= value <= most:
        raise CandidateError("number", f"{where} must be {least} to {most}")
    return value


def _listed(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise CandidateError("type", f"{where} must be a list, not {_kind(value)}")
    if not value:
        raise CandidateError("type", f"{where} must not be empty")
    return value


def _only(value: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    for key in value:
        if key not in keys:
            raise CandidateError(
                "type", f"{where}: {_short(key)} does not belong here; known: {', '.join(keys)}"
            )


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return "null" if value is None else names.get(type(value), "a number")


def _short(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:37] + "...")


def schema(most: int) -> dict[str, Any]:
    """JSON schema of an answer; simpler than what is understood: no nesting beyond one level.

    Args:
        most: Tasks in an answer.
    """
    number = {"enum": list(range(MOST + 1))}

    def atom(measure: Measure) -> list[dict[str, Any]]:
        thing = {measure.value: {"enum": list(NAMES[measure])}}
        if measure == Measure.NEAR:
            return [_object(thing | {"within": {"enum": list(WITHIN)}})]
        if measure in _COUNTED:
            return [_object(thing | {bound: number}) for bound in _BOUNDS]
        return [_object(thing)]

    atoms = [shape for measure in Measure for shape in atom(measure)]
    plain = {"anyOf": atoms}
    either = _object({"any": {"type": "array", "items": plain, "minItems": 2, "maxItems": 3}})
    without = _object({"not": plain})
    part = _object(
        {
            "all": {
                "type": "array",
                "items": {"anyOf": [*atoms, either, without]},
                "minItems": 1,
                "maxItems": 3,
            }
        }
    )
    goal = _object({"then": {"type": "array", "items": part, "minItems": 1, "maxItems": PARTS}})
    task = _object({"thought": {"type": "string", "maxLength": 160}, "goal": goal})
    return _object({"tasks": {"type": "array", "items": task, "minItems": 1, "maxItems": most}})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }

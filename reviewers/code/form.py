"""What a model is asked about a candidate's code, and what its answer means."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

import jinja2

from reviewers.code.gains import compare
from reviewers.contract import NOTHING_TO_OBJECT, TEXT_LENGTH, Review, Subject, Verdict
from templates.errors import CandidateError

__all__ = ["PROMPTS", "code_form_schema", "code_prompt", "parse_code_form", "prompt_text"]

PROMPTS = ("system.jinja", "review.jinja")
_SENTENCES = {"does": 160, "problem": 160, "advice": 140}
_ANSWERS = ("sound", "new", "honest", "exploits_metric")
_CODE_LENGTH = 3_000


def prompt_text(name: str) -> str:
    """The file of that name, one of `PROMPTS`."""
    return resources.files("reviewers.code").joinpath("prompts", name).read_text(encoding="utf-8")


def code_prompt(subject: Subject, rules: str) -> tuple[str, str]:
    """System and user message about a candidate.

    Args:
        subject: The candidate with its results.
        rules: What the rule-based reviewer said.
    """
    tasks = (*subject.spec.search_tasks, *subject.spec.held_out_tasks)
    code = subject.code.strip()
    if len(code) > _CODE_LENGTH:
        code = f"{code[:_CODE_LENGTH]}\n# ... {len(code) - _CODE_LENGTH} characters left out"
    variables: Mapping[str, object] = {
        "spec": subject.spec,
        "name": subject.name,
        "thought": subject.thought or "nothing",
        "code": code,
        "gains": compare(subject, tasks),
        "rules": rules,
    }
    system, user = (
        re.sub(r"\n{3,}", "\n\n", _ENVIRONMENT.from_string(prompt_text(one)).render(**variables))
        for one in PROMPTS
    )
    return system.strip(), user.strip()


def code_form_schema() -> dict[str, Any]:
    """The JSON schema of an answer; what is seen is written before what is judged."""
    sentence = {name: {"type": "string", "maxLength": most} for name, most in _SENTENCES.items()}
    properties = {
        "does": sentence["does"],
        "problem": sentence["problem"],
        **{name: {"type": "boolean"} for name in _ANSWERS},
        "advice": sentence["advice"],
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def parse_code_form(text: str, reviewer: str) -> Review:
    """The review in a completion.

    Only a candidate that is sound, new and honest and exploits nothing is accepted; one that is
    not honest or exploits the metric is rejected.

    Args:
        text: JSON, possibly with words around it.
        reviewer: Name of the reviewer.

    Raises:
        CandidateError: Kind ``form``: it is no review.
    """
    start, end = text.find("{"), text.rfind("}")
    try:
        found = json.loads(text[start : end + 1])
    except json.JSONDecodeError as error:
        raise CandidateError("form", f"the answer is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise CandidateError("form", "the answer is not one JSON object")
    for name in _ANSWERS:
        if not isinstance(found.get(name), bool):
            raise CandidateError("form", f"{name!r} must be true or false")
    said = {}
    for name, most in _SENTENCES.items():
        if not isinstance(found.get(name), str):
            raise CandidateError("form", f"{name!r} is missing")
        said[name] = " ".join(found[name].split())[:most].rstrip()
    answers = {name: found[name] for name in _ANSWERS}
    verdict: Verdict = "accept"
    if not answers["honest"] or answers["exploits_metric"]:
        verdict = "reject"
    elif not (answers["sound"] and answers["new"]):
        verdict = "concern"
    return Review(reviewer, verdict, None, _text(answers, said), {**said, **answers})


def _text(answers: Mapping[str, bool], said: Mapping[str, str]) -> str:
    faults = [f"not {name}" for name in ("sound", "new", "honest") if not answers[name]]
    if answers["exploits_metric"]:
        faults.append("exploits the metric")
    problem = said["problem"] if said["problem"].lower().strip(" .") != "none" else ""
    parts = [", ".join(faults), problem, said["advice"]]
    text = " ".join(f"{part.rstrip('.')}." for part in parts if part) or NOTHING_TO_OBJECT
    text = text[0].upper() + text[1:]
    return text if len(text) <= TEXT_LENGTH else text[: TEXT_LENGTH - 3].rstrip() + "..."


def _clip(text: str, length: int) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= length else joined[: length - 3].rstrip() + "..."


_ENVIRONMENT = jinja2.Environment(
    undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
)
_ENVIRONMENT.filters["clip"] = _clip

"""Has a model write a section: a draft, one refinement, one repair, else the fixed text."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, ClassVar

from jinja2 import Environment, PackageLoader, StrictUndefined

from agent.archive import Archive, PromptRecord
from agent.calling import Caller
from agent.llm.contract import CompletionRequest, LanguageModel, Message
from agent.papers.authorship import WRITTEN
from agent.papers.checking import check_source
from agent.papers.claims.language import parse
from agent.papers.claims.ledger import Ledger
from agent.papers.claims.plain_facts import paper_role
from agent.papers.claims.problem import Problem
from agent.papers.sections import SECTIONS, Section, context_of, menu_of, tidy
from agent.papers.stock import default_source
from templates.errors import CandidateError

__all__ = ["Author", "Revision", "Written", "answer_schema"]

_PROMPTS = (
    "system.jinja",
    "section.jinja",
    "refine.jinja",
    "whole.jinja",
    "latex.jinja",
    "choosing_system.jinja",
    "choose.jinja",
    "weakest.jinja",
)
_SHOWN_PROBLEMS = 8
_WISH_LENGTH = 300
_MAX_TOKENS = 900
# A busy machine without a GPU reads a long prompt for minutes.
_TIMEOUT_S = 1800.0
_TEMPERATURES = (0.6, 0.4, 0.2)
_WORD = r"[A-Za-z ,;:()'-]"
# Each attempt of each section has a seed of its own.
_SEEDS_PER_PAPER = 1009
_SEEDS_PER_SECTION = 7


@dataclass(frozen=True)
class Written:
    """A section.

    Args:
        source: Its text, in the closed language.
        author: One of `BY_MODEL` in `agent.papers.authorship`, or why the fixed text stands.
        problems: What was wrong with what the model wrote last, where it does not stand.
    """

    source: str
    author: str
    problems: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For the archive."""
        return {"source": self.source, "author": self.author, "problems": list(self.problems)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Written:
        """From the archive."""
        return cls(data["source"], data["author"], tuple(data["problems"]))


@dataclass(frozen=True)
class Revision:
    """What a new version of a paper goes by.

    Args:
        earlier: The version before, by section.
        advice: What to change, by section.
        weaknesses: What the reviewers said of the whole.
    """

    earlier: Mapping[str, str]
    advice: Mapping[str, str]
    weaknesses: Sequence[str]

    def wish(self, section: str) -> str:
        """What the reviewers wish of a section, or of the whole where nothing is said of it."""
        return self.advice.get(section) or " ".join(self.weaknesses)[:_WISH_LENGTH]


@dataclass
class Author:
    """Asks the model and judges what it says.

    Args:
        archive: Where prompts are kept.
        caller: Makes the calls.
        model: Who writes.
        ledger: What may be said.
        version: Which paper of the candidate.
        names: What figures and tables show, by key.
        template_figures: Keys of the figures that the template draws.
        revision: What is revised, and why; None for a first version.
    """

    archive: Archive
    caller: Caller
    model: LanguageModel
    ledger: Ledger
    version: int
    names: Mapping[str, str]
    template_figures: Sequence[str]
    revision: Revision | None = None
    system: ClassVar[str] = "system.jinja"
    _environment: Environment = field(init=False)

    def __post_init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("agent.papers", "prompts"),
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        folder = resources.files("agent.papers").joinpath("prompts")
        for name in _PROMPTS:
            text = folder.joinpath(name).read_text(encoding="utf-8")
            digest = hashlib.sha256(text.encode()).hexdigest()
            self.archive.add_prompt(PromptRecord(digest, f"papers/{name}", text))

    def default(self, section: Section) -> str:
        """The fixed text of a section."""
        return default_source(section, self.ledger, self.template_figures)

    def write(self, section: Section, before: str) -> Written:
        """Write a section.

        Args:
            section: Which one.
            before: End of the section before it.
        """
        menu = menu_of(section, self.ledger, self.names)
        default = self.default(section)
        variables: dict[str, Any] = {
            **context_of(self.ledger.book),
            "heading": section.heading,
            "purpose": section.purpose,
            "sentences": section.sentences,
            "menu": [f"{expression} - {shows}" for expression, shows in menu.items()],
            "default": default,
            "before": before,
            "earlier": "" if self.revision is None else self.revision.earlier[section.name],
            "wish": "" if self.revision is None else self.revision.wish(section.name),
        }
        schema = answer_schema(list(menu))
        draft, problems = self._ask(section, 0, "section.jinja", variables, schema)
        stands = draft if draft and not problems else ""
        for attempt in (1, 2):
            if attempt == 2 and (stands or not problems):
                break
            again = {**variables, "draft": draft or "(nothing)", "problems": _shown(problems)}
            draft, problems = self._ask(section, attempt, "refine.jinja", again, schema)
            if draft and not problems:
                stands = draft
        if stands:
            return Written(stands, WRITTEN)
        return Written(default, _why(problems), tuple(_shown(problems)))

    def improve(self, written: Mapping[str, Written]) -> tuple[str, Written] | None:
        """Let the model read the whole paper and write one section anew.

        Returns:
            The section's name and its new text; None where what came may not stand.
        """
        names = [section.name for section in SECTIONS]
        expressions = {
            f"{{{{ {segment.reference.key} }}}}"
            for one in written.values()
            for segment in parse(one.source)
            if segment.reference is not None
        }
        schema = answer_schema(sorted(expressions))
        schema["properties"] = {
            "section": {"enum": names},
            "reason": {"type": "string", "maxLength": 200},
            **schema["properties"],
        }
        schema["required"] = list(schema["properties"])
        variables = {
            **context_of(self.ledger.book),
            "paper": "\n\n".join(f"## {name}\n{written[name].source}" for name in names),
        }
        try:
            said = self._complete("whole", len(SECTIONS), 0, "whole.jinja", variables, schema)
            name = str(said.get("section"))
            source = _source(said)
        except CandidateError:
            return None
        if name not in written or check_source(source, self.ledger):
            return None
        return name, Written(source, WRITTEN)

    def mend(self, section: Section, source: str, error: str) -> Written:
        """Write a section again that LaTeX could not set."""
        expressions = [
            f"{{{{ {segment.reference.key} }}}}"
            for segment in parse(source)
            if segment.reference is not None
        ]
        variables = {**context_of(self.ledger.book), "text": source, "error": error}
        problems = [Problem("latex", error)]
        try:
            said = self._complete(
                f"latex.{section.name}",
                _place(section),
                3,
                "latex.jinja",
                variables,
                answer_schema(list(dict.fromkeys(expressions))),
            )
            mended = _source(said)
            problems = check_source(mended, self.ledger) or (problems if mended == source else [])
            if not problems:
                return Written(mended, WRITTEN)
        except CandidateError as failure:
            problems = [Problem(failure.kind, failure.message)]
        return Written(self.default(section), "LaTeX could not set it", tuple(_shown(problems)))

    def _ask(
        self,
        section: Section,
        attempt: int,
        prompt: str,
        variables: Mapping[str, Any],
        schema: dict[str, Any],
    ) -> tuple[str, list[Problem]]:
        try:
            said = self._complete(section.name, _place(section), attempt, prompt, variables, schema)
            source = _source(said)
        except CandidateError as error:
            return "", [Problem(error.kind, error.message)]
        return source, check_source(source, self.ledger)

    def _complete(
        self,
        step: str,
        place: int,
        attempt: int,
        prompt: str,
        variables: Mapping[str, Any],
        schema: dict[str, Any],
        max_tokens: int = _MAX_TOKENS,
    ) -> Mapping[str, Any]:
        book = self.ledger.book
        system = self._environment.get_template(self.system).render(variables)
        asked = self._environment.get_template(prompt).render(variables)
        request = CompletionRequest(
            (
                Message("system", system.strip()),
                Message("user", re.sub(r"\n{3,}", "\n\n", asked).strip()),
            ),
            schema=schema,
            temperature=_TEMPERATURES[min(attempt, 2)],
            max_tokens=max_tokens,
            seed=_seed(book.campaign.seed, book.candidate.index, self.version, place, attempt),
            timeout_s=_TIMEOUT_S,
        )
        call = self.caller.call(
            self.model,
            request,
            slot=book.candidate.index,
            attempt=attempt,
            role=paper_role(self.version, step),
        )
        return _object(call.completion or "")


def answer_schema(expressions: Sequence[str]) -> dict[str, Any]:
    """The schema of a section: paragraphs of sentences of words and these references.

    A model that decodes under it can write neither a digit nor a reference that is not offered.
    """
    quoted = "|".join(re.sub(r"([{}().*+?|])", r"\\\1", one) for one in expressions)
    reference = f"({quoted}){_WORD}{{0,120}}" if expressions else f"{_WORD}{{0,120}}"
    sentence = {
        "type": "string",
        "pattern": f"^[A-Z]{_WORD}{{8,160}}({reference}){{0,4}}\\.$",
    }
    paragraph = {"type": "array", "items": sentence, "minItems": 1, "maxItems": 5}
    return {
        "type": "object",
        "properties": {
            "paragraphs": {"type": "array", "items": paragraph, "minItems": 1, "maxItems": 3}
        },
        "required": ["paragraphs"],
        "additionalProperties": False,
    }


def _seed(campaign: int, candidate: int, version: int, place: int, attempt: int) -> int:
    paper = (campaign * 1_000_003 + candidate) * 31 + version
    return paper * _SEEDS_PER_PAPER + place * _SEEDS_PER_SECTION + attempt


def _place(section: Section) -> int:
    return SECTIONS.index(section)


def _shown(problems: Sequence[Problem]) -> list[str]:
    return [problem.line for problem in problems[:_SHOWN_PROBLEMS]]


def _why(problems: Sequence[Problem]) -> str:
    kinds = dict.fromkeys(problem.kind.replace("_", " ") for problem in problems)
    return f"the model's text did not pass: {', '.join(kinds)}"


def _object(text: str) -> Mapping[str, Any]:
    start, end = text.find("{"), text.rfind("}")
    try:
        found = json.loads(text[start : end + 1])
    except json.JSONDecodeError as error:
        raise CandidateError("json", f"the answer is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise CandidateError("json", "the answer is not one JSON object")
    return found


def _source(said: Mapping[str, Any]) -> str:
    paragraphs = said.get("paragraphs")
    if not isinstance(paragraphs, list) or not paragraphs:
        raise CandidateError("json", "the answer has no paragraphs")
    texts = []
    for paragraph in paragraphs:
        sentences = paragraph if isinstance(paragraph, list) else [paragraph]
        if not all(isinstance(sentence, str) for sentence in sentences):
            raise CandidateError("json", "a paragraph is a list of sentences")
        texts.append(" ".join(" ".join(sentence.split()) for sentence in sentences))
    return tidy("\n\n".join(texts))

"""One reviewer's calls: fill in the form, look again, and one repair where an answer is no form."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.calling import Caller
from agent.llm.contract import CompletionRequest, LanguageModel, Message, is_small
from reviewers.paper import PaperReview, form_schema, parse_form, render_prompt
from templates.errors import CandidateError

__all__ = ["Reader", "Room", "digest_of"]

# Where a model does not say; longer papers are cut, and the result says so.
_ASSUMED_CONTEXT_TOKENS = 32_768
_ANSWER_TOKENS_BRIEF = 800
_ANSWER_TOKENS = 2_500
_INSTRUCTION_TOKENS = 800
# English prose has about four characters a token, formulas and tables fewer.
_CHARACTERS_PER_TOKEN = 3.0
_CHARS_LEAST = 1_500
# A small model gets nothing out of more, and without a GPU it reads for minutes.
_CHARS_BRIEF = 8_000


@dataclass(frozen=True)
class Room:
    """How much fits into one call of a model.

    Args:
        brief: Whether the form is the brief one.
        answer_tokens: Most tokens of an answer.
        paper_characters: Most characters of the paper, beside instructions, an earlier review and
            the answer.
        reviews_characters: Most characters of all reviews that an area chair is shown.
    """

    brief: bool
    answer_tokens: int
    paper_characters: int
    reviews_characters: int

    @classmethod
    def of(cls, model: LanguageModel) -> Room:
        """The room of a model."""
        context = model.context_tokens or _ASSUMED_CONTEXT_TOKENS
        # The form is brief and the paper an excerpt.
        brief = is_small(model)
        answer = _ANSWER_TOKENS_BRIEF if brief else _ANSWER_TOKENS
        free = context - _INSTRUCTION_TOKENS - answer
        return cls(
            brief=brief,
            answer_tokens=answer,
            paper_characters=min(
                _CHARS_BRIEF if brief else sys.maxsize,
                max(_CHARS_LEAST, int((free - answer) * _CHARACTERS_PER_TOKEN)),
            ),
            reviews_characters=max(_CHARS_LEAST, int(free * _CHARACTERS_PER_TOKEN)),
        )


class Reader:
    """One seat in the ensemble, or the area chair: a model, a seed, and a place in the archive.

    Args:
        caller: Makes and records the calls.
        model: Who answers.
        slot: Slot of the calls in the archive.
        seat: Name of the seat; with ``key`` it is the calls' role.
        key: Digest of everything that decides what is asked, so that another question never gets
            this one's recorded answer.
        seed: Of the sampling.
        temperature: Of the sampling.
        timeout_s: Bound of one call.
    """

    def __init__(
        self,
        caller: Caller,
        model: LanguageModel,
        *,
        slot: int,
        seat: str,
        key: str,
        seed: int,
        temperature: float,
        timeout_s: float,
    ) -> None:
        self.model = model
        self.room = Room.of(model)
        self._caller = caller
        self._slot = slot
        self._role = f"paper_review:{seat}:{key}"
        self._seed = seed
        self._temperature = temperature
        self._timeout_s = timeout_s

    def fill(self, prompt: str, variables: Mapping[str, object], turn: int) -> PaperReview:
        """Ask for one form; an answer that is none goes back once.

        Args:
            prompt: Name of the prompt file.
            variables: What it may use.
            turn: 0 for the first form of this seat, then counted up.

        Raises:
            CandidateError: Kind ``form`` where the repaired answer is no form either, or what the
                model declined with; every answer is in the archive.
            BudgetSpentError: There may not be enough money left.
            InfrastructureError: The provider stayed down.
        """
        answer = self._ask(render_prompt(prompt, variables), 2 * turn)
        try:
            return parse_form(answer)
        except CandidateError as fault:
            # The paper is not shown again: what is wrong is the form, not the judgement.
            repair = render_prompt("repair.jinja", {"answer": answer, "fault": fault.message})
        try:
            return parse_form(self._ask(repair, 2 * turn + 1))
        except CandidateError as fault:
            raise CandidateError(
                fault.kind, f"{self.model.name} gave no valid form, repaired once: {fault.message}"
            ) from fault

    def _ask(self, prompt: str, attempt: int) -> str:
        request = CompletionRequest(
            messages=(
                Message("system", render_prompt("system.jinja", {})),
                Message("user", prompt),
            ),
            schema=form_schema(brief=self.room.brief),
            temperature=self._temperature,
            max_tokens=self.room.answer_tokens,
            seed=self._seed + attempt,
            timeout_s=self._timeout_s,
        )
        call = self._caller.call(
            self.model, request, slot=self._slot, attempt=attempt, role=self._role
        )
        return call.completion or ""


def digest_of(content: Any) -> str:
    """Twelve hexadecimal digits that stand for JSON data."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]

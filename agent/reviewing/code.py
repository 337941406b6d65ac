"""The model-based reviewer of code: one call for each candidate that got as far as the search."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from agent.archive import Archive, PromptRecord
from agent.calling import Caller
from agent.llm.contract import CompletionRequest, LanguageModel, Message
from reviewers import Review, Subject
from reviewers.code.form import (
    PROMPTS,
    code_form_schema,
    code_prompt,
    parse_code_form,
    prompt_text,
)
from templates.errors import CandidateError

__all__ = ["ModelCodeReviewer"]

# First word of a spawn key; proposals have 1 and 2, ideas 3 and 4.
_REVIEW = 5
_TRIES = 2
_TEMPERATURE = 0.2
_MAX_TOKENS = 400
_ROLE = "code_review"


class ModelCodeReviewer:
    """Reviews code through a campaign's calls; what was answered is not asked again.

    Args:
        archive: Where prompts are kept.
        caller: Makes and records the calls.
        models: The campaign's; a candidate is reviewed by the one after its author, which is
            another one where there are several.
        seed: The campaign's.
        first: Index of the first proposal.
        timeout_s: Longest call, connecting included.
    """

    name = "model"

    def __init__(
        self,
        archive: Archive,
        caller: Caller,
        models: Sequence[LanguageModel],
        seed: int,
        first: int,
        timeout_s: float,
    ) -> None:
        self._caller = caller
        self._models = models
        self._seed = seed
        self._first = first
        self._timeout_s = timeout_s
        for name in PROMPTS:
            text = prompt_text(name)
            digest = hashlib.sha256(text.encode()).hexdigest()
            archive.add_prompt(PromptRecord(digest, f"code_review/{name}", text))

    def review(self, subject: Subject, rules: str) -> Review:
        """Review one candidate; an answer that is no form is asked for once more.

        Args:
            subject: The candidate with its results.
            rules: What the rule-based reviewer said.

        Raises:
            CandidateError: The model gave no review; its answers are in the archive.
            BudgetSpentError: There may not be enough money left.
            InfrastructureError: The provider stayed down.
        """
        model = self._models[(subject.index - self._first + 1) % len(self._models)]
        system, user = code_prompt(subject, rules)
        fault = CandidateError("form", "nothing was asked")
        for attempt in range(_TRIES):
            key = (_REVIEW, subject.index, attempt)
            sequence = np.random.SeedSequence(self._seed, spawn_key=key)
            request = CompletionRequest(
                (Message("system", system), Message("user", user)),
                code_form_schema(),
                temperature=_TEMPERATURE,
                max_tokens=_MAX_TOKENS,
                # Providers take a signed 32-bit seed.
                seed=int(sequence.generate_state(1)[0]) & 0x7FFF_FFFF,
                timeout_s=self._timeout_s,
            )
            call = self._caller.call(
                model, request, slot=subject.index, attempt=attempt, role=_ROLE
            )
            try:
                review = parse_code_form(call.completion or "", self.name)
            except CandidateError as error:
                fault = error
                continue
            return Review(
                self.name, review.verdict, None, review.text, {**review.payload, "by": call.model}
            )
        raise fault

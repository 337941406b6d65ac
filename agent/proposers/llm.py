"""The proposer of the main loop: select, render, ask for JSON under a schema."""

from __future__ import annotations

import numpy as np

from agent.llm.contract import CompletionRequest, Message
from agent.proposers.prompts import draw_direction, render
from agent.proposers.proposal import proposal_schema
from agent.proposers.proposer import Attempt, ProposerContext, Request, Sampling
from agent.proposers.selection import Peer, Selector, ranked
from agent.proposers.selectors import DEFAULT_SELECTOR, open_selector

__all__ = ["LlmProposer"]

# First word of a spawn key: streams that must never meet.
_SELECT, _SAMPLE = 1, 2


class LlmProposer:
    """Proposals by a language model that answers with {thought, name, code}.

    Args:
        selector: Name of the rule that chooses parents.
        sampling: Temperatures and limits of a call.
    """

    name = "llm"

    def __init__(self, selector: str = DEFAULT_SELECTOR, sampling: Sampling | None = None) -> None:
        self._selector = selector
        self._sampling = sampling or Sampling()

    def request(
        self, context: ProposerContext, slot: int, attempt: int, previous: Attempt | None
    ) -> Request:
        """See `Proposer.request`."""
        if (attempt == 0) != (previous is None):
            raise ValueError("a repair needs the previous attempt, a proposal has none")
        if previous is None:
            return self._propose(context, slot)
        return self._repair(context, slot, attempt, previous)

    def _propose(self, context: ProposerContext, slot: int) -> Request:
        direction_of_metric = context.spec.primary.direction
        rng = np.random.default_rng(
            np.random.SeedSequence(context.campaign_seed, spawn_key=(_SELECT, slot))
        )
        selector: Selector = open_selector(self._selector, direction_of_metric)
        selection = selector.select(context.visible, rng)
        direction = draw_direction(context.prompts, len(selection.parents), rng)
        messages = render(
            context.prompts,
            "propose.jinja",
            {
                "spec": context.spec,
                "parents": selection.parents,
                "siblings": selection.siblings,
                "baselines": _in_order(context),
                "failures": selection.failures,
                "direction": direction,
            },
        )
        temperature = (
            self._sampling.temperature if selection.parents else self._sampling.explore_temperature
        )
        return Request(
            completion=self._completion(context, messages, temperature, slot, 0),
            role="propose",
            selection=selection,
            direction=direction,
            prompts=context.prompts.records(),
        )

    def _repair(
        self, context: ProposerContext, slot: int, attempt: int, previous: Attempt
    ) -> Request:
        messages = render(
            context.prompts,
            "repair.jinja",
            {
                "spec": context.spec,
                "baselines": _in_order(context),
                "code": previous.code,
                "error_kind": previous.error_kind,
                "error_message": previous.error_message,
                "attempt": attempt,
            },
        )
        return Request(
            completion=self._completion(
                context, messages, self._sampling.repair_temperature, slot, attempt
            ),
            role="repair",
            selection=None,
            direction=None,
            prompts=context.prompts.records(),
        )

    def _completion(
        self,
        context: ProposerContext,
        messages: tuple[Message, ...],
        temperature: float,
        slot: int,
        attempt: int,
    ) -> CompletionRequest:
        sequence = np.random.SeedSequence(context.campaign_seed, spawn_key=(_SAMPLE, slot, attempt))
        # Providers take a signed 32-bit seed.
        seed = int(sequence.generate_state(1)[0]) & 0x7FFF_FFFF
        return CompletionRequest(
            messages=messages,
            schema=proposal_schema(context.spec),
            temperature=temperature,
            max_tokens=self._sampling.max_tokens,
            seed=seed,
            timeout_s=self._sampling.timeout_s,
        )


def _in_order(context: ProposerContext) -> tuple[Peer, ...]:
    """The baselines, the best first, those without a score last.

    The same for every request of a campaign once they are scored: shown in the system prompt, they
    are read once by a model that caches the beginning of its prompts.
    """
    known = [peer for peer in context.visible if peer.kind == "baseline"]
    scored = ranked(known, context.spec.primary.direction)
    return (*scored, *(peer for peer in known if peer.score is None))

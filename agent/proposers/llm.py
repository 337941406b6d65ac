"""The proposer of the main loop: select, render, ask for JSON under a schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from agent.llm.contract import CompletionRequest, Message
from agent.proposers.prompts import draw_direction, render
from agent.proposers.proposal import proposal_schema
from agent.proposers.proposer import Attempt, ProposerContext, Request, Sampling
from agent.proposers.runs import earlier_runs, edited_files, previous_run, run_number
from agent.proposers.selection import Failure, Peer, Selection, ranked
from agent.proposers.selectors import DEFAULT_SELECTOR, open_selector
from templates.registry import UNTOUCHED

__all__ = ["LlmProposer"]

# First word of a spawn key: streams that must never meet.
_SELECT, _SAMPLE = 1, 2
# An idea that is known, or that teaches nothing, is not worth a repair.
_NOTHING_NEW = frozenset({"known", "duplicate", "no_gradient"})


class LlmProposer:
    """Proposals by a language model that answers with {thought, name, code}.

    Args:
        selector: Name of the rule that chooses parents.
        sampling: Temperatures and limits of a call.
        in_flight: How many proposals are worked on at once; of experiments, how many ideas.
    """

    name = "llm"

    def __init__(
        self,
        selector: str = DEFAULT_SELECTOR,
        sampling: Sampling | None = None,
        in_flight: int = 4,
    ) -> None:
        self._selector = selector
        self._sampling = sampling or Sampling()
        self._in_flight = in_flight

    def request(self, context: ProposerContext, slot: int, previous: Sequence[Attempt]) -> Request:
        """See `Proposer.request`."""
        before = self._run_before(context, slot)
        if not previous or _nothing_to_keep(previous, context.spec.boundary):
            return self._propose(context, slot, previous, before)
        return self._repair(context, slot, len(previous), previous[-1], before)

    def _run_before(self, context: ProposerContext, slot: int) -> Peer | None:
        experiment = context.spec.experiment
        if experiment is None:
            return None
        return previous_run(context.visible, slot, self._in_flight, experiment)

    def _edited(
        self, context: ProposerContext, slot: int, before: Peer | None
    ) -> dict[str, object]:
        """What prompts of an experiment show beside what others show."""
        experiment = context.spec.experiment
        if experiment is None:
            return {}
        return {
            "files": _files(context, before),
            "run": run_number(context.visible, slot, self._in_flight, experiment),
            "runs": earlier_runs(context.visible, slot, self._in_flight, experiment),
            "untouched": next((p for p in context.visible if p.name == UNTOUCHED), None),
        }

    def _propose(
        self,
        context: ProposerContext,
        slot: int,
        previous: Sequence[Attempt],
        before: Peer | None,
    ) -> Request:
        attempt = len(previous)
        key = (_SELECT, slot, attempt) if attempt else (_SELECT, slot)
        rng = np.random.default_rng(np.random.SeedSequence(context.campaign_seed, spawn_key=key))
        if previous:
            # Neither parents nor the failed code are shown: both would only be copied again.
            failures = {a.error_kind: Failure(a.error_kind, a.error_message, 1) for a in previous}
            shown = (before,) if before else ()
            selection = Selection(shown, (), tuple(failures.values()), strategy="afresh")
        elif before is not None:
            selection = Selection((before,), (), (), strategy="next_run")
        else:
            selector = open_selector(self._selector, context.spec.primary.direction)
            selection = selector.select(context.visible, rng)
        direction = draw_direction(context.prompts, len(selection.parents), rng)
        if context.idea is not None:
            what = "carry out this idea" if before is None else "go on with this idea"
            how = ", more simply than what failed" if previous else ""
            direction = f"{what}{how}. {context.idea}"
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
                **self._edited(context, slot, before),
            },
        )
        temperature = (
            self._sampling.temperature if selection.parents else self._sampling.explore_temperature
        )
        return Request(
            completion=self._completion(context, messages, temperature, slot, attempt, before),
            role="propose",
            selection=selection,
            direction=direction,
            prompts=context.prompts.records(),
            base=before.code if before else "",
        )

    def _repair(
        self,
        context: ProposerContext,
        slot: int,
        attempt: int,
        previous: Attempt,
        before: Peer | None,
    ) -> Request:
        base = before.code if before else ""
        messages = render(
            context.prompts,
            "repair.jinja",
            {
                "spec": context.spec,
                "baselines": _in_order(context),
                "code": previous.code.removeprefix(base),
                "error_kind": previous.error_kind,
                "error_message": previous.error_message,
                "attempt": attempt,
                **self._edited(context, slot, before),
            },
        )
        return Request(
            completion=self._completion(
                context, messages, self._sampling.repair_temperature, slot, attempt, before
            ),
            role="repair",
            selection=None,
            direction=None,
            prompts=context.prompts.records(),
            base=base,
        )

    def _completion(
        self,
        context: ProposerContext,
        messages: tuple[Message, ...],
        temperature: float,
        slot: int,
        attempt: int,
        before: Peer | None,
    ) -> CompletionRequest:
        sequence = np.random.SeedSequence(context.campaign_seed, spawn_key=(_SAMPLE, slot, attempt))
        # Providers take a signed 32-bit seed.
        seed = int(sequence.generate_state(1)[0]) & 0x7FFF_FFFF
        return CompletionRequest(
            messages=messages,
            schema=proposal_schema(context.spec, _files(context, before)),
            temperature=temperature,
            max_tokens=self._sampling.max_tokens,
            seed=seed,
            timeout_s=self._sampling.timeout_s,
        )


def _files(context: ProposerContext, before: Peer | None) -> Mapping[str, str] | None:
    """What an experiment's files are before the edits that are asked for; None for others."""
    experiment = context.spec.experiment
    return edited_files(experiment, before.code if before else "") if experiment else None


def _nothing_to_keep(previous: Sequence[Attempt], boundary: str) -> bool:
    """Whether another repair is pointless: what failed is nothing new, or was repaired in vain.

    An experiment of several files fails in many ways of one kind: there the words count as well.
    """
    last = previous[-1]
    in_vain = len(previous) > 1 and last.error_kind == previous[-2].error_kind
    if boundary == "experiment":
        in_vain = in_vain and last.error_message == previous[-2].error_message
    return in_vain or last.error_kind in _NOTHING_NEW


def _in_order(context: ProposerContext) -> tuple[Peer, ...]:
    """The baselines, the best first, those without a score last.

    The same for every request of a campaign once they are scored: shown in the system prompt, they
    are read once by a model that caches the beginning of its prompts.
    """
    known = [peer for peer in context.visible if peer.kind == "baseline"]
    scored = ranked(known, context.spec.primary.direction)
    return (*scored, *(peer for peer in known if peer.score is None))

"""A proposer turns what the archive shows into the next request to a language model.

It makes no call itself: the campaign does, since it owns the budget and the record of calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.archive.records import PromptRecord
from agent.llm.contract import CompletionRequest
from agent.proposers.prompts import PromptSet
from agent.proposers.selection import Peer, Selection
from templates.contract import TemplateSpec

__all__ = ["Attempt", "Proposer", "ProposerContext", "Request", "Sampling"]


@dataclass(frozen=True)
class Sampling:
    """How completions are sampled.

    Args:
        temperature: Of a proposal with parents.
        explore_temperature: Of a proposal without a parent, where variety is wanted.
        repair_temperature: Of a repair, where the error must go and the idea stay.
        max_tokens: Longest completion.
        timeout_s: Longest call, connecting included.
    """

    temperature: float = 0.6
    explore_temperature: float = 1.0
    repair_temperature: float = 0.4
    max_tokens: int = 700
    timeout_s: float = 900.0


@dataclass(frozen=True)
class ProposerContext:
    """What a proposer sees when it is asked.

    Args:
        spec: The template's description.
        prompts: Its prompt files.
        campaign_seed: Seed of the campaign, not negative.
        visible: Candidates that the archive shows at this moment.
        idea: What every attempt shall try or, as a further run, go on with, in the place of a
            direction; None for nothing.
    """

    spec: TemplateSpec
    prompts: PromptSet
    campaign_seed: int
    visible: Sequence[Peer]
    idea: str | None = None


@dataclass(frozen=True)
class Attempt:
    """What came of an earlier attempt of the same slot.

    Args:
        code: The code that failed; the whole completion where it could not be parsed.
        error_kind: Class of the candidate error.
        error_message: The error in words.
    """

    code: str
    error_kind: str
    error_message: str


@dataclass(frozen=True)
class Request:
    """A request and where it came from.

    Args:
        completion: What to send to the model.
        role: ``propose`` or ``repair``; an attempt that starts afresh proposes.
        selection: What the prompt shows; None for a repair.
        direction: The strategy hint of the prompt; None for a repair.
        prompts: The prompt files that were rendered, for the archive.
        base: Edits of an experiment that the proposal's own come after; empty for none.
    """

    completion: CompletionRequest
    role: str
    selection: Selection | None
    direction: str | None
    prompts: tuple[PromptRecord, ...]
    base: str = ""

    @property
    def parents(self) -> tuple[str, ...]:
        """Ids of the parents."""
        return tuple(peer.id for peer in self.selection.parents) if self.selection else ()

    @property
    def provenance(self) -> Mapping[str, object]:
        """JSON data on how the request came about, for the record of events."""
        return {
            "role": self.role,
            "strategy": self.selection.strategy if self.selection else None,
            "direction": self.direction,
            "parents": list(self.parents),
        }


class Proposer(Protocol):
    """Builds the requests of a campaign.

    ``request`` is called once per attempt of a slot from the campaign's own thread and must be a
    pure function of its arguments, so that a resumed or replayed campaign asks the same again.
    """

    name: str

    def request(self, context: ProposerContext, slot: int, previous: Sequence[Attempt]) -> Request:
        """The request for the next attempt of slot ``slot``.

        Args:
            context: What is visible now.
            slot: Number of the proposal in the campaign, from 0.
            previous: The attempts that failed, the first one first; empty for the proposal.

        Raises:
            UserError: The template's prompts cannot be rendered.
        """
        ...

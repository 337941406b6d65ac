"""Makes the idea of a slot: a draft, second looks, the literature, a change if it is known."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np

from agent.archive import Archive, PromptRecord
from agent.ideas.idea import Idea, idea_schema, parse_idea
from agent.ideas.keeping import IdeaRecord, ideas_of, keep_idea
from agent.ideas.novelty import Novelty, NoveltyCheck, judgement_schema
from agent.ideas.remembering import Remembered, earlier_campaigns
from agent.ideas.scope import scope
from agent.literature import Catalogue, Publication
from agent.llm.contract import CompletionRequest, LanguageModel, Message
from agent.proposers.runs import idea_number, run_number
from agent.proposers.selection import Peer, ranked
from agent.wording import clip
from templates.contract import TemplateSpec
from templates.errors import CandidateError

if TYPE_CHECKING:
    from agent.calling import Caller

__all__ = ["IdeaMaker", "IdeaPlan"]

_PROMPTS = ("system.jinja", "idea.jinja", "reflect.jinja", "novelty.jinja")
# First word of a spawn key; the proposer has 1 and 2.
_IDEA, _NOVELTY = 3, 4
_MAX_TOKENS = 500
_TEMPERATURE, _SECOND_LOOK, _COMPARING = 0.9, 0.5, 0.1
_BEST, _RECENT = 4, 4


@dataclass(frozen=True)
class IdeaPlan:
    """How ideas are made.

    Args:
        every: Every so many proposals one begins with an idea; none where it is 0. Of experiments,
            whose proposals may be further runs, about every so many first runs one.
        in_flight: How many proposals are worked on at once.
        reflections: Second looks at each.
        searches: Most searches of the literature for each; none where nothing is asked.
        timeout_s: Longest call, connecting included.
    """

    every: int
    in_flight: int
    reflections: int
    searches: int
    timeout_s: float


class IdeaMaker:
    """Makes ideas through the campaign's calls, each once; what was answered is not asked again.

    Args:
        archive: Where ideas are kept.
        campaign: Identifier of the campaign.
        seed: Its seed, from which every call's follows.
        spec: The task.
        caller: Makes and records the calls.
        catalogues: Who is asked whether an idea is new; nobody where there is none.
        plan: How ideas are made.
    """

    def __init__(
        self,
        archive: Archive,
        campaign: str,
        seed: int,
        spec: TemplateSpec,
        caller: Caller,
        catalogues: Sequence[Catalogue],
        plan: IdeaPlan,
    ) -> None:
        self._archive = archive
        self._campaign = campaign
        self._seed = seed
        self._spec = spec
        self._caller = caller
        self._catalogues = catalogues
        self._plan = plan
        self._guard = threading.Lock()
        self._remembered: list[Remembered] | None = None
        for name in _PROMPTS:
            text = _text(name)
            digest = hashlib.sha256(text.encode()).hexdigest()
            archive.add_prompt(PromptRecord(digest, f"ideas/{name}", text))

    def begins(self, slot: int, visible: Sequence[Peer]) -> bool:
        """Whether an idea is made for a slot.

        Args:
            slot: Number of the proposal.
            visible: What the slot may know.
        """
        number = slot
        experiment, together = self._spec.experiment, self._plan.in_flight
        if experiment is not None:
            if run_number(visible, slot, together, experiment) > 1:
                return False
            number = idea_number(visible, slot, together, experiment)
        return self._plan.every > 0 and (number + 1) % self._plan.every == 0

    def of(
        self,
        slot: int,
        index: int,
        candidate: str,
        model: LanguageModel,
        visible: Sequence[Peer],
    ) -> IdeaRecord | None:
        """The idea that a slot has to do with: its own, or that of the run which it goes on from.

        Args:
            slot: Number of the proposal.
            index: Of its candidate, for the record of calls.
            candidate: Identifier of its candidate.
            model: Who has it.
            visible: What the slot may know.

        Raises:
            BudgetSpentError: There may not be enough money left.
            UserError: The model cannot be used.
            InfrastructureError: The provider stayed down.
        """
        if not self._plan.every:
            return None
        kept = {one.slot: one for one in ideas_of(self._archive, self._campaign)}
        if slot in kept:
            return kept[slot]
        if self.begins(slot, visible):
            turn = _Turn(self._caller, model, slot, index, self._seed, self._plan.timeout_s)
            record = self._made(turn, slot, candidate, visible, kept)
        else:
            before = self._run_before(slot, visible, kept)
            if before is None:
                return None
            begun = before.slot if before.begun is None else before.begun
            record = replace(before, slot=slot, candidate=candidate, fate="continued", begun=begun)
        keep_idea(self._archive, self._campaign, record)
        return record

    def _run_before(
        self, slot: int, visible: Sequence[Peer], kept: Mapping[int, IdeaRecord]
    ) -> IdeaRecord | None:
        """What the run before carries out; None for a first run, or where that has no idea."""
        experiment, together = self._spec.experiment, self._plan.in_flight
        if experiment is None or run_number(visible, slot, together, experiment) == 1:
            return None
        before = kept.get(slot - together)
        return before if before is not None and before.is_carried_out else None

    def _made(
        self,
        turn: _Turn,
        slot: int,
        candidate: str,
        visible: Sequence[Peer],
        kept: Mapping[int, IdeaRecord],
    ) -> IdeaRecord:
        settled = slot - self._plan.in_flight + 1
        try:
            idea, novelty = self._think(turn, visible, [kept[n] for n in kept if n < settled])
        except CandidateError as error:
            return IdeaRecord(slot, candidate, "none", None, None, error.message)
        known = novelty is not None and novelty.verdict == "known"
        return IdeaRecord(slot, candidate, "known" if known else "proposed", idea, novelty)

    def _think(
        self, turn: _Turn, visible: Sequence[Peer], earlier: Sequence[IdeaRecord]
    ) -> tuple[Idea, Novelty | None]:
        shown = {
            "spec": self._spec,
            "scope": scope(self._spec),
            "known": [peer for peer in visible if peer.kind == "baseline"],
            "tried": _tried(visible, self._spec),
            "earlier": self._earlier(),
            "refuted": [one.idea.name for one in earlier if one.idea and one.fate == "known"],
        }
        system = _render("system.jinja", shown)
        idea = turn.idea(system, _render("idea.jinja", shown), _TEMPERATURE)
        for number in range(1, self._plan.reflections + 1):
            again = {**shown, "idea": idea, "rounds": self._plan.reflections, "number": number}
            prompt = _render("reflect.jinja", {**again, "novelty": None})
            idea = turn.idea(system, prompt, _SECOND_LOOK)
        if not self._catalogues or not self._plan.searches:
            return idea, None
        check = NoveltyCheck(self._catalogues, turn.judge, self._plan.searches)
        novelty = check.check(idea, self._spec.title)
        if novelty.verdict != "known":
            return idea, novelty
        again = {**shown, "idea": idea, "rounds": 1, "number": 1, "novelty": novelty}
        idea = turn.idea(system, _render("reflect.jinja", again), _SECOND_LOOK)
        return idea, check.check(idea, self._spec.title)

    def _earlier(self) -> list[Remembered]:
        # Slots ask at the same time, and it is kept once.
        with self._guard:
            if self._remembered is None:
                self._remembered = earlier_campaigns(self._archive, self._campaign, self._spec)
            return self._remembered


class _Turn:
    """The calls for one idea, counted."""

    def __init__(
        self,
        caller: Caller,
        model: LanguageModel,
        slot: int,
        index: int,
        seed: int,
        timeout_s: float,
    ) -> None:
        self._caller = caller
        self._model = model
        self._slot = slot
        self._index = index
        self._seed = seed
        self._timeout_s = timeout_s
        self._asked = 0
        self._compared = 0

    def idea(self, system: str, prompt: str, temperature: float) -> Idea:
        """Ask for an idea; one that cannot be read raises CandidateError."""
        messages = (Message("system", system), Message("user", prompt))
        number, self._asked = self._asked, self._asked + 1
        return parse_idea(self._call(messages, idea_schema(), temperature, "idea", number, _IDEA))

    def judge(
        self, idea: Idea, query: str, publications: Sequence[Publication], number: int
    ) -> str:
        """Ask for a comparison; see `agent.ideas.novelty.Judge`."""
        shown = {"idea": idea, "query": query, "publications": publications}
        prompt = _render("novelty.jinja", shown)
        # Catalogues may answer otherwise when asked again: then so is the model.
        role = f"novelty:{hashlib.sha256(prompt.encode()).hexdigest()[:12]}"
        messages = (Message("user", prompt),)
        place, self._compared = self._compared, self._compared + 1
        schema = judgement_schema(len(publications))
        return self._call(messages, schema, _COMPARING, role, place, _NOVELTY)

    def _call(
        self,
        messages: tuple[Message, ...],
        schema: dict[str, Any],
        temperature: float,
        role: str,
        number: int,
        stream: int,
    ) -> str:
        key = (stream, self._slot, number)
        sequence = np.random.SeedSequence(self._seed, spawn_key=key)
        request = CompletionRequest(
            messages,
            schema,
            temperature=temperature,
            max_tokens=_MAX_TOKENS,
            # Providers take a signed 32-bit seed.
            seed=int(sequence.generate_state(1)[0]) & 0x7FFF_FFFF,
            timeout_s=self._timeout_s,
        )
        call = self._caller.call(self._model, request, slot=self._index, attempt=number, role=role)
        return call.completion or ""


def _tried(visible: Sequence[Peer], spec: TemplateSpec) -> list[Peer]:
    """Proposals that are worth knowing: the best ones, then the latest of the others."""
    proposals = [peer for peer in visible if peer.kind == "proposal"]
    best = ranked(proposals, spec.primary.direction)[:_BEST]
    taken = {peer.id for peer in best}
    others = sorted((p for p in proposals if p.id not in taken), key=lambda peer: -peer.index)
    return [*best, *others[:_RECENT]]


def _text(name: str) -> str:
    return resources.files("agent.ideas").joinpath("prompts", name).read_text(encoding="utf-8")


def _render(name: str, variables: Mapping[str, object]) -> str:
    text = _ENVIRONMENT.from_string(_text(name)).render(**variables)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


_ENVIRONMENT = jinja2.Environment(
    undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
)
_ENVIRONMENT.filters["clip"] = clip

"""What a campaign found, in a form that two runs of it can be compared by."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict
from typing import Any

from agent.archive.columns import canonical_json
from agent.archive.identity import campaign_tag
from agent.archive.operations import CombinedOperations
from agent.archive.records import EvaluationRecord, ModelCallRecord

__all__ = ["PROCESS_EVENTS", "ComparableOperations"]

# Kinds of events that tell of the host's processes begin with this.
PROCESS_EVENTS = "process."

_CAMPAIGN = ("id", "created_at", "finished_at", "worked_s", "salt")
_CANDIDATE = ("id", "campaign_id", "created_at")
# Where a number came from depends on what was measured before, and when the process died.
_EVALUATION = ("candidate_id", "seconds", "worker", "source", "sandbox", "guarantees")
_CALL = ("id", "campaign_id", "latency_s", "created_at")
_EVENT = ("campaign_id", "at", "id")


class ComparableOperations(CombinedOperations):
    """All operations, and what two archives can be compared by."""

    def canonical_content(self, campaign: str) -> dict[str, Any]:
        """A campaign as JSON data that is equal for two runs that found the same.

        Left out: times of day, latencies, seconds, names of workers, whether a measurement was
        reused, the sandbox that it was made in, events whose kind begins with `PROCESS_EVENTS`.
        Identifiers, which hold the date, are replaced by the candidate's index wherever they stand,
        also inside texts; hashes cannot be, so keep identifiers out of prompts. Candidates are in
        the order of their indices; reviews and events, whose order depends on timing, in the order
        of their content.

        Args:
            campaign: Identifier of the campaign.

        Raises:
            UserError: There is no such campaign.
        """
        return _content(self, campaign)

    def digest_content(self, campaign: str) -> str:
        """SHA-256 of `canonical_content`: equal for a resumed and an uninterrupted campaign."""
        content = self.canonical_content(campaign)
        return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def _content(archive: CombinedOperations, campaign: str) -> dict[str, Any]:
    record = archive.campaign(campaign)
    # Sorted here: databases differ in how they order text.
    calls = sorted(archive.model_calls(record.id), key=_turn)
    candidates = []
    for candidate in archive.candidates(record.id):
        entry = _without(candidate, _CANDIDATE)
        entry["attempts"] = [
            _without(attempt, ("candidate_id",)) for attempt in archive.attempts(candidate.id)
        ]
        entry["evaluations"] = [
            _without(evaluation, _EVALUATION)
            for evaluation in sorted(archive.evaluations(candidate.id), key=_place)
        ]
        entry["reviews"] = [
            _without(review, ("candidate_id",)) for review in archive.reviews(candidate.id)
        ]
        artifacts = archive.artifacts(candidate.id)
        if artifacts:
            entry["artifacts"] = {artifact.name: artifact.digest for artifact in artifacts}
        candidates.append(entry)
    events = [
        _without(event, _EVENT)
        for event in archive.events(record.id)
        if not event.kind.startswith(PROCESS_EVENTS)
    ]
    names = {
        call.id: f"<call {call.slot} {call.attempt} {call.role} {call.try_number}>"
        for call in calls
    }
    content = _rename(
        {
            "campaign": _without(record, _CAMPAIGN),
            "candidates": candidates,
            "model_calls": [_without(call, _CALL) for call in calls],
            "events": events,
        },
        record.id,
        names,
    )
    content["events"].sort(key=canonical_json)
    for entry in content["candidates"]:
        entry["reviews"].sort(key=canonical_json)
    result: dict[str, Any] = content
    return result


def _place(evaluation: EvaluationRecord) -> tuple[str, str, int]:
    return evaluation.effort, evaluation.task, evaluation.seed


def _turn(call: ModelCallRecord) -> tuple[int, int, str, int]:
    return call.slot, call.attempt, call.role, call.try_number


def _without(record: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in asdict(record).items() if name not in names}


def _rename(value: Any, campaign: str, calls: dict[str, str]) -> Any:
    pattern = re.compile(rf"\b{re.escape(campaign_tag(campaign))}-(\d{{5,}})\b")

    def walk(item: Any) -> Any:
        if isinstance(item, str):
            if item in calls:
                return calls[item]
            text = item.replace(campaign, "<campaign>")
            return pattern.sub(lambda match: f"<candidate {int(match[1])}>", text)
        if isinstance(item, dict):
            return {walk(key): walk(entry) for key, entry in item.items()}
        if isinstance(item, list | tuple):
            return [walk(entry) for entry in item]
        return item

    return walk(value)

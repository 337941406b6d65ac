"""Every failure of a campaign, counted by where it happened and of what kind it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.archive import SANDBOX_TROUBLE, Archive, AttemptRecord, CandidateRecord

__all__ = ["Failure", "count_failures"]

_NUMBER = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?")


@dataclass(frozen=True)
class Failure:
    """All failures of one kind at one place.

    Args:
        stage: Where: ``model call``, ``sandbox`` for a process that had to be replaced, ``first
            try``, ``repair 1``, ``evaluation (screen)`` for what ended a candidate, ``training
            (full, proposal)`` for what a measurement said of itself.
        kind: The stable class of the error.
        count: How often.
        overcome: How many of them were made good: an attempt by a later repair, a model call by a
            later try.
        example_of: Identifier of the candidate, of the model call or of the event of the example.
        example: Its message.
    """

    stage: str
    kind: str
    count: int
    overcome: int
    example_of: str
    example: str


@dataclass(frozen=True)
class _Instance:
    stage: str
    kind: str
    overcome: bool
    of: str
    message: str


def count_failures(archive: Archive, campaign: str) -> tuple[Failure, ...]:
    """Count every failed attempt, evaluation, sandboxed process and model call of a campaign.

    Args:
        archive: The archive.
        campaign: Identifier of the campaign.

    Returns:
        One entry per stage and kind, in the order in which work passes the stages, the most
        frequent first within a stage; the example is the earliest.
    """
    found: dict[tuple[str, str], list[_Instance]] = {}
    for instance in _instances(archive, campaign):
        found.setdefault((instance.stage, instance.kind), []).append(instance)
    stages = list(dict.fromkeys(stage for stage, _ in found))
    failures = [
        Failure(
            stage,
            kind,
            len(instances),
            sum(instance.overcome for instance in instances),
            instances[0].of,
            instances[0].message,
        )
        for (stage, kind), instances in found.items()
    ]
    order = {stage: place for place, stage in enumerate(sorted(stages, key=_place))}
    return tuple(sorted(failures, key=lambda f: (order[f.stage], -f.count, f.kind)))


def _place(stage: str) -> tuple[int, str]:
    known = ("model call", "sandbox", "first try", "repair", "evaluation", "training")
    return next(
        (place for place, name in enumerate(known) if stage.startswith(name)), len(known)
    ), stage


def _instances(archive: Archive, campaign: str) -> Iterator[_Instance]:
    yield from _calls(archive, campaign)
    yield from _replaced(archive, campaign)
    for candidate in archive.candidates(campaign):
        attempts = archive.attempts(candidate.id)
        yield from _attempts(candidate, attempts)
        settled_by_attempts = any(a.error_kind == candidate.error_kind for a in attempts)
        if candidate.error_kind is not None and not settled_by_attempts:
            yield _Instance(
                f"evaluation ({candidate.stage})",
                candidate.error_kind,
                False,
                candidate.id,
                candidate.error_message or "",
            )
        for record in archive.evaluations(candidate.id):
            if record.failed is not None:
                # The text counts things; its kind is the text without the numbers.
                kind = _NUMBER.sub("N", record.failed)
                stage = f"training ({record.effort}, {candidate.kind})"
                yield _Instance(stage, kind, False, candidate.id, record.failed)


def _calls(archive: Archive, campaign: str) -> Iterator[_Instance]:
    calls = archive.model_calls(campaign)
    answered = {
        (call.slot, call.attempt, call.role) for call in calls if call.completion is not None
    }
    known = {call.id for call in calls}
    for call in calls:
        if call.error is not None:
            yield _Instance(
                "model call",
                "provider" if call.declined is None else call.declined[0],
                (call.slot, call.attempt, call.role) in answered,
                call.id,
                call.error,
            )
    for event in archive.cut_off_calls(campaign):
        sent = str(event.payload["call"])
        message = "a stop or the end of the process came before the answer; asked again on resuming"
        yield _Instance("model call", "cut off", sent in known, sent, message)


def _replaced(archive: Archive, campaign: str) -> Iterator[_Instance]:
    for event in archive.events(campaign, kinds=[SANDBOX_TROUBLE]):
        text = str(event.payload["text"])
        yield _Instance("sandbox", _NUMBER.sub("N", text), True, str(event.id), text)


def _attempts(candidate: CandidateRecord, attempts: list[AttemptRecord]) -> Iterator[_Instance]:
    last_good = max((a.attempt for a in attempts if a.error_kind is None), default=-1)
    for attempt in attempts:
        if attempt.error_kind is not None:
            yield _Instance(
                "first try" if attempt.attempt == 0 else f"repair {attempt.attempt}",
                attempt.error_kind,
                last_good > attempt.attempt,
                candidate.id,
                attempt.error_message or "",
            )

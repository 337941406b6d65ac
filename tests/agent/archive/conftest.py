from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.archive import (
    Archive,
    CampaignRecord,
    CandidateRecord,
    EvaluationRecord,
    ModelCallRecord,
    candidate_id,
    model_call_id,
)

NOW = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)

# Adds a candidate with that index to the campaign; takes the fields of its record.
Adder = Callable[..., CandidateRecord]


class Maker:
    """Records with everything that a test does not care about filled in."""

    @staticmethod
    def campaign(
        identifier: str = "2026-11-21-preference_loss-3f2a", **fields: Any
    ) -> CampaignRecord:
        values: dict[str, Any] = {
            "id": identifier,
            "template": "preference_loss",
            "template_digest": "digest",
            "seed": 7,
            "settings": {"candidates": 12},
            "created_at": NOW,
        }
        return CampaignRecord(**values | fields)

    @staticmethod
    def candidate(campaign: str, index: int, **fields: Any) -> CandidateRecord:
        values: dict[str, Any] = {
            "id": candidate_id(campaign, index),
            "campaign_id": campaign,
            "index": index,
            "kind": "proposal",
            "stage": "proposed",
            "name": f"loss {index}",
            "code": "def loss(): ...",
            "created_at": NOW,
        }
        return CandidateRecord(**values | fields)

    @staticmethod
    def evaluation(candidate: str, **fields: Any) -> EvaluationRecord:
        values: dict[str, Any] = {
            "candidate_id": candidate,
            "effort": "full",
            "task": "sentiment",
            "seed": 0,
            "primary": 0.5,
            "metrics": {"reward": 0.5},
            "seconds": 1.0,
            "sandbox": "process",
            "device": "cpu",
        }
        return EvaluationRecord(**values | fields)

    @staticmethod
    def call(campaign: str, slot: int, attempt: int = 0, **fields: Any) -> ModelCallRecord:
        try_number = fields.get("try_number", 0)
        values: dict[str, Any] = {
            "id": model_call_id(campaign, slot, attempt, "propose", try_number),
            "campaign_id": campaign,
            "slot": slot,
            "attempt": attempt,
            "role": "propose",
            "model": "local",
            "prompt_hash": "hash",
            "messages": [{"role": "user", "content": "a loss, please"}],
            "completion": "{}",
            "created_at": NOW,
        }
        return ModelCallRecord(**values | fields)


@pytest.fixture
def make() -> type[Maker]:
    return Maker


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "archive.db") as opened:
        yield opened


@pytest.fixture
def campaign(archive: Archive, make: type[Maker]) -> str:
    return archive.create_campaign(make.campaign()).id


@pytest.fixture
def add(archive: Archive, campaign: str, make: type[Maker]) -> Adder:
    def add_candidate(index: int, **fields: Any) -> CandidateRecord:
        return archive.add_candidate(make.candidate(campaign, index, **fields))

    return add_candidate

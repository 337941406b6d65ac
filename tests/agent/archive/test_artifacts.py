"""Bytes of candidates: kept once, dropped to a digest, part of what two runs are compared by."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from agent.archive import Archive, ArtifactRecord, CampaignRecord, CandidateRecord

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def candidate(archive: Archive) -> str:
    campaign = archive.create_campaign(
        CampaignRecord(
            id=archive.new_campaign_id("t", NOW, 0),
            template="t",
            template_digest="d",
            seed=0,
            settings={"hours": 1.0},
            created_at=NOW,
        )
    )
    record = CandidateRecord(
        id=f"{campaign.id}-c",
        campaign_id=campaign.id,
        index=0,
        kind="proposal",
        stage="generation",
        name="one",
        code="",
        created_at=NOW,
    )
    archive.add_candidate(record)
    return record.id


def artifact(candidate: str, name: str, data: bytes) -> ArtifactRecord:
    return ArtifactRecord(candidate, name, hashlib.sha256(data).hexdigest(), data)


def test_artifacts_are_kept_once_and_dropped_to_their_digest(archive: Archive) -> None:
    owner = candidate(archive)
    first = artifact(owner, "checkpoint-1", b"\x00\xff" * 99)
    assert archive.add_artifact(first)
    assert not archive.add_artifact(artifact(owner, "checkpoint-1", b"other"))
    assert archive.artifact(owner, "checkpoint-1") == first
    assert archive.artifact(owner, "checkpoint-2") is None
    second = artifact(owner, "another", b"")
    assert archive.add_artifact(second)
    assert archive.artifacts(owner) == [second, first]
    (campaign,) = archive.campaigns()
    before = archive.digest_content(campaign.id)
    archive.drop_artifact_data(owner, "checkpoint-1")
    kept = archive.artifact(owner, "checkpoint-1")
    assert kept == ArtifactRecord(owner, "checkpoint-1", first.digest, None)
    assert archive.digest_content(campaign.id) == before
    assert archive.add_artifact(artifact(owner, "third", b"3"))
    assert archive.digest_content(campaign.id) != before


def test_limits_can_be_raised(archive: Archive) -> None:
    candidate(archive)
    (campaign,) = archive.campaigns()
    archive.set_campaign_settings(campaign.id, {"hours": 2.0})
    assert archive.campaign(campaign.id).settings == {"hours": 2.0}

"""The archive: every campaign, candidate, evaluation, review and model call, in one database."""

from agent.archive.canonical import PROCESS_EVENTS
from agent.archive.identity import candidate_id, model_call_id
from agent.archive.lease import Lease, LeaseHolder
from agent.archive.records import (
    CALL_SENT,
    CHOSEN,
    EPISODES,
    GENERATION,
    SANDBOX_TROUBLE,
    ArtifactRecord,
    AttemptRecord,
    CampaignRecord,
    CampaignStatus,
    CandidateCounts,
    CandidateKind,
    CandidateRecord,
    EvaluationRecord,
    EventRecord,
    Measurement,
    MeasurementKey,
    ModelCallRecord,
    PromptRecord,
    ReviewRecord,
    UsageRecord,
)
from agent.archive.store import Archive, Transaction, discoveries_home

__all__ = [
    "CALL_SENT",
    "CHOSEN",
    "EPISODES",
    "GENERATION",
    "PROCESS_EVENTS",
    "SANDBOX_TROUBLE",
    "Archive",
    "ArtifactRecord",
    "AttemptRecord",
    "CampaignRecord",
    "CampaignStatus",
    "CandidateCounts",
    "CandidateKind",
    "CandidateRecord",
    "EvaluationRecord",
    "EventRecord",
    "Lease",
    "LeaseHolder",
    "Measurement",
    "MeasurementKey",
    "ModelCallRecord",
    "PromptRecord",
    "ReviewRecord",
    "Transaction",
    "UsageRecord",
    "candidate_id",
    "discoveries_home",
    "model_call_id",
]

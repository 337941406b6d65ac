"""All operations in one class, for an archive and a transaction alike."""

from __future__ import annotations

from agent.archive.operations.artifacts import ArtifactOperations
from agent.archive.operations.calls import CallOperations
from agent.archive.operations.campaigns import CampaignOperations
from agent.archive.operations.candidates import CandidateOperations
from agent.archive.operations.evaluations import EvaluationOperations
from agent.archive.operations.journal import JournalOperations
from agent.archive.operations.views import ViewOperations


class CombinedOperations(
    CampaignOperations,
    CandidateOperations,
    EvaluationOperations,
    ArtifactOperations,
    CallOperations,
    JournalOperations,
    ViewOperations,
):
    """Everything that is asked of the tables."""

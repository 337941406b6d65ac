"""What can be asked of an archive, one concept a file; `agent.archive.store` puts them together."""

from agent.archive.operations.artifacts import ArtifactOperations
from agent.archive.operations.calls import CallOperations
from agent.archive.operations.campaigns import CampaignOperations
from agent.archive.operations.candidates import CandidateOperations
from agent.archive.operations.evaluations import EvaluationOperations
from agent.archive.operations.journal import JournalOperations
from agent.archive.operations.views import ViewOperations

__all__ = [
    "ArtifactOperations",
    "CallOperations",
    "CampaignOperations",
    "CandidateOperations",
    "EvaluationOperations",
    "JournalOperations",
    "ViewOperations",
]

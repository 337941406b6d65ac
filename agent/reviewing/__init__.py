"""Has papers reviewed by language models, every call recorded."""

from __future__ import annotations

from agent.reviewing.ensemble import Member, PaperReviewing, PaperVerdict, ReviewPlan, setup_name
from agent.reviewing.keeping import review_record
from agent.reviewing.session import ReviewSession, review_file

__all__ = [
    "Member",
    "PaperReviewing",
    "PaperVerdict",
    "ReviewPlan",
    "ReviewSession",
    "review_file",
    "review_record",
    "setup_name",
]

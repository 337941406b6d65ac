"""A paper's review as the archive keeps it beside the candidate that the paper is about."""

from __future__ import annotations

from agent.archive.records import ReviewRecord
from agent.reviewing.ensemble import PaperVerdict
from reviewers.contract import TEXT_LENGTH

__all__ = ["review_record"]


def review_record(candidate_id: str, verdict: PaperVerdict) -> ReviewRecord:
    """The review for prompts and tables; its payload is the whole of it.

    One whose decision contradicts its rating is neither for nor against the paper.

    Args:
        candidate_id: Whom the paper is about.
        verdict: What came of the review.
    """
    review = verdict.review
    overall = review.scores["overall"]
    said = f"{overall:.1f} of 10, {review.decision}"
    if review.contradicts_itself:
        said += " all the same"
    text = f"Its paper: {said}. {review.weaknesses[0]}"
    text = " ".join(text.split())
    return ReviewRecord(
        candidate_id=candidate_id,
        reviewer="paper",
        verdict="concern" if review.contradicts_itself else review.decision.lower(),
        score=overall,
        text=text if len(text) <= TEXT_LENGTH else text[: TEXT_LENGTH - 3].rstrip() + "...",
        payload={
            **review.to_json(),
            "reviews": [one.review.to_json() for one in verdict.members if one.review is not None],
            "meta_review": None if verdict.chair is None else verdict.chair.to_json(),
            "notes": list(verdict.notes),
        },
    )

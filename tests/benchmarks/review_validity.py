"""How many reviews of one real PDF by the default model are valid forms.

    python -m tests.benchmarks.review_validity --runs 20
    python -m tests.benchmarks.review_validity --paper mine.pdf --model local:qwen2.5-coder-0.5b

Every run is what ``discover review FILE --reviewers 1 --reflections 0`` does, with another seed:
reading, blinding, cutting to the model's context, the form, and a repair where it is none. Without
``--paper`` the paper is a small one, written as a PDF of several pages by this script.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from agent.archive import Archive, CampaignRecord
from agent.calling import Caller
from agent.llm import open_model
from agent.reviewing import PaperReviewing, PaperVerdict, ReviewPlan
from reviewers.paper import SCALES, blind, read_paper
from templates.errors import CandidateError
from tests.data.papers import write_pdf


def valid(verdict: PaperVerdict) -> bool:
    """Whether every number is on its scale and everything asked for in words was said."""
    review = verdict.review
    numbers = all(low <= review.scores[name] <= high for name, (low, high) in SCALES.items())
    words = (review.summary, review.strengths, review.weaknesses, review.questions)
    return numbers and all(words) and review.decision in ("Accept", "Reject")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--paper", type=Path, help="a PDF, LaTeX or text file of your own")
    parser.add_argument("--model", default="local")
    parser.add_argument("--reflections", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Archive(Path(folder) / "reviews.db") as archive:
        paper = options.paper or write_pdf(Path(folder) / "paper.pdf")
        blinded = blind(read_paper(paper))
        model = open_model(options.model, slots=1)
        now = datetime.now(UTC)
        campaign = archive.create_campaign(
            CampaignRecord(
                id=archive.new_campaign_id("review", now, 0),
                template="review",
                template_digest="benchmark",
                seed=0,
                settings={},
                created_at=now,
            )
        ).id
        caller = Caller(archive, campaign, budget_usd=None, tries=2, wait=time.sleep, notify=print)

        def run(seed: int) -> bool:
            # A call may take long on a busy machine; what counts here is the form.
            plan = ReviewPlan(
                reviewers=1, reflections=options.reflections, seed=seed, timeout_s=7200
            )
            started = time.monotonic()
            try:
                found = PaperReviewing(caller, [model], plan, slot=seed).review(blinded)
            except CandidateError as error:
                print(f"{seed:3}: no form: {error.message}", flush=True)
                return False
            repairs = sum(call.attempt % 2 for call in archive.model_calls(campaign, seed))
            scores = found.review.scores
            print(
                f"{seed:3}: {time.monotonic() - started:4.0f} s  "
                f"{'valid' if valid(found) else 'NOT VALID'}, {repairs} repairs, "
                f"overall {scores['overall']:g}, soundness {scores['soundness']:g}, "
                f"{found.review.decision}",
                flush=True,
            )
            return valid(found)

        started = time.monotonic()
        # One after the other: the paper, which is the same, is then read once.
        good = sum(map(run, range(options.runs)))
        minutes = (time.monotonic() - started) / 60
        model.close()
        calls = archive.model_calls(campaign)
        tokens = archive.usage(campaign)
    print(
        f"valid {good}/{options.runs}, {sum(call.attempt % 2 for call in calls)} repairs, "
        f"{tokens.calls} calls, "
        f"{tokens.prompt_tokens} + {tokens.completion_tokens} tokens, {minutes:.1f} min"
    )


if __name__ == "__main__":
    main()

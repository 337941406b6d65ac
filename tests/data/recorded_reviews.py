"""Writes recorded reviews that look like real ones, from a model whose truth is known.

Every paper has a quality, normal with spread 1. Human ratings are that quality plus noise; the best
``share`` of papers by mean human rating are accepted. A reviewer answers each question of the form
with ``quality * insight`` plus noise of its own that all its answers share plus noise of the
answer, in units of the answer's scale, rounded and cut to it. A reviewer with more insight is
better, and an average over reviewers is better than each, since their noises are independent.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

QUESTIONS = (
    *("originality", "quality", "clarity", "significance", "soundness", "presentation"),
    *("contribution", "overall", "confidence"),
)
COLUMNS = ("setup", "paper_id", *QUESTIONS, "decision", "human_ratings", "anonymous", "outcome")
INSIGHT = {"careful": 0.8, "hasty": 0.5, "sleepy": 0.2, "loud": 0.4}
# Centre, spread and ends of the answers' scales.
_SCALES = {"overall": (5.5, 1.5, 1, 10), "confidence": (4, 0.3, 1, 5)}


def rows(
    papers: int,
    seed: int,
    insight: Mapping[str, float] = INSIGHT,
    *,
    prefix: str = "p",
    share: float = 0.35,
) -> list[dict[str, str]]:
    """Lines of a recording, by column."""
    generator = np.random.default_rng(seed)
    quality = generator.normal(size=papers)
    human = np.clip(
        np.round(5 + 1.5 * (quality[:, None] + generator.normal(size=(papers, 4)))), 1, 10
    )
    accepted = human.mean(1) >= np.quantile(human.mean(1), 1 - share)
    found = []
    for name, level in insight.items():
        mood = generator.normal(size=papers)
        for paper in range(papers):
            answers = {}
            for question in QUESTIONS:
                centre, spread, least, most = _SCALES.get(question, (2.7, 0.7, 1, 4))
                told = level * quality[paper] + 0.6 * mood[paper] + 0.5 * generator.normal()
                told = 0.0 if question == "confidence" else told
                answers[question] = str(int(np.clip(np.round(centre + spread * told), least, most)))
            found.append(
                {
                    "setup": name,
                    "paper_id": f"{prefix}{paper:04d}",
                    **answers,
                    "decision": "Accept" if int(answers["overall"]) >= 6 else "Reject",
                    "human_ratings": ";".join(str(float(one)) for one in human[paper]),
                    # Rejected papers stay anonymous, but for one of the others now and then.
                    "anonymous": str(int(not accepted[paper] or paper % 50 == 0)),
                    "outcome": "Accept (Poster)" if accepted[paper] else "Reject",
                }
            )
    return found


def write(path: Path, lines: list[dict[str, str]], columns: tuple[str, ...] = COLUMNS) -> Path:
    """Write lines as CSV; only those columns."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)
    return path

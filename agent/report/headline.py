"""The first sentence of a report."""

from __future__ import annotations

from collections.abc import Sequence

from agent.archive import CandidateRecord
from agent.report.confirmation import Confirmation
from agent.report.scores import ScoreBook
from agent.wording import interval, number, signed_interval

__all__ = ["headline"]


def headline(
    book: ScoreBook,
    baseline: CandidateRecord | None,
    ranked: Sequence[CandidateRecord],
    proposals: Sequence[CandidateRecord],
    confirmations: Sequence[Confirmation],
) -> str:
    """One plain sentence on what was found.

    Args:
        book: Scores of the campaign.
        baseline: The best one, None where none was scored.
        ranked: Everything that was scored, best first.
        proposals: All proposals.
        confirmations: What was confirmed.
    """
    if baseline is None:
        return "No baseline was scored, so nothing can be compared yet."
    discoveries = [record for record in proposals if record.is_discovery]
    if discoveries:
        margins = {entry.candidate.id: _margins(entry) for entry in confirmations}
        count = "1 discovery" if len(discoveries) == 1 else f"{len(discoveries)} discoveries"
        listed = "; ".join(
            f"{record.name} beats {margins.get(record.id, 'the best baselines')}"
            for record in discoveries
        )
        return f"{count}: {listed}."
    score = interval(baseline.score, baseline.score_low, baseline.score_high)
    start = f"Nothing beat the best baseline ({baseline.name}, {book.spec.primary.title} {score})"
    scored = [record for record in ranked if record.kind == "proposal"]
    if not scored:
        finished = sum(record.terminal for record in proposals)
        return f"{start}: none of the {finished} proposals could be scored."
    if confirmations:
        return f"{start}: {_not_confirmed(confirmations[0])}"
    return f"{start}: {_behind(book, scored[0], baseline)}"


def _margins(entry: Confirmation) -> str:
    text = f"{entry.gain_over} by {signed_interval(entry.gain)} on fresh seeds"
    if entry.held_out_gain is not None:
        # The best baseline may be another one there.
        over = "" if entry.held_out_over == entry.gain_over else f" {entry.held_out_over}"
        text += f" and{over} by {signed_interval(entry.held_out_gain)} on held-out tasks"
    return text


def _not_confirmed(entry: Confirmation) -> str:
    start = f"{entry.candidate.name} was ahead in the search, but "
    if entry.holds:
        return f"{start}its review did not accept it."
    text = f"{start}its gain is not certain where it was confirmed: over {entry.gain_over} "
    text += f"{signed_interval(entry.gain)} on fresh seeds"
    if entry.held_out_gain is not None:
        text += f", over {entry.held_out_over} {signed_interval(entry.held_out_gain)}"
        text += " on held-out tasks"
    return f"{text}."


def _behind(book: ScoreBook, best: CandidateRecord, baseline: CandidateRecord) -> str:
    gain = book.gain(best, baseline)
    start = f"the best proposal, {best.name},"
    if gain is None:
        return f"{start} scored {number(best.score)} but was not measured on common seeds."
    if gain.value > 0:
        verdict = "is ahead in the search but was not confirmed on fresh seeds"
    elif gain.high >= 0:
        verdict = "may be as good, but is not shown to be better"
    else:
        verdict = "is behind"
    return f"{start} {verdict}; its paired gain is {signed_interval(gain)}."

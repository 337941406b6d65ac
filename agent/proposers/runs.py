"""Runs of an idea: which proposal goes on from which, where a template's candidates are edits.

Ideas are worked on side by side, as many as proposals are in flight; the proposals of a slot's
place in that row are one run after the other of one idea. So what a run goes on from has always
been settled when it is asked for, and slots wait for nothing more than they do anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.proposers.selection import Peer
from templates.contract import Experiment
from templates.edits import apply_edits, parse_edits

__all__ = ["earlier_runs", "edited_files", "idea_number", "previous_run", "run_number"]


def previous_run(
    visible: Sequence[Peer], slot: int, in_flight: int, experiment: Experiment
) -> Peer | None:
    """The run that a slot goes on from; None where it begins an idea.

    A slot begins one if its idea has had all its runs, or if the run before failed.

    Args:
        visible: Candidates that the slot may see; baselines and controls among them.
        slot: Number of the proposal in the campaign, from 0.
        in_flight: How many ideas are worked on at once.
        experiment: Says how many runs an idea gets.
    """
    earlier = earlier_runs(visible, slot, in_flight, experiment)
    return earlier[-1] if earlier else None


def earlier_runs(
    visible: Sequence[Peer], slot: int, in_flight: int, experiment: Experiment
) -> tuple[Peer, ...]:
    """The runs that a slot's idea had before, the first one first; see `previous_run`."""
    before = run_number(visible, slot, in_flight, experiment) - 1
    found = [_peer(visible, slot - in_flight * back) for back in range(before, 0, -1)]
    return tuple(peer for peer in found if peer is not None)


def run_number(visible: Sequence[Peer], slot: int, in_flight: int, experiment: Experiment) -> int:
    """Which run of its idea a slot is, from 1; see `previous_run` for the arguments."""
    number = 1
    for earlier in range(slot % in_flight, slot, in_flight):
        peer = _peer(visible, earlier)
        ran = peer is not None and peer.score is not None
        number = number + 1 if ran and number < experiment.runs else 1
    return number


def _peer(visible: Sequence[Peer], slot: int) -> Peer | None:
    """What came of a slot, where that may be seen."""
    first_proposal = sum(peer.kind in ("baseline", "control") for peer in visible)
    return next((peer for peer in visible if peer.index == first_proposal + slot), None)


def idea_number(visible: Sequence[Peer], slot: int, in_flight: int, experiment: Experiment) -> int:
    """Which idea of the campaign a slot is a run of, from 0; see `previous_run` for the arguments.

    Those that are worked on at once have their numbers in turn.
    """
    lane = slot % in_flight
    begun = sum(
        run_number(visible, earlier, in_flight, experiment) == 1
        for earlier in range(lane, slot + 1, in_flight)
    )
    return (begun - 1) * in_flight + lane


def edited_files(experiment: Experiment, base: str) -> Mapping[str, str]:
    """The files that a run edits, by path.

    Args:
        experiment: The template's.
        base: Edits of the runs before; empty for the untouched experiment.
    """
    return apply_edits(experiment.files, parse_edits(base), fixed=experiment.fixed)

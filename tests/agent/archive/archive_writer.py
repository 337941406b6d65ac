"""Writes steps to an archive until it is killed; run as a process by test_archive_processes.py.

Each step is one transaction that ends with an event; a step counts as whole when its event, its
candidate, its call and both evaluations are there.
"""

import sys

from conftest import Maker

from agent.archive import Archive, EventRecord


def main(location: str, campaign: str, steps: int) -> None:
    """Write that many steps, going on where the archive ends."""
    with Archive(location) as archive:
        print("ready", flush=True)
        for index in range(archive.next_index(campaign), steps):
            candidate = Maker.candidate(campaign, index)
            with archive.transaction() as step:
                step.add_model_call(Maker.call(campaign, index, cost_usd=0.25))
                step.add_candidate(candidate)
                for seed in (0, 1):
                    step.add_evaluation(Maker.evaluation(candidate.id, seed=seed))
                step.update_candidate(candidate.id, stage="search", score=index / 4)
                step.add_event(EventRecord(campaign, candidate.created_at, "step", {"n": index}))
        print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

"""A process that writes steps to an archive, to be killed; run by test_archive_processes.py.

For each line ``LOCATION CAMPAIGN STEPS`` on its input it forks a writer, so that a test can kill
many writers without starting many interpreters. It prints ``ready PID`` when the writer begins,
``step`` after each step, ``done`` after the last one, and ``ended`` when the writer is gone. Each
step is one transaction.
"""

import os
import sys

from agent.archive import Archive, EventRecord
from tests.agent.archive.conftest import Maker


def write(location: str, campaign: str, steps: int) -> None:
    """Go on from where the archive ends, up to that many steps."""
    with Archive(location) as archive:
        print(f"ready {os.getpid()}", flush=True)
        for index in range(archive.next_index(campaign), steps):
            candidate = Maker.candidate(campaign, index)
            with archive.transaction() as step:
                step.add_model_call(Maker.call(campaign, index, cost_usd=0.25))
                step.add_candidate(candidate)
                for seed in (0, 1):
                    step.add_evaluation(Maker.evaluation(candidate.id, seed=seed))
                step.update_candidate(candidate.id, stage="search", score=index / 4)
                step.add_event(EventRecord(campaign, candidate.created_at, "step", {"n": index}))
            print("step", flush=True)
    print("done", flush=True)


if __name__ == "__main__":
    for line in sys.stdin:
        place, identifier, number = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            try:
                write(place, identifier, int(number))
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        print("ended", flush=True)

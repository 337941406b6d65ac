"""Twenty kills: nothing lost, nothing paid or measured twice, nothing left running."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks import kill_resume

pytestmark = pytest.mark.gate


@pytest.mark.timeout(900)
@pytest.mark.full("campaigns")
def test_a_campaign_that_is_killed_twenty_times_ends_like_one_that_never_was() -> None:
    outcome = kill_resume.series(20, seed=1)
    assert outcome.kills == 20
    assert (outcome.unequal, outcome.repeated, outcome.leftover_processes) == (0, 0, 0)


def test_work_that_is_done_again_is_seen() -> None:
    call, measurement = ["call", [0, 0, "propose", 0]], ["measurement", ["d", "full", "x", [1]]]
    once = [["began", *call], ["kept", *call], ["began", *measurement]]
    again = [["began", *measurement], ["kept", *measurement]]  # The first one was cut off.
    lines = [json.dumps(line) for line in [*once, *again]]
    assert kill_resume.repeated(['["beg', *lines]) == []
    assert len(kill_resume.repeated([*lines, lines[0], lines[2]])) == 2
    with pytest.raises(ValueError, match="no kept"):
        kill_resume.repeated(lines[:3])

"""Results are measured once, and keep what they were measured in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.archive import Archive, CampaignRecord, CandidateRecord, EvaluationRecord
from agent.evaluation.measuring import Measurer
from sandboxes.engines import Engine, open_engine
from sandboxes.process import ProcessSandbox
from templates.errors import CandidateError
from templates.registry import load_template

pytestmark = pytest.mark.gate

CODE = "def loss(prediction, target):\n    return jnp.abs(prediction - target)\n"
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_reused_result_keeps_the_sandbox_of_its_measurement(
    engine: Engine, tmp_path: Path
) -> None:
    with Archive(tmp_path / "archive.db") as archive:
        weak = {"network": True, "files": False}
        first = _measure(archive, engine, 0, weak)
        assert (first.source, first.sandbox, first.guarantees) == (
            "measured",
            engine.sandbox.name,
            weak,
        )
        strong = {"network": True, "files": True}
        name, engine.sandbox.name = engine.sandbox.name, "another"
        try:
            second = _measure(archive, engine, 1, strong)
        finally:
            engine.sandbox.name = name
        assert (second.source, second.sandbox, second.guarantees) == ("reused", name, weak)
        assert second.metrics == first.metrics
        assert archive.evaluations(second.candidate_id) == [second]


FAILS_ON_FIVE = """
import time


def place(count, seed):
    time.sleep(0 if count == 5 else 1)
    return [number / count if count == 8 else 1 / 0 for number in range(count)]
"""


def test_nothing_of_a_failed_program_comes_in_later(tmp_path: Path) -> None:
    """What still ran when a job failed is there before the failure, to be taken back with it."""
    template = load_template(Path(__file__).parents[2] / "data" / "spread_points")
    with (
        Archive(tmp_path / "archive.db") as archive,
        open_engine(template, ProcessSandbox(), workers=2) as engine,
    ):
        candidate = _candidate(archive, 3, FAILS_ON_FIVE)
        measurer = Measurer(archive, engine, versions="v", guarantees={})
        program = engine.trace(FAILS_ON_FIVE)
        with pytest.raises(CandidateError):
            measurer.measure(candidate, program, "digest", "full", [("five", 1), ("eight", 1)])
        found = archive.evaluations(candidate)
        assert [one.task for one in found] == ["eight"]
        archive.drop_evaluations(candidate)
        assert archive.evaluations(candidate) == []
        # Of the same program it is taken from what campaigns share.
        (again,) = measurer.measure(candidate, program, "digest", "full", [("eight", 1)]).values()
        measurer.close()
        assert (again.source, again.metrics) == ("reused", found[0].metrics)


def _measure(
    archive: Archive, engine: Engine, number: int, guarantees: dict[str, bool]
) -> EvaluationRecord:
    """One job of the same program, for a candidate of a campaign of its own."""
    candidate = _candidate(archive, number, CODE)
    measurer = Measurer(archive, engine, versions="v", guarantees=guarantees)
    program = engine.trace(CODE)
    digest = engine.inspect(program).digest
    job = ("clean", 1)
    found = measurer.measure(candidate, program, digest, "full", [job])
    measurer.close()
    return found[job]


def _candidate(archive: Archive, number: int, code: str) -> str:
    """Identifier of the only candidate of a campaign."""
    name = f"2026-11-21-toy-000{number}"
    archive.create_campaign(
        CampaignRecord(
            id=name, template="toy", template_digest="d", seed=0, settings={}, created_at=NOW
        )
    )
    archive.add_candidate(
        CandidateRecord(
            id=f"000{number}-00000",
            campaign_id=name,
            index=0,
            kind="proposal",
            stage="traced",
            name="absolute",
            code=code,
            created_at=NOW,
        )
    )
    return f"000{number}-00000"

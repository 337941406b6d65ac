"""Results are measured once, and keep what they were measured in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from agent.archive import Archive, CampaignRecord, CandidateRecord, EvaluationRecord
from agent.evaluation.measuring import Measurer
from sandboxes.engines import Engine

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


def _measure(
    archive: Archive, engine: Engine, number: int, guarantees: dict[str, bool]
) -> EvaluationRecord:
    """One job of the same program, for a candidate of a campaign of its own."""
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
            code=CODE,
            created_at=NOW,
        )
    )
    measurer = Measurer(archive, engine, versions="v", guarantees=guarantees)
    program = engine.trace(CODE)
    digest = engine.inspect(program).digest
    job = ("clean", 1)
    found = measurer.measure(f"000{number}-00000", program, digest, "full", [job])
    measurer.close()
    return found[job]

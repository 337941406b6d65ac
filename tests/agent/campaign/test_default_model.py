"""The default model itself, from the prompt to a score; fetches its weights where they are not."""

from __future__ import annotations

from pathlib import Path

from agent.archive import Archive
from agent.campaign import Campaign, CampaignSettings, Progress
from agent.proposers import parse_proposal

TEMPLATE = Path(__file__).parents[2] / "data" / "robust_regression"


class Silent:
    def notify(self, progress: Progress) -> None:
        pass


def test_the_real_model_proposes_and_a_proposal_is_evaluated(tmp_path: Path) -> None:
    with Archive(tmp_path / "archive.db") as archive:
        settings = CampaignSettings(
            template=str(TEMPLATE), models=("local",), candidates=4, seed=3, workers=1
        )
        record = Campaign.create(archive, settings, tmp_path).run(Silent())
        assert record.status == "done"
        calls = archive.model_calls(record.id)
        assert len(calls) >= 4
        assert all(call.completion_tokens > 10 and call.latency_s > 0 for call in calls)
        # The grammar allows nothing but a proposal, unless it was cut at the token limit.
        parsed = [parse_proposal(call.completion or "") for call in calls[:1]]
        assert parsed[0].code.startswith("import jax\nimport jax.numpy as jnp\n")
        measured = [
            candidate
            for candidate in archive.candidates(record.id, kinds=["proposal"])
            if archive.evaluations(candidate.id, "full")
        ]
        assert measured, [c.error_message for c in archive.candidates(record.id)]

"""The default model itself, from the prompt to a score; fetches its weights where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.archive import Archive
from agent.campaign import Campaign, CampaignSettings, Progress
from agent.proposers import parse_proposal

pytestmark = [pytest.mark.full("model"), pytest.mark.timeout(1200)]

TEMPLATE = Path(__file__).parents[2] / "data" / "robust_regression"


class UntilOneIsMeasured:
    """Stops the campaign with the first proposal that is evaluated: half of them are, or more."""

    def __init__(self, archive: Archive, campaign: Campaign) -> None:
        self._archive = archive
        self._campaign = campaign

    def notify(self, progress: Progress) -> None:
        if measured(self._archive, self._campaign.id):
            self._campaign.request_stop("a proposal was evaluated")


def measured(archive: Archive, campaign_id: str) -> list[str]:
    return [
        candidate.name
        for candidate in archive.candidates(campaign_id, kinds=["proposal"])
        if archive.evaluations(candidate.id, "full")
    ]


def test_the_real_model_proposes_and_a_proposal_is_evaluated(tmp_path: Path) -> None:
    with Archive(tmp_path / "archive.db") as archive:
        settings = CampaignSettings(
            template=str(TEMPLATE), models=("local",), candidates=12, seed=3, workers=1
        )
        campaign = Campaign.create(archive, settings, tmp_path)
        record = campaign.run(UntilOneIsMeasured(archive, campaign))
        # Those that the stop cut short have no completion.
        calls = [c for c in archive.model_calls(record.id) if c.completion is not None]
        assert calls
        assert all(c.completion_tokens > 10 and c.latency_s > 0 for c in calls)
        errors = [c.error_message for c in archive.candidates(record.id, kinds=["proposal"])]
        assert measured(archive, record.id), errors
        # The grammar allows nothing but a proposal, unless it was cut at the token limit.
        whole = [
            c.completion
            for c in calls
            if c.completion_tokens < settings.knobs(settings.load().spec).max_tokens
        ]
        assert whole[0] is not None
        assert parse_proposal(whole[0]).code.startswith("import jax\nimport jax.numpy as jnp\n")

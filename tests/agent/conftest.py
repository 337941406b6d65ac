"""Tests of the orchestrator run in the process sandbox, whatever engine the machine has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from agent.archive import CampaignRecord
    from agent.campaign import Campaign, Observer
    from tests.harness.engines import Engines, RunCampaign


@pytest.fixture(scope="package", autouse=True)
def no_engine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        yield


@pytest.fixture(scope="session")
def run(engines: Engines) -> RunCampaign:
    """Runs campaigns on engines that tests share."""
    from sandboxes.registry import choose_sandbox

    def run(campaign: Campaign, observer: Observer) -> CampaignRecord:
        template = campaign.settings.load()
        workers = campaign.settings.workers or 2
        return campaign.run(
            observer, engines.of(template, choose_sandbox("process"), workers=workers)
        )

    return run

"""Papers on written campaigns: one with a discovery, one without."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agent.papers.paper_material import Material, material, write_campaign, write_idea


@pytest.fixture(scope="session")
def discovered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_campaign(tmp_path_factory.mktemp("discovered"), 0.75, confirm=True)


@pytest.fixture(scope="session")
def undiscovered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_campaign(tmp_path_factory.mktemp("undiscovered"), 0.69, confirm=False)


@pytest.fixture(scope="session")
def discovery(discovered: Path, tmp_path_factory: pytest.TempPathFactory) -> Material:
    return material(discovered, "tempered_margin", tmp_path_factory.mktemp("figures"))


@pytest.fixture(scope="session")
def best_candidate(undiscovered: Path, tmp_path_factory: pytest.TempPathFactory) -> Material:
    return material(undiscovered, "tempered_margin", tmp_path_factory.mktemp("figures"))


def _with_idea(factory: pytest.TempPathFactory, *, dropped: bool) -> Material:
    home = write_campaign(factory.mktemp("idea"), 0.69, confirm=False, template="grokking")
    write_idea(home, "tempered_margin", dropped=dropped)
    return material(home, "tempered_margin", factory.mktemp("figures"))


@pytest.fixture(scope="session")
def with_idea(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """The best candidate of a campaign of experiments; it began with an idea and was reviewed."""
    return _with_idea(tmp_path_factory, dropped=False)


@pytest.fixture(scope="session")
def idea_dropped(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """The same, made without the idea that came first, which was taken for known."""
    return _with_idea(tmp_path_factory, dropped=True)

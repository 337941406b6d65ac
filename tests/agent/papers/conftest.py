"""Papers on written campaigns: one with a discovery, one without."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "data"))

from paper_material import Material, material, write_campaign, write_idea


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


@pytest.fixture(scope="session")
def with_idea(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """The best candidate of a campaign of experiments; it began with an idea and was reviewed."""
    home = write_campaign(tmp_path_factory.mktemp("idea"), 0.69, confirm=False, template="grokking")
    write_idea(home, "tempered_margin")
    return material(home, "tempered_margin", tmp_path_factory.mktemp("figures"))

"""Campaigns on the small template with recorded completions."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "data"))

from completions import write_recording


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "completions.jsonl")

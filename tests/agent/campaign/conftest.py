"""Campaigns on the small template with recorded completions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.completions import write_recording


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "completions.jsonl")

"""What prompts show as an example is a known function: else a copy of it would be a discovery."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.evaluation.novelty import NoveltyIndex
from sandboxes.engines import open_engine
from sandboxes.registry import choose_sandbox
from templates.registry import load_template

pytestmark = pytest.mark.full("templates")

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"


@pytest.mark.parametrize(
    ("name", "settings", "prompts"),
    [
        ("preference_loss", {}, "prompts"),
        ("temporal_rl", {"level": "drift"}, "prompts/drift"),
        ("temporal_rl", {"level": "objective"}, "prompts/objective"),
        ("temporal_rl", {"level": "optimiser"}, "prompts/optimiser"),
        ("omni", {}, "prompts"),
    ],
)
def test_the_example_of_a_prompt_is_a_known_function(
    name: str, settings: Mapping[str, str], prompts: str
) -> None:
    text = (TEMPLATES / name / prompts / "system.jinja").read_text()
    _, _, rest = text.partition("Example of the style:\n\n")
    example, _, _ = rest.partition("\n\nKnown ")
    assert "def " in example
    template = load_template(name, settings)
    known = NoveltyIndex()
    with open_engine(template, choose_sandbox("process"), workers=1) as engine:
        for baseline in template.baselines:
            if baseline.name.startswith("control_"):
                continue
            seen = engine.inspect(engine.trace(baseline.code))
            known.add(baseline.name, seen.digest, seen.fingerprint)
        found = engine.inspect(engine.trace(example))
        assert known.find(found.digest, found.fingerprint) is not None

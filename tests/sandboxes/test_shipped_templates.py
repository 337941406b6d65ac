"""Shipped templates in every sandbox: what only shows with their own cores and packages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from agent.evaluation.novelty import NoveltyIndex
from sandboxes.contract import Inspection, Sandbox
from sandboxes.engines import Engine
from sandboxes.registry import choose_sandbox
from templates.errors import CandidateError
from templates.registry import Template, load_template
from tests.harness.engines import Engines

pytestmark = pytest.mark.full("templates")


@dataclass(frozen=True)
class Shipped:
    """A template that ships with this, on a running engine, and its baselines as that sees them."""

    template: Template
    engine: Engine
    seen: Mapping[str, Inspection]

    @property
    def codes(self) -> dict[str, str]:
        return {baseline.name: baseline.code for baseline in self.template.baselines}


Look = Callable[..., Shipped]


@pytest.fixture(scope="module")
def look(engines: Engines) -> Look:
    """Traces and inspects the baselines of a template once for each sandbox."""
    known: dict[tuple[str, ...], Mapping[str, Inspection]] = {}

    def look(sandbox: Sandbox, name: str, **settings: str) -> Shipped:
        template = load_template(name, settings)
        engine = engines.of(template, sandbox)
        key = (sandbox.name, name, *sorted(settings.values()))
        if key not in known:
            known[key] = {
                baseline.name: engine.inspect(engine.trace(baseline.code))
                for baseline in template.baselines
            }
        return Shipped(template, engine, known[key])

    return look


def test_temporal_rl_with_and_without_what_is_optional(sandbox: Sandbox, look: Look) -> None:
    shipped = look(sandbox, "temporal_rl", level="drift")
    engine, codes, seen = shipped.engine, shipped.codes, shipped.seen
    annealed, plain = (engine.trace(codes[name]) for name in ("ppo_annealed", "ppo"))
    assert set(annealed.modules) - set(plain.modules) == {
        "entropy_weight.value",
        "learning_rate.value",
    }
    known = {seen[name].fingerprint for name in codes}
    assert len(known) == len(codes)
    assert {name for name, found in seen.items() if "not_a_drift" in found.flags} == {
        name for name in codes if name.startswith("control_")
    }
    for program in (annealed, plain):
        (result,) = engine.evaluate(program, effort="smoke", task="cartpole", seeds=[1])
        assert result.failed is None
        assert result.metrics["return"] > 0
    with pytest.raises(CandidateError, match="`def drift"):
        engine.trace("def learning_rate(t, b, log_N):\n    return 1.0 - t\n")


def test_temporal_rl_takes_optimisers(sandbox: Sandbox, look: Look) -> None:
    shipped = look(sandbox, "temporal_rl", level="optimiser")
    engine, codes, seen = shipped.engine, shipped.codes, shipped.seen
    known = {found.fingerprint for name, found in seen.items() if name != "control_constant"}
    assert len(known) == len(codes) - 1
    assert "constant" in seen["control_constant"].flags
    started = codes["adam"] + (
        "\n\ndef init(param):\n    return jnp.stack([0.0, 10.0, 0.0 * param, 0.0])\n"
    )
    late = engine.trace(started)
    assert set(late.modules) == {"init.value", "update.value"}
    assert engine.inspect(late).fingerprint not in known
    scores = set()
    for program in (late, engine.trace(codes["adam"])):
        (result,) = engine.evaluate(program, effort="smoke", task="cartpole", seeds=[1])
        assert result.failed is None
        scores.add(result.metrics["return"])
    assert len(scores) == 2
    with pytest.raises(CandidateError, match="shape"):
        engine.trace(codes["adam"].replace(", 0.0])", "])"))


def test_omni_takes_samplers(sandbox: Sandbox, look: Look) -> None:
    shipped = look(sandbox, "omni")
    engine, codes, seen = shipped.engine, shipped.codes, shipped.seen
    assert all(found.fingerprint for found in seen.values())
    assert len({found.fingerprint for found in seen.values()}) == len(codes)
    assert [name for name, found in seen.items() if "depends_on_order" in found.flags] == ["oracle"]
    # Only ratios matter, also where the factor is another one at each time.
    scaled = codes["learning_progress"].replace(
        "return jnp.where(", "return (3.0 + features[0, 6]) * jnp.where("
    )
    assert scaled != codes["learning_progress"]
    first, second = (
        np.frombuffer(bytes.fromhex(fingerprint or ""), np.float32)
        for fingerprint in (
            engine.inspect(engine.trace(scaled)).fingerprint,
            seen["learning_progress"].fingerprint,
        )
    )
    assert np.allclose(first, second, atol=1e-4)
    program = engine.trace(codes["learning_progress_rule"])
    (result,) = engine.evaluate(program, effort="smoke", task="standard", seeds=[1])
    assert result.failed is None
    assert result.metrics["success"] > 0
    with pytest.raises(CandidateError, match="shape"):
        engine.trace(codes["uniform"].replace("success_fast)", "features)"))


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
    name: str, settings: Mapping[str, str], prompts: str, look: Look
) -> None:
    """Else a copy of it would be a discovery."""
    shipped = look(choose_sandbox("process"), name, **settings)
    text = (shipped.template.path / prompts / "system.jinja").read_text()
    _, _, rest = text.partition("Example of the style:\n\n")
    example, _, _ = rest.partition("\n\nKnown ")
    assert "def " in example
    known = NoveltyIndex()
    for baseline, seen in shipped.seen.items():
        if not baseline.startswith("control_"):
            known.add(baseline, seen.digest, seen.fingerprint)
    found = shipped.engine.inspect(shipped.engine.trace(example))
    assert known.find(found.digest, found.fingerprint) is not None

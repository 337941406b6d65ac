"""Shipped templates in every sandbox: what only shows with their own cores and packages."""

from __future__ import annotations

import numpy as np
import pytest

from sandboxes.contract import Sandbox
from sandboxes.engines import open_engine
from templates.errors import CandidateError
from templates.registry import load_template

pytestmark = pytest.mark.full("templates")


def test_temporal_rl_with_and_without_what_is_optional(sandbox: Sandbox) -> None:
    template = load_template("temporal_rl", {"level": "drift"})
    codes = {baseline.name: baseline.code for baseline in template.baselines}
    with open_engine(template, sandbox, workers=1) as engine:
        annealed, plain = (engine.trace(codes[name]) for name in ("ppo_annealed", "ppo"))
        assert set(annealed.modules) - set(plain.modules) == {
            "entropy_weight.value",
            "learning_rate.value",
        }
        seen = {name: engine.inspect(engine.trace(codes[name])) for name in codes}
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


def test_temporal_rl_takes_optimisers(sandbox: Sandbox) -> None:
    template = load_template("temporal_rl", {"level": "optimiser"})
    codes = {baseline.name: baseline.code for baseline in template.baselines}
    with open_engine(template, sandbox, workers=1) as engine:
        seen = {name: engine.inspect(engine.trace(code)) for name, code in codes.items()}
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


def test_omni_takes_samplers(sandbox: Sandbox) -> None:
    template = load_template("omni")
    codes = {baseline.name: baseline.code for baseline in template.baselines}
    with open_engine(template, sandbox, workers=1) as engine:
        seen = {name: engine.inspect(engine.trace(code)) for name, code in codes.items()}
        assert all(found.fingerprint for found in seen.values())
        assert len({found.fingerprint for found in seen.values()}) == len(codes)
        assert [name for name, found in seen.items() if "depends_on_order" in found.flags] == [
            "oracle"
        ]
        # Only ratios matter, also where the factor is another one at each time.
        scaled = codes["learning_progress"].replace(
            "return jnp.where(", "return (3.0 + features[0, 6]) * jnp.where("
        )
        assert scaled != codes["learning_progress"]
        close = [
            np.frombuffer(bytes.fromhex(fingerprint or ""), np.float32)
            for fingerprint in (
                engine.inspect(engine.trace(scaled)).fingerprint,
                seen["learning_progress"].fingerprint,
            )
        ]
        one, other = close
        assert np.allclose(one, other, atol=1e-4)
        program = engine.trace(codes["learning_progress_rule"])
        (result,) = engine.evaluate(program, effort="smoke", task="standard", seeds=[1])
        assert result.failed is None
        assert result.metrics["success"] > 0
        with pytest.raises(CandidateError, match="shape"):
            engine.trace(codes["uniform"].replace("success_fast)", "features)"))

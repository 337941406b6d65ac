"""Equal functions have equal fingerprints, however they are written; lies are flagged."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent.evaluation.novelty import NoveltyIndex
from sandboxes.contract import Inspection
from sandboxes.engines import Engine
from sandboxes.evaluator.fingerprint import probe
from templates.native import NativeFunction
from templates.preference_loss.core import PreferenceLossCore
from templates.registry import load_template

pytestmark = pytest.mark.gate


def inspect(engine: Engine, body: str, head: str = "") -> Inspection:
    return engine.inspect(
        engine.trace(f"{head}\ndef loss(p, t):\n    e = p - t\n    return {body}\n")
    )


@pytest.mark.parametrize(
    "body",
    [
        "3.5 * jnp.abs(e) + 2",
        "jnp.sqrt(e * e)",
        "jnp.maximum(e, 0) + jnp.maximum(-e, 0)",
        "jnp.abs(e) - jnp.mean(t)",
    ],
)
def test_rewriting_scaling_and_shifting_change_nothing(engine: Engine, body: str) -> None:
    index = NoveltyIndex()
    for name, known in (("squared", "e**2"), ("absolute", "jnp.abs(e)")):
        found = inspect(engine, known)
        assert found.fingerprint is not None
        index.add(name, found.digest, found.fingerprint)
    other = inspect(engine, body)
    assert other.fingerprint is not None
    assert index.find(other.digest, other.fingerprint) == "absolute"


@pytest.mark.parametrize("body", ["jnp.sqrt(1e-2 + e * e)", "-jnp.abs(e)", "jnp.abs(e) * e**2"])
def test_other_functions_are_told_apart(engine: Engine, body: str) -> None:
    index = NoveltyIndex()
    known = inspect(engine, "jnp.abs(e)")
    assert known.fingerprint is not None
    index.add("absolute", known.digest, known.fingerprint)
    other = inspect(engine, body)
    assert other.fingerprint is not None
    assert index.find(other.digest, other.fingerprint) is None


def test_equal_code_is_known_without_a_fingerprint() -> None:
    index = NoveltyIndex()
    index.add("first", "a" * 64, None)
    index.add("again", "a" * 64, None)
    assert index.find("a" * 64, None) == "first"
    assert index.find("b" * 64, None) is None


LYING = """
@jax.custom_vjp
def f(x):
    return x**2
f.defvjp(lambda x: (x**2, x), lambda x, g: (g * jnp.sign(x),))
"""


def test_a_lying_gradient_is_flagged_and_known_by_what_it_does(engine: Engine) -> None:
    lying = inspect(engine, "f(e)", LYING)
    assert "gradient_mismatch" in lying.flags
    assert lying.fingerprint == inspect(engine, "jnp.abs(e)").fingerprint


def test_a_lie_at_one_member_is_flagged() -> None:
    """A population's members are experiments of their own: most being honest is not enough."""
    template = load_template("preference_loss")
    signature = template.spec.functions[0]
    core = PreferenceLossCore("cpu")
    betas = np.unique(core.probes()["loss"][0][4])
    assert len(betas) > 2

    def flags(lie: bool) -> tuple[str, ...]:
        @jax.custom_vjp
        def softened(margin: jax.Array, beta: jax.Array) -> jax.Array:
            return jax.nn.softplus(-beta * margin)

        def forward(margin: jax.Array, beta: jax.Array) -> tuple[jax.Array, tuple[jax.Array, ...]]:
            return softened(margin, beta), (margin, beta)

        def backward(kept: tuple[jax.Array, ...], given: jax.Array) -> tuple[jax.Array, ...]:
            margin, beta = kept
            true = -beta * jax.nn.sigmoid(-beta * margin)
            told = jnp.where(jnp.abs(beta - betas[1]) < 1e-6, 2.0 * jnp.tanh(margin), true)
            return given * (told if lie else true), jnp.zeros_like(beta)

        softened.defvjp(forward, backward)

        def loss(
            pc: jax.Array, pr: jax.Array, rc: jax.Array, rr: jax.Array, beta: jax.Array
        ) -> jax.Array:
            return softened((pc - pr) - (rc - rr), beta)

        bound = NativeFunction(loss, signature, core.population)
        bound.signature = signature  # type: ignore[attr-defined]
        return probe({"loss": bound}, core.probes()).flags  # type: ignore[dict-item]

    assert "gradient_mismatch" not in flags(lie=False)
    assert "gradient_mismatch" in flags(lie=True)


@pytest.mark.parametrize(
    "body",
    ["jnp.abs(e)", "jnp.where(e > 0, e + 0.3, -e)", "jnp.exp(-jnp.abs(e) / 0.05)", "jnp.sort(e)"],
)
def test_honest_gradients_are_not_flagged(engine: Engine, body: str) -> None:
    assert "gradient_mismatch" not in inspect(engine, body).flags


def test_a_stopped_gradient_is_flagged(engine: Engine) -> None:
    assert "gradient_mismatch" in inspect(engine, "e * jax.lax.stop_gradient(e)").flags


def test_no_gradient_has_no_fingerprint(engine: Engine) -> None:
    nothing = inspect(engine, "jnp.ones_like(e)")
    assert nothing.fingerprint is None
    assert "zero_gradient" in nothing.flags


def test_closed_forms_come_from_the_program(engine: Engine) -> None:
    assert inspect(engine, "e**2").closed_form == "e^{2}"
    assert inspect(engine, "jnp.sort(e)").closed_form is None

"""Closed forms are exact for the known losses, and nothing is claimed about the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from jax import Array, export

from sandboxes.evaluator.closed_form import (
    Abbreviation,
    ArgumentSymbol,
    ClosedForm,
    agrees,
    closed_form,
)
from sandboxes.evaluator.jax_private import ir, make_ir_context, stablehlo

pytestmark = pytest.mark.gate

Loss = Callable[..., Array]
POPULATION, BATCH = 2, 16
SHAPES = [jax.ShapeDtypeStruct((POPULATION, BATCH), jnp.float32)] * 4 + [
    jax.ShapeDtypeStruct((POPULATION,), jnp.float32)
]
ARGUMENTS = [
    ArgumentSymbol("policy_chosen_logps", r"\ell_w"),
    ArgumentSymbol("policy_rejected_logps", r"\ell_l"),
    ArgumentSymbol("reference_chosen_logps", r"r_w"),
    ArgumentSymbol("reference_rejected_logps", r"r_l"),
    ArgumentSymbol("beta", r"\beta"),
]
ABBREVIATIONS = [
    Abbreviation(
        r"\rho",
        "(policy_chosen_logps - policy_rejected_logps)"
        " - (reference_chosen_logps - reference_rejected_logps)",
    ),
    Abbreviation(r"\rho_w", "policy_chosen_logps - reference_chosen_logps"),
    Abbreviation(r"\rho_l", "policy_rejected_logps - reference_rejected_logps"),
]


def module_of(
    loss: Loss, shapes: Sequence[jax.ShapeDtypeStruct] = SHAPES, vmap: bool = True
) -> ir.Module:
    mapped = jax.vmap(loss) if vmap else loss
    exported = export.export(jax.jit(mapped, keep_unused=True), platforms=("cpu",))(*shapes)
    with make_ir_context() as context:
        return stablehlo.deserialize_portable_artifact(context, exported.mlir_module_serialized)


def form_of(loss: Loss) -> ClosedForm | None:
    return closed_form(module_of(loss), ARGUMENTS, ABBREVIATIONS)


def probes(seed: int = 0, scale: float = 2.0) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    logps = [random.normal(-20, scale, (POPULATION, BATCH)).astype(np.float32) for _ in range(4)]
    return [*logps, np.array([0.05, 1.0], np.float32)]


def check(form: ClosedForm | None, loss: Loss) -> bool:
    assert form is not None
    inputs = [probes(seed) for seed in range(3)]
    return agrees(form, inputs, [jax.vmap(loss)(*arrays) for arrays in inputs])


def rho(pc: Array, pr: Array, rc: Array, rr: Array) -> Array:
    return (pc - pr) - (rc - rr)


def dpo(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    return -jax.nn.log_sigmoid(beta * rho(pc, pr, rc, rr))


def dpo_by_rewards(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    return jax.nn.softplus(beta * (pr - rr) - beta * (pc - rc))


def dpo_by_log_of_sigmoid(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    return -jnp.log(jax.nn.sigmoid(beta * (pc - rc - pr + rr)))


def dpo_by_hand(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    x = beta * rho(pc, pr, rc, rr)
    return jnp.maximum(-x, 0) + jnp.log1p(jnp.exp(-jnp.abs(x)))


def dpo_by_logaddexp(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    return jnp.logaddexp(0.0, -beta * rho(pc, pr, rc, rr))


def dpo_guarded(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    x = jnp.nan_to_num(beta * rho(pc, pr, rc, rr))
    return jnp.where(jnp.isfinite(x), jnp.log(1 + jnp.exp(-x)), 0.0)


def hinge(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    return jax.nn.relu(1 - beta * rho(pc, pr, rc, rr))


def ipo(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    return (rho(pc, pr, rc, rr) - 1 / (2 * beta)) ** 2


def cell(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    x = beta * rho(pc, pr, rc, rr)
    return 0.5 * jax.nn.softplus(-x) + 0.5 * jnp.exp(-x)


def lrml(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    x = beta * rho(pc, pr, rc, rr)
    ratio = jax.nn.sigmoid(x / 0.05)
    return -jax.nn.log_sigmoid(x) * (1 - ratio) + jnp.exp(-x) * ratio


def padll(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    x = rho(pc, pr, rc, rr)
    return 0.9 * jnp.where(x < 0, 0.5, 1.0) * jax.nn.softplus(-beta * x)


def pfl(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    x = beta * rho(pc, pr, rc, rr)
    return jnp.where(pc > pr, 0.5 * jax.nn.softplus(-x / 0.05), 2 * jax.nn.relu(1 - x))


DPO_LATEX = r"- \log \sigma\left(\beta \rho\right)"
KNOWN = {
    dpo: DPO_LATEX,
    dpo_by_rewards: DPO_LATEX,
    dpo_by_log_of_sigmoid: DPO_LATEX,
    dpo_by_hand: DPO_LATEX,
    dpo_by_logaddexp: DPO_LATEX,
    dpo_guarded: DPO_LATEX,
    hinge: r"\max\left(0, 1 - \beta \rho\right)",
    ipo: r"\left(\rho - \frac{1}{2 \beta}\right)^{2}",
    cell: r"\frac{e^{- \beta \rho}}{2} - \frac{\log \sigma\left(\beta \rho\right)}{2}",
    lrml: (
        r"\sigma\left(20 \beta \rho\right) e^{- \beta \rho}"
        r" - \left(1 - \sigma\left(20 \beta \rho\right)\right) \log \sigma\left(\beta \rho\right)"
    ),
    padll: (
        r"- \left(0.9 - 0.45 \mathbf{1}\left[\rho < 0\right]\right)"
        r" \log \sigma\left(\beta \rho\right)"
    ),
    pfl: (
        r"\begin{cases} - \frac{\log \sigma\left(20 \beta \rho\right)}{2}"
        r" & \text{if } \ell_l < \ell_w \\"
        r" 2 \max\left(0, 1 - \beta \rho\right) & \text{otherwise} \end{cases}"
    ),
}


@pytest.mark.parametrize("loss", KNOWN, ids=lambda loss: loss.__name__)
def test_known_losses_have_the_form_that_the_literature_writes(loss: Loss) -> None:
    form = form_of(loss)
    assert check(form, loss)
    assert form is not None
    assert form.latex == KNOWN[loss]


@pytest.mark.parametrize("loss", KNOWN, ids=lambda loss: loss.__name__)
def test_the_text_means_the_same_to_sympy_itself(loss: Loss) -> None:
    form = form_of(loss)
    symbols = {argument.name: sp.Symbol(argument.name) for argument in ARGUMENTS}
    assert form is not None
    parsed = sp.sympify(form.sympy, locals=symbols)
    function = sp.lambdify(list(symbols.values()), parsed, "math")
    arrays = probes()
    value = np.asarray(jax.vmap(loss)(*arrays))
    for member, column in [(0, 0), (1, 3), (0, 7)]:
        point = [float(a[member, column] if a.ndim == 2 else a[member]) for a in arrays]
        assert function(*point) == pytest.approx(value[member, column], rel=1e-4, abs=1e-5)


def test_two_combinations_are_named_where_one_does_not_suffice() -> None:
    def loss(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
        return 1 - jax.nn.sigmoid(beta * (pc - rc)) + jnp.tanh(beta * (pr - rr)) ** 2

    form = form_of(loss)
    assert check(form, loss)
    assert form is not None
    assert set(form.latex.split()) >= {r"\rho_w\right)", r"\rho_l\right)"}
    assert not any(name in form.latex for name in (r"\ell", "r_w", "r_l"))


def test_an_argument_beside_the_combination_keeps_its_own_symbol() -> None:
    def loss(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
        return jax.nn.softplus(-beta * rho(pc, pr, rc, rr)) - 0.1 * pc

    form = form_of(loss)
    assert check(form, loss)
    assert form is not None
    assert form.latex == r"- 0.1 \ell_w " + DPO_LATEX


def test_integer_powers_and_nested_calls() -> None:
    @jax.jit
    def inner(x: Array) -> Array:
        return x**3

    @jax.jit
    def outer(x: Array) -> Array:
        cubed: Array = inner(inner(x)) + inner(1 - x)
        return cubed

    def loss(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
        value: Array = outer(beta * rho(pc, pr, rc, rr) / 4)
        return value

    form = form_of(loss)
    assert check(form, loss)
    assert form is not None
    assert r"\rho^{9}" in form.latex
    assert r"\left(1 - \frac{\beta \rho}{4}\right)^{3}" in form.latex


def kto_pair(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    drift = jnp.maximum(jnp.mean(pr - rr), 0)
    return 1 - jax.nn.sigmoid(beta * ((pc - rc) - drift))


def aql(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    x = beta * rho(pc, pr, rc, rr)
    q = jax.nn.sigmoid(0.05 * (0.5 + 0.01 * (jax.nn.sigmoid(x.mean() / 0.05) - 0.5)) - x)
    return q * jax.nn.softplus(-x) + (1 - q) * jax.nn.relu(1 - x)


def sorted_batch(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    return dpo(pc, pr, rc, rr, beta) * jnp.sort(pc)


def neighbors(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    return dpo(pc, jnp.roll(pr, 1), rc, rr, beta)


def reversed_batch(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    return dpo(pc, pr[::-1], rc, rr, beta)


def weights_by_position(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    return dpo(pc, pr, rc, rr, beta) * jnp.arange(BATCH)


def constant_by_position(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    return dpo(pc, pr, rc, rr, beta) * jnp.asarray(np.linspace(1, 2, BATCH, dtype=np.float32))


def pairwise(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    return jax.nn.softplus(pc[:, None] - pr[None, :]).sum(1)


@pytest.mark.parametrize(
    "loss",
    [
        kto_pair,
        aql,
        sorted_batch,
        neighbors,
        reversed_batch,
        weights_by_position,
        constant_by_position,
        pairwise,
    ],
    ids=lambda loss: loss.__name__,
)
def test_what_mixes_elements_has_no_closed_form(loss: Loss) -> None:
    assert form_of(loss) is None


def test_swapped_axes_of_equal_size_are_not_elementwise() -> None:
    shapes = [jax.ShapeDtypeStruct((3, 3), jnp.float32)] * 2
    symbols = ARGUMENTS[:2]
    assert closed_form(module_of(lambda a, b: a + b, shapes, vmap=False), symbols) is not None
    assert closed_form(module_of(lambda a, b: a + b.T, shapes, vmap=False), symbols) is None
    assert closed_form(module_of(lambda a, b: (a + b).T, shapes, vmap=False), symbols) is None
    spread = [jax.ShapeDtypeStruct((3, 3), jnp.float32), jax.ShapeDtypeStruct((3,), jnp.float32)]
    # Broadcasting b along the last axis pairs it with the batch, not with the population.
    assert closed_form(module_of(lambda a, b: a + b, spread, vmap=False), symbols) is None


def test_names_in_the_module_are_not_believed() -> None:
    @jax.jit
    def softplus(x: Array) -> Array:
        return x * x

    @jax.jit
    def log_sigmoid(x: Array) -> Array:
        return jnp.exp(x)

    def dpo_loss(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
        with jax.named_scope("dpo"):
            value: Array = softplus(log_sigmoid(beta * rho(pc, pr, rc, rr)))
            return value

    form = form_of(dpo_loss)
    assert check(form, dpo_loss)
    assert form is not None
    assert form.latex == r"e^{2 \beta \rho}"


def test_composite_names_are_not_believed() -> None:
    text = """
    func.func public @main(%x: tensor<2x16xf32>) -> tensor<2x16xf32> {
      %0 = stablehlo.composite "chlo.erf" %x {decomposition = @body} :
           (tensor<2x16xf32>) -> tensor<2x16xf32>
      return %0 : tensor<2x16xf32>
    }
    func.func private @body(%x: tensor<2x16xf32>) -> tensor<2x16xf32> {
      %0 = stablehlo.negate %x : tensor<2x16xf32>
      return %0 : tensor<2x16xf32>
    }
    """
    with make_ir_context():
        form = closed_form(ir.Module.parse(text), ARGUMENTS[:1])
    assert form is not None
    assert form.latex == r"- \ell_w"


def test_recursion_ends() -> None:
    text = """
    func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
      %0 = call @main(%x) : (tensor<2xf32>) -> tensor<2xf32>
      return %0 : tensor<2xf32>
    }
    """
    with make_ir_context():
        assert closed_form(ir.Module.parse(text), ARGUMENTS[:1]) is None


def doubling(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    x = pc
    for _ in range(60):
        x = jnp.tanh(x) * jax.nn.sigmoid(x)
    return x


def tower(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    x = 1.1 * pc
    for _ in range(60):
        x = x * x
    return x


def deep(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    x = pc
    for _ in range(300):
        x = jnp.tanh(x)
    return x


def huge_exponent(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    return jnp.exp(1e30 * jnp.log(2.0 * jnp.abs(pc) + beta)) + jnp.power(pc, 1e9)


def huge_constant_exponent(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
    scale = jnp.exp(1e6 * jnp.log(beta * 0 + 2.0))
    return dpo(pc, pr, rc, rr, beta) * jnp.exp(jnp.log(scale) * 1e6)


@pytest.mark.parametrize(
    "loss",
    [doubling, tower, deep, huge_exponent, huge_constant_exponent],
    ids=lambda loss: loss.__name__,
)
def test_expressions_that_explode_are_given_up_quickly(loss: Loss) -> None:
    module = module_of(loss)
    began = time.monotonic()
    assert closed_form(module, ARGUMENTS, ABBREVIATIONS) is None
    assert time.monotonic() - began < 5


def test_the_time_limit_is_kept() -> None:
    assert closed_form(module_of(lrml), ARGUMENTS, ABBREVIATIONS, time_limit_s=0.0) is None


def test_a_form_of_another_function_does_not_agree() -> None:
    form = form_of(dpo)
    assert not check(form, hinge)

    def nearly(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
        return dpo(pc, pr, rc, rr, beta) * 1.001

    assert not check(form, nearly)


def test_a_program_that_is_not_finite_does_not_agree_with_a_finite_form() -> None:
    def overflows(pc: Array, pr: Array, rc: Array, rr: Array, beta: Array) -> Array:
        x = 40 * rho(pc, pr, rc, rr)
        return jnp.exp(x) / (1 + jnp.exp(x))

    form = form_of(overflows)
    assert form is not None
    inputs = [probes(scale=20.0)]
    outputs = [np.asarray(jax.vmap(overflows)(*map(jnp.asarray, inputs[0])))]
    assert not np.isfinite(outputs[0]).all()
    assert not agrees(form, inputs, outputs)


def test_nothing_finite_is_no_agreement() -> None:
    form = form_of(dpo)
    assert form is not None
    with np.errstate(all="ignore"):
        assert not agrees(form, [probes()], [np.full((POPULATION, BATCH), np.nan, np.float32)])


@pytest.mark.parametrize("text", ["policy_chosen_logps * beta", "beta ** 2", "other - beta", "0"])
def test_an_abbreviation_must_be_linear_in_the_arguments(text: str) -> None:
    with pytest.raises(ValueError, match="linear combination"):
        closed_form(module_of(dpo), ARGUMENTS, [Abbreviation(r"\rho", text)])

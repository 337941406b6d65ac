"""Programs that nobody's JAX wrote: the verifier must refuse each, and say so as the candidate's.

Each is MLIR text that becomes a portable artifact, as a candidate could write it by itself; see
``forging.py`` and the attacks ``program_with_*`` for the way through the sandboxes.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import jax
import jax.numpy as jnp
import pytest
from jax import export

from sandboxes.evaluator.jax_private import ir, make_ir_context, stablehlo
from sandboxes.evaluator.verify import VerifiedModule, verify
from templates.errors import CandidateError

pytestmark = pytest.mark.gate

T = "tensor<2x4xf32>"
S = "tensor<f32>"
SUM = f"({{ ^bb0(%x: {S}, %y: {S}): %s = stablehlo.add %x, %y : {S} stablehlo.return %s : {S} }})"
GROUPS = "replica_groups = dense<0> : tensor<1x1xi64>"
TOKEN = "%t = stablehlo.create_token : !stablehlo.token"
CHANNEL = "channel_handle = #stablehlo.channel_handle<handle = 0, type = {kind}>"


def text(
    body: str,
    before: str = "",
    *,
    argument: str = "",
    result: str = "",
    module: str = "",
    function: str = "",
) -> str:
    """A module around the body of its main function, which leaves its result in ``%r``."""
    main = (
        f"func.func public @main(%a: {T} {argument}) -> ({T} {result}) {function} "
        f"{{ {body} return %r : {T} }}"
    )
    return f"module {module} {{ {before} {main} }}"


def parsed(module: str, *, valid: bool = True) -> bytes:
    """The portable artifact of a module; without ``valid`` MLIR itself need not accept it."""
    with make_ir_context() as context, ir.Location.unknown(context):
        context.allow_unregistered_dialects = True
        made = ir.Module.parse(module)
        if valid:
            assert made.operation.verify()
        version = stablehlo.get_current_version()
        return stablehlo.serialize_portable_artifact(made, version)


def check(data: bytes) -> VerifiedModule:
    return verify(data, [T], [T])


def refused(data: bytes) -> str:
    with pytest.raises(CandidateError) as caught:
        check(data)
    assert caught.value.kind == "program"
    return caught.value.message


SAME = f"%r = stablehlo.add %a, %a : {T}"
ASKED = f'%s = "stablehlo.get_dimension_size"(%a) <{{dimension = 0 : i64}}> : ({T}) -> tensor<i32>'


def call(target: str, attributes: str = "") -> str:
    return (
        f'%r = "stablehlo.custom_call"(%a) <{{call_target_name = "{target}"{attributes}}}> '
        f": ({T}) -> {T}"
    )


ACCEPTED = {
    "plain": text(SAME),
    "an error function": text(call("mhlo.erf")),
    "a result's name": text(SAME, result='{jax.result_info = "result"}'),
    "a scan": text(
        f'%r = stablehlo.composite "chlo.scan" %a {{decomposition = @f}} : ({T}) -> {T}',
        f"func.func private @f(%a: {T}) -> {T} {{ {ASKED} return %a : {T} }}",
    ),
    "a call": text(
        f"%r = func.call @f(%a) : ({T}) -> {T}",
        f"func.func private @f(%a: {T}) -> {T} {{ {SAME} return %r : {T} }}",
    ),
    # It ends at the deadline, if it ends at all.
    "a loop of two billion turns": text(
        f"""
        %n = stablehlo.constant dense<2000000000> : tensor<i32>
        %z = stablehlo.constant dense<0> : tensor<i32>
        %o = stablehlo.constant dense<1> : tensor<i32>
        %l:2 = stablehlo.while(%i = %z, %x = %a) : tensor<i32>, {T}
        cond {{
          %c = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
          stablehlo.return %c : tensor<i1>
        }} do {{
          %j = stablehlo.add %i, %o : tensor<i32>
          %y = stablehlo.sine %x : {T}
          stablehlo.return %j, %y : tensor<i32>, {T}
        }}
        %r = stablehlo.add %l#1, %a : {T}
        """
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_candidates_write_is_accepted(name: str) -> None:
    assert check(parsed(ACCEPTED[name])).operations > 0


HONEST: dict[str, Callable[[jax.Array], jax.Array]] = {
    "special functions": lambda x: jax.lax.erf(x) + jax.lax.lgamma(x) + jax.scipy.special.ndtri(x),
    "sorting": lambda x: jnp.sort(x) + jnp.argsort(x) + jax.lax.top_k(x, 4)[0],
    "sums": lambda x: jnp.cumsum(x, 1) + jax.nn.softmax(x) + jax.nn.logsumexp(x, 1)[:, None],
    "control flow": lambda x: jax.lax.fori_loop(
        0, 3, lambda i, y: jnp.where(y > i, y, jax.lax.cond(y.sum() > 0, jnp.sin, jnp.cos, y)), x
    ),
    "a scan": lambda x: jax.lax.scan(lambda c, y: (c + y, c * y), x[0], x)[1],
    "products": lambda x: x @ jnp.outer(x[0], x[1]) + jnp.linalg.norm(x),
    "scattering": lambda x: x.at[0, jnp.argmax(x[1])].add(1.0)[:, ::-1],
    "random numbers": lambda x: x + jax.random.normal(jax.random.key(0), x.shape),
    "saving memory": jax.checkpoint(lambda x: jnp.tanh(x) * jax.nn.gelu(x)),
    "own derivatives": jax.jit(jax.nn.relu),
    "a convolution": lambda x: jax.vmap(lambda y: jnp.convolve(y, y, mode="same"))(x),
}


@pytest.mark.parametrize("platform", ["cpu", "cuda"])
@pytest.mark.parametrize("name", HONEST)
def test_what_jax_writes_is_accepted(name: str, platform: str) -> None:
    """Values and derivatives, as the tracer lowers them."""
    function = HONEST[name]
    shape = jax.ShapeDtypeStruct((2, 4), "float32")

    def gradient(x: jax.Array, cotangent: jax.Array) -> jax.Array:
        derivative: jax.Array = jax.vjp(function, x)[1](cotangent)[0]
        return derivative

    value = export.export(jax.jit(function), platforms=[platform])(shape)
    assert check(value.mlir_module_serialized).operations > 0
    if name != "special functions":
        slope = export.export(jax.jit(gradient, keep_unused=True), platforms=[platform])(
            shape, shape
        )
        assert verify(slope.mlir_module_serialized, [T, T], [T]).operations > 0


TARGETS = (
    *("xla_python_cpu_callback", "xla_ffi_python_cpu_callback", "xla_python_gpu_callback"),
    *("xla_ffi_python_gpu_callback", "xla_ffi_partitioned_python_cpu_callback"),
    *("xla_buffer_python_cpu_callback", "xla_buffer_python_gpu_callback"),
    *("lapack_sgetrf_ffi", "lapack_sgesdd_ffi", "cusolver_getrf_ffi", "cublas_getrf_batched"),
    *("cu_threefry2x32_ffi", "hip_threefry2x32_ffi", "__cublas$gemm", "__cudnn$convForward"),
    *("__gpu$xla.gpu.triton", "triton_kernel_call", "mosaic_gpu", "tpu_custom_call"),
    *("Sharding", "SPMDFullToShardShape", "SPMDShardToFullShape", "annotate_device_placement"),
    *("MoveToHost", "MoveToDevice", "HostExecute", "AllocateBuffer", "SliceToDynamic"),
    *("LayoutConstraint", "ConsumeToken", "__onednn$matmul", "TopK", "Eigh", "Qr", "my_library"),
    *("mhlo.erf ", "MHLO.ERF", "mhlo.erf.x", "", "/lib/libc.so.6"),
)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("version", [1, 2, 3])
def test_calls_to_the_outside_are_refused(target: str, version: int) -> None:
    assert "outside" in refused(parsed(text(call(target, f", api_version = {version} : i32"))))


REFUSED = {
    "an allowed call that writes to its argument": text(
        call(
            "mhlo.erf",
            ", output_operand_aliases = [#stablehlo.output_operand_alias<output_tuple_indices = "
            "[], operand_index = 0, operand_tuple_indices = []>]",
        )
    ),
    "an allowed call with effects": text(call("mhlo.erf", ", has_side_effect = true")),
    "an allowed call with functions": text(call("mhlo.erf", ", called_computations = [@main]")),
    "an allowed call with a configuration": text(call("mhlo.erf", ', backend_config = "x"')),
    "infeed": text(
        f'{TOKEN} %r, %u = "stablehlo.infeed"(%t) : (!stablehlo.token) -> ({T}, !stablehlo.token)'
    ),
    "outfeed": text(
        f'{TOKEN} %u = "stablehlo.outfeed"(%a, %t) : ({T}, !stablehlo.token) -> '
        f"!stablehlo.token {SAME}"
    ),
    "send": text(
        f'{TOKEN} %u = "stablehlo.send"(%a, %t) <{{{CHANNEL.format(kind=2)}, is_host_transfer = '
        f"true}}> : ({T}, !stablehlo.token) -> !stablehlo.token {SAME}"
    ),
    "recv": text(
        f'{TOKEN} %r, %u = "stablehlo.recv"(%t) <{{{CHANNEL.format(kind=3)}, is_host_transfer = '
        f"true}}> : (!stablehlo.token) -> ({T}, !stablehlo.token)"
    ),
    "create_token": text(f"{TOKEN} {SAME}"),
    "after_all": text(f"%t = stablehlo.after_all : !stablehlo.token {SAME}"),
    "all_reduce": text(f'%r = "stablehlo.all_reduce"(%a) <{{{GROUPS}}}> {SUM} : ({T}) -> {T}'),
    "all_gather": text(
        f'%r = "stablehlo.all_gather"(%a) <{{all_gather_dim = 0 : i64, {GROUPS}}}> : ({T}) -> {T}'
    ),
    "all_to_all": text(
        f'%r = "stablehlo.all_to_all"(%a) <{{split_dimension = 0 : i64, concat_dimension = 0 : i64,'
        f" split_count = 1 : i64, {GROUPS}}}> : ({T}) -> {T}"
    ),
    "reduce_scatter": text(
        f'%r = "stablehlo.reduce_scatter"(%a) <{{scatter_dimension = 0 : i64, {GROUPS}}}> {SUM} '
        f": ({T}) -> {T}"
    ),
    "collective_permute": text(
        f'%r = "stablehlo.collective_permute"(%a) <{{source_target_pairs = dense<0> : '
        f"tensor<1x2xi64>}}> : ({T}) -> {T}"
    ),
    "collective_broadcast": text(
        f'%r = "stablehlo.collective_broadcast"(%a) <{{{GROUPS}}}> : ({T}) -> {T}'
    ),
    "cross_replica_sum": text(
        f'%r = "stablehlo.cross-replica-sum"(%a) <{{{GROUPS}}}> : ({T}) -> {T}'
    ),
    "partition_id": text(f"%p = stablehlo.partition_id : tensor<ui32> {SAME}"),
    "replica_id": text(f"%p = stablehlo.replica_id : tensor<ui32> {SAME}"),
    "rng": text(
        "%l = stablehlo.constant dense<0.0> : tensor<f32> "
        "%h = stablehlo.constant dense<1.0> : tensor<f32> "
        "%s = stablehlo.constant dense<[2, 4]> : tensor<2xi64> "
        f"%r = stablehlo.rng %l, %h, %s, distribution = UNIFORM : ({S}, {S}, tensor<2xi64>) -> {T}"
    ),
    "a composite of a stranger": text(
        f'%r = stablehlo.composite "my.kernel" %a {{decomposition = @f}} : ({T}) -> {T}',
        f"func.func private @f(%a: {T}) -> {T} {{ {SAME} return %r : {T} }}",
    ),
    "a composite of itself": text(
        f'%r = stablehlo.composite "chlo.erf" %a {{decomposition = @main}} : ({T}) -> {T}'
    ),
    "a function that calls itself": text(f"%r = func.call @main(%a) : ({T}) -> {T}"),
    "functions that call each other": text(
        f"%r = func.call @f(%a) : ({T}) -> {T}",
        f"func.func private @f(%a: {T}) -> {T} {{ %r = func.call @g(%a) : ({T}) -> {T} return %r "
        f": {T} }} func.func private @g(%a: {T}) -> {T} {{ %r = func.call @f(%a) : ({T}) -> {T} "
        f"return %r : {T} }}",
    ),
    "an unused function that calls itself": text(
        SAME,
        f"func.func private @f(%a: {T}) -> {T} {{ %r = func.call @f(%a) : ({T}) -> {T} "
        f"return %r : {T} }}",
    ),
    "a function of another library": text(
        f"%r = func.call @f(%a) : ({T}) -> {T}", f"func.func private @f({T}) -> {T}"
    ),
    "an argument that is the result": text(SAME, argument="{tf.aliasing_output = 0 : i32}"),
    "an argument to reuse": text(SAME, argument="{jax.buffer_donor = true}"),
    "a sharded argument": text(SAME, argument='{mhlo.sharding = "{replicated}"}'),
    "an argument elsewhere": text(SAME, argument='{mhlo.memory_kind = "pinned_host"}'),
    "a result elsewhere": text(SAME, result='{mhlo.memory_kind = "pinned_host"}'),
    "a sharded result": text(SAME, result='{mhlo.sharding = "{replicated}"}'),
    "an inner argument to reuse": text(
        f"%r = func.call @f(%a) : ({T}) -> {T}",
        f"func.func private @f(%a: {T} {{jax.buffer_donor = true}}) -> {T} {{ {SAME} "
        f"return %r : {T} }}",
    ),
    "a sharded operation": text(
        f'%r = stablehlo.add %a, %a {{mhlo.sharding = "{{replicated}}"}} : {T}'
    ),
    "an operation on the host": text(
        '%r = stablehlo.add %a, %a {mhlo.frontend_attributes = {_xla_compute_type = "host"}} '
        f": {T}"
    ),
    "a function with advice": text(
        SAME, function='attributes {mhlo.frontend_attributes = {x = "y"}}'
    ),
    "aliasing for the whole module": text(
        SAME, module='attributes {mhlo.input_output_alias = "{}: (0, {}, may-alias)"}'
    ),
    "many replicas": text(SAME, module="attributes {mhlo.num_replicas = 8 : i32}"),
    "many partitions": text(SAME, module="attributes {mhlo.num_partitions = 8 : i32}"),
    "a module in the module": text(
        SAME, f"module @inner {{ func.func @f(%a: {T}) -> {T} {{ {SAME} return %r : {T} }} }}"
    ),
    "a gigantic array": text(f"%i = stablehlo.iota dim = 0 : tensor<1000000000xf32> {SAME}"),
    "a gigantic constant of one value": text(
        f"%i = stablehlo.constant dense<1.0> : tensor<100000x100000xf32> {SAME}"
    ),
    "a large constant": text(
        f'%i = stablehlo.constant dense<"0x{"0123456789ABCDEF" * 2**18}"> : tensor<524288xf32> '
        f"{SAME}"
    ),
    "a gigantic shape of nothing": text(
        f"%i = stablehlo.iota dim = 0 : tensor<9223372036854775807x0xf32> {SAME}"
    ),
    "many large arrays": text(
        " ".join(f"%i{n} = stablehlo.iota dim = 0 : tensor<16000000xf32>" for n in range(20)) + SAME
    ),
    "a dynamic shape": text(
        "%s = stablehlo.constant dense<[2, 4]> : tensor<2xi32> "
        "%d = stablehlo.dynamic_reshape %a, %s : "
        f"({T}, tensor<2xi32>) -> tensor<?x4xf32> {SAME}"
    ),
    "a bounded shape": text(
        "%s = stablehlo.constant dense<1> : tensor<i32> "
        '%d = "stablehlo.set_dimension_size"(%a, %s) <{dimension = 0 : i64}> : '
        f"({T}, tensor<i32>) -> tensor<?x4xf32, #stablehlo.bounds<2, ?>> {SAME}"
    ),
    "a shape that is asked for": text(f"{ASKED} {SAME}"),
    "a shape that a stranger's composite asks for": text(
        f'%r = stablehlo.composite "chlo.erf" %a {{decomposition = @f}} : ({T}) -> {T}',
        f"func.func private @f(%a: {T}) -> {T} {{ {ASKED} return %a : {T} }}",
    ),
    "a dynamic shape in an unused function": text(
        SAME, "func.func private @f(%x: tensor<?xf32>) -> () { return }"
    ),
    "a token for an unused function": text(
        SAME, "func.func private @f(%x: !stablehlo.token) -> () { return }"
    ),
    "another type": (
        "module { func.func public @main(%a: tensor<2x5xf32>) -> tensor<2x5xf32> "
        "{ return %a : tensor<2x5xf32> } }"
    ),
    "no main function": (
        f"module {{ func.func public @other(%a: {T}) -> {T} {{ return %a : {T} }} }}"
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_candidate_needs_is_refused(name: str) -> None:
    assert refused(parsed(REFUSED[name]))


FOREIGN = {
    "arith": text(f"%c = arith.constant 1 : i32 {SAME}"),
    "tensor": text(f"%e = tensor.empty() : {T} %r = stablehlo.add %a, %e : {T}"),
    "memref": text(f"%m = memref.alloc() : memref<4xf32> {SAME}"),
    "llvm": text(SAME, "llvm.func @system(!llvm.ptr) -> i32"),
    "unknown": text(f'%r = "nobody.knows"(%a) : ({T}) -> {T}'),
    "sdy": text(SAME, 'sdy.mesh @mesh = <["x"=2]>'),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_dialects_do_not_get_in(name: str) -> None:
    """No portable artifact can hold most of them; MLIR's own bytecode can."""
    with make_ir_context() as context, ir.Location.unknown(context):
        context.allow_unregistered_dialects = True
        made = ir.Module.parse(FOREIGN[name])
        try:
            version = stablehlo.get_current_version()
            portable = stablehlo.serialize_portable_artifact(made, version)
        except (ir.MLIRError, ValueError):
            portable = None
        raw = io.BytesIO()
        made.operation.write_bytecode(raw)
    refused(raw.getvalue())
    if portable is not None:
        refused(portable)


@pytest.mark.parametrize(
    "data",
    [b"", b"ML\xefR", b"\0" * 100, b"ML\xefR" + b"\xff" * 1000, text(SAME).encode()],
    ids=["empty", "magic", "zeros", "noise", "assembly"],
)
def test_bytes_that_are_no_program_are_refused(data: bytes) -> None:
    refused(data)


def test_a_program_that_was_cut_short_is_refused() -> None:
    data = parsed(ACCEPTED["a call"])
    for end in range(0, len(data) - 1, 7):
        refused(data[:end])

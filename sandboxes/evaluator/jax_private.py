"""What the evaluator uses of JAX beyond its stable interface, all of it in this one file.

Of each name: what it is, why the stable interface has nothing for it, and which versions of JAX
spell it so. `tests/sandboxes/test_jax_private.py` tries them on the JAX that is installed, and
`tests/test_architecture.py` refuses such names anywhere else.

``jax.extend.mlir.ir``, ``jax.extend.mlir.dialects.stablehlo`` (0.10 to 0.12)
    JAX's bindings of MLIR. A program is checked operation by operation, and JAX has nothing else
    that reads operations. ``jax.extend`` may change with any version.

``jax.interpreters.mlir.make_ir_context`` (0.10 to 0.12)
    A context that knows the dialects that JAX writes; one without them reads no module. It is
    meant for those who extend JAX and promised to nobody.

``jax.export.Exported._get_vjp`` (0.10 to 0.12)
    A field without which no `Exported` can be made, and none can be made but through its fields:
    ``export.deserialize`` would believe what the tracer says of trees, shapes and effects.

``clear_cache`` of a jitted function (0.10 to 0.12)
    It empties one function's cache and, beside it, the cache that every call enters.
    ``jax.clear_caches`` empties that as well but makes the warm core compile again.

``jax._src.interpreters.partial_eval._cached_abstract_eval`` (0.10 to 0.12)
    Remembers what an operation returns by the operation's parameters, here a whole program.
    Nothing but ``jax.clear_caches`` empties it from outside.

``jax._src.export._export._call_exported_abstract_eval`` (0.10 to 0.12)
    Remembers the same for calls of an `Exported`. In 0.10 and 0.11 it is a function in Python with
    a cache, in 0.12 an object of C++; both have ``cache_clear``.
"""

from __future__ import annotations

import dataclasses
import gc

import jax
from jax import export
from jax._src.export import _export
from jax._src.interpreters import partial_eval
from jax.extend.mlir import ir
from jax.extend.mlir.dialects import stablehlo
from jax.interpreters.mlir import make_ir_context

__all__ = [
    "forget_unused",
    "ir",
    "make_ir_context",
    "stablehlo",
    "with_module",
]


def with_module(exported: export.Exported, data: bytes) -> export.Exported:
    """The same description of a function around another module, without a derivative.

    Args:
        exported: Describes arguments, results and platform.
        data: A portable StableHLO artifact of that type.
    """
    return dataclasses.replace(exported, mlir_module_serialized=data, _get_vjp=None)


def forget_unused() -> None:
    """Let JAX drop what it keeps of programs that nobody holds any more.

    Without it each program costs a worker some 3 MB for as long as it lives. What is still held,
    as a core's own functions, stays compiled.
    """
    jax.jit(lambda: None).clear_cache()  # type: ignore[attr-defined]
    partial_eval._cached_abstract_eval.cache_clear()  # noqa: SLF001
    _export._call_exported_abstract_eval.cache_clear()  # noqa: SLF001
    gc.collect()

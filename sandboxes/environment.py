"""The only variables that a sandboxed process has."""

from __future__ import annotations

from sandboxes.contract import Role

__all__ = ["environment"]


def environment(role: Role) -> dict[str, str]:
    """Variables for a role: nothing of the host's, and what makes runs repeat to the bit."""
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "JAX_PLATFORMS": "cuda,cpu" if role.gpu else "cpu",
        # One thread a worker: seeds are spread over workers, and runs repeat to the bit.
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
        "NPROC": "1",
    }

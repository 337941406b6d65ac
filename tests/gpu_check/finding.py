"""Whether this machine has a GPU that JAX can use, found out without importing JAX here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["gpu_of_jax", "gpu_of_machine"]

_LIMIT_S = 90.0
_PROGRAM = "import jax; print(jax.devices('cuda')[0].device_kind)"


def gpu_of_machine(device_files: Path = Path("/dev")) -> str | None:
    """What says that there is an NVIDIA GPU: a device file or the driver's own program.

    Args:
        device_files: The folder that device files lie in.

    Returns:
        What was seen, None where there is none.
    """
    files = sorted(device_files.glob("nvidia[0-9]*"))
    if files:
        return str(files[0])
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        listed = subprocess.run(
            [program, "-L"], capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    lines = [line for line in listed.stdout.splitlines() if line.startswith("GPU ")]
    return lines[0] if listed.returncode == 0 and lines else None


def gpu_of_jax() -> tuple[str | None, str]:
    """The GPU that JAX in this environment uses, and what JAX said where there is none.

    In a process of its own: a broken driver may hang it, and a GPU's memory stays free.
    """
    try:
        ran = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, f"JAX did not answer within {_LIMIT_S:.0f} s"
    if ran.returncode == 0:
        return ran.stdout.strip(), ""
    said = ran.stderr.strip().splitlines() or [f"exit status {ran.returncode}"]
    return None, said[-1]

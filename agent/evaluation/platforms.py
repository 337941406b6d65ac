"""Which platform evaluators run on."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from templates.contract import TemplateSpec

__all__ = ["choose_platform"]

_PLUGINS = ("jax-cuda12-plugin", "jax-cuda13-plugin")


def choose_platform(spec: TemplateSpec) -> str:
    """``cuda`` where a GPU, its plugin and the template's support for it are there, else ``cpu``.

    Looks without starting JAX: the host process never imports it.
    """
    if "cuda" not in spec.population or not Path("/dev/nvidiactl").exists():
        return "cpu"
    return "cuda" if any(map(_installed, _PLUGINS)) else "cpu"


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True

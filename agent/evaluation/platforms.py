"""Which platform evaluators run on."""

from __future__ import annotations

from sandboxes.contract import Sandbox
from templates.contract import TemplateSpec

__all__ = ["choose_platform"]


def choose_platform(spec: TemplateSpec, sandbox: Sandbox) -> str:
    """The fastest platform that the sandbox has and the template supports, else ``cpu``."""
    return next((name for name in sandbox.platforms() if name in spec.population), "cpu")

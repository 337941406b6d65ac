"""Which platform evaluators run on."""

from __future__ import annotations

from sandboxes.contract import Sandbox
from templates.contract import TemplateSpec
from templates.errors import UserError

__all__ = ["choose_platform"]


def choose_platform(spec: TemplateSpec, sandbox: Sandbox) -> str:
    """The fastest platform that the sandbox has and the template supports, else ``cpu``.

    Raises:
        UserError: The template, as it is set, is made for a platform that is not there.
    """
    there = sandbox.platforms()
    if spec.needs is not None and spec.needs not in there:
        chosen = " ".join(f"{name}={choice}" for name, choice in sorted(spec.chosen.items()))
        raise UserError(
            f"{spec.name} with {chosen or 'these settings'} is made for {spec.needs}, and here is "
            f"{', '.join(there)} only, on which it would not end. `discover doctor` says what is "
            f"missing; other choices: `discover templates list`"
        )
    return next((name for name in there if name in spec.population), "cpu")

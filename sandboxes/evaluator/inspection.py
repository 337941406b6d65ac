"""All that is said about a program, derived from the program."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from sandboxes.contract import Inspection
from sandboxes.evaluator.bind import BoundProgram
from sandboxes.evaluator.fingerprint import probe
from templates.contract import FunctionCore

__all__ = ["inspect_program"]


def inspect_program(functions: Mapping[str, BoundProgram], core: FunctionCore) -> Inspection:
    """Probe a bound program and describe it.

    Raises:
        CandidateError: It is not finite on ordinary inputs.
    """
    digest = hashlib.sha256()
    operations = 0
    for name in sorted(functions):
        for module in (functions[name].value_module, functions[name].vjp_module):
            if module is not None:
                digest.update(module.digest.encode())
                operations += module.operations
    probed = probe(functions, core.probes())
    return Inspection(
        digest=digest.hexdigest(),
        fingerprint=probed.fingerprint,
        flags=probed.flags,
        closed_form=None,
        operations=operations,
        curves=dict(core.curves(functions)),
    )

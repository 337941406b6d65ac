"""All that is said about a program, derived from the program."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from sandboxes.contract import Inspection
from sandboxes.evaluator.bind import BoundProgram
from sandboxes.evaluator.closed_form import Abbreviation, ArgumentSymbol, agrees, closed_form
from sandboxes.evaluator.fingerprint import probe
from sandboxes.evaluator.jax_private import ir, make_ir_context, stablehlo
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
    probes = core.probes()
    probed = probe(functions, probes)
    curves = dict(core.curves(functions))
    flags = {*probed.flags, *curves.pop("flags", ())}
    forms = {name: _closed_form(bound, probes[name]) for name, bound in functions.items()}
    return Inspection(
        digest=digest.hexdigest(),
        fingerprint=probed.fingerprint,
        flags=tuple(sorted(flags)),
        closed_form=_joined(forms),
        operations=operations,
        curves=curves,
    )


def _closed_form(bound: BoundProgram, probes: Sequence[Any]) -> str | None:
    """LaTeX of one function, if there is one and it agrees with the program on the probes."""
    signature = bound.signature
    arguments = [
        ArgumentSymbol(argument.name, argument.symbol or _upright(argument.name))
        for argument in signature.arguments
    ]
    abbreviations = [
        Abbreviation(entry.symbol, entry.expression) for entry in signature.abbreviations
    ]
    context = make_ir_context()
    with context, ir.Location.unknown():
        module = stablehlo.deserialize_portable_artifact(context, bound.value_module.data)
        form = closed_form(module, arguments, abbreviations)
    if form is None:
        return None
    value = jax.jit(bound.value)
    outputs = [np.asarray(value(*operands)) for operands in probes]
    return form.latex if agrees(form, probes, outputs) else None


def _joined(forms: Mapping[str, str | None]) -> str | None:
    """The forms of all functions, None where one has none."""
    shown = [latex for latex in forms.values() if latex is not None]
    if len(shown) < len(forms):
        return None
    if len(forms) == 1:
        return shown[0]
    return r",\quad ".join(rf"{_upright(name)} = {latex}" for name, latex in forms.items())


def _upright(name: str) -> str:
    """A name as LaTeX."""
    return rf"\mathrm{{{name.replace('_', chr(92) + '_')}}}"

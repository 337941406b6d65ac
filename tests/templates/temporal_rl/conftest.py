"""The shipped baselines, bound as trusted functions, and a core without its warm-up."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from templates.contract import BoundFunction
from templates.native import NativeFunction, load_native
from templates.registry import Template, load_template
from templates.temporal_rl.core import TemporalRLCore

Bound = dict[str, BoundFunction]


@pytest.fixture(scope="session")
def bind() -> Callable[..., Bound]:
    """Every declared function that a baseline defines, as trusted functions."""

    def bind(level: str, name: str, population: int = 128) -> Bound:
        template = load_template("temporal_rl", {"level": level})
        path = template.path / "baselines" / level / f"{name}.py"
        defined = {node.name for node in ast.parse(path.read_text()).body if hasattr(node, "name")}
        return {
            signature.name: load_native(path, signature, population)
            for signature in template.spec.functions
            if signature.name in defined
        }

    return bind


@pytest.fixture(scope="session")
def drift_template() -> Template:
    return load_template("temporal_rl", {"level": "drift"})


@pytest.fixture(scope="session")
def core() -> TemporalRLCore:
    return TemporalRLCore("cpu", level="drift")


@pytest.fixture(scope="session")
def baseline(bind: Callable[..., Bound]) -> Callable[[str], Bound]:
    return lambda name: bind("drift", name)


@pytest.fixture(scope="session")
def native(drift_template: Template) -> Callable[..., Bound]:
    """Plain functions of the level ``drift``, by name."""
    signatures = {signature.name: signature for signature in drift_template.spec.functions}

    def bind(**functions: Callable[..., object]) -> Bound:
        return {
            name: NativeFunction(function, signatures[name], 128)  # type: ignore[arg-type]
            for name, function in functions.items()
        }

    return bind

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Protocol

import pytest

from templates.contract import TemplateSpec
from templates.native import NativeFunction, load_native
from templates.preference_loss.core import PreferenceLossCore


class Binder(Protocol):
    """Gives a shipped baseline by its name, for that many members."""

    def __call__(self, name: str, population: int = 6) -> NativeFunction: ...


def template_folder() -> Path:
    return Path(str(resources.files("templates.preference_loss")))


@pytest.fixture(scope="session")
def spec() -> TemplateSpec:
    text = (template_folder() / "template.toml").read_text(encoding="utf-8")
    return TemplateSpec.model_validate(tomllib.loads(text))


@pytest.fixture(scope="session")
def core() -> PreferenceLossCore:
    return PreferenceLossCore("cpu")


@pytest.fixture(scope="session")
def baseline(spec: TemplateSpec) -> Binder:
    def bind(name: str, population: int = 6) -> NativeFunction:
        path = template_folder() / "baselines" / f"{name}.py"
        return load_native(path, spec.functions[0], population)

    return bind

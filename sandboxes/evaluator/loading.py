"""Imports a template's trusted core from its folder."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from templates.contract import TemplateSpec

__all__ = ["core_class"]


def core_class(path: Path, spec: TemplateSpec) -> Any:
    """The class that ``template.toml`` names as the core.

    Args:
        path: The template's folder; it becomes a package of its own, so that a core can import
            its neighbours relatively.
        spec: The template's specification.
    """
    module_name, _, class_name = spec.core.partition(":")
    package = f"discover_template_{spec.name}"
    package_spec = importlib.util.spec_from_file_location(
        package, path / "__init__.py", submodule_search_locations=[str(path)]
    )
    if package_spec is None or package_spec.loader is None:
        raise ImportError(f"{path} is not a template folder")
    module = importlib.util.module_from_spec(package_spec)
    sys.modules[package] = module
    if (path / "__init__.py").exists():
        package_spec.loader.exec_module(module)
    return getattr(importlib.import_module(f"{package}.{module_name}"), class_name)

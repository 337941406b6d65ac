"""What decides a template's scores is what its digest is made of."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from templates.registry import Template, load_template, template_names

ROOT = Path(__file__).resolve().parents[2]


def reached(template: Template) -> set[Path]:
    """Files of the template that its core imports, one through the other."""
    module = template.spec.core.partition(":")[0]
    waiting = [template.path.joinpath(*module.split(".")).with_suffix(".py")]
    found: set[Path] = set()
    while waiting:
        file = waiting.pop()
        if file in found or not file.is_file() or template.path not in file.parents:
            continue
        found.add(file)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
                place = ROOT.joinpath(*node.module.split("."))
                names = [place / alias.name for alias in node.names]
                waiting += [one.with_suffix(".py") for one in (place, *names)]
    return found


@pytest.mark.parametrize("name", template_names())
def test_every_module_that_the_core_imports_decides_the_digest(name: str, tmp_path: Path) -> None:
    template = load_template(name)
    files = reached(template)
    assert template.path / "core.py" in files
    copy = tmp_path / name
    shutil.copytree(template.path, copy, ignore=shutil.ignore_patterns("__pycache__"))
    known = load_template(copy).digest
    assert known == template.digest
    for file in files:
        other = copy / file.relative_to(template.path)
        text = other.read_text(encoding="utf-8")
        other.write_text(text + "# changed\n", encoding="utf-8")
        assert load_template(copy).digest != known, f"{file} decides nothing"
        other.write_text(text, encoding="utf-8")


def test_omnis_predicates_are_reached_and_its_drawings_are_not() -> None:
    found = {file.parent.name for file in reached(load_template("omni"))}
    assert found == {"omni", "curriculum", "predicates"}
    assert not [file for file in reached(load_template("omni")) if file.name == "figures.py"]

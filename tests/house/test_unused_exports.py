"""What a module offers is used by somebody; vulture, in ``make lint``, takes ``__all__`` as a use.

Tests do not count: what only they use is dead, however well it works.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

from tests.house.source import PACKAGES, ROOT, sources

# Name by what is outside of the four packages and uses it, or why it stays without.
FOR_OTHERS = {
    # By name: `core` in a template.toml, and what a template's figures.py lists.
    **dict.fromkeys(
        (
            *("CharLmCore", "CirclePackingCore", "Diffusion2dCore", "GrokkingCore"),
            *("OmniCore", "PreferenceLossCore", "TemporalRLCore"),
        ),
        "template.toml",
    ),
    **dict.fromkeys(("AGENT_FIGURES", "CURVE_FIGURES", "FIGURES"), "agent/report"),
    # What templates/omni/README.md shows how to use.
    **dict.fromkeys(("classic_tasks", "make_classic_params", "ascii_map"), "README"),
    # What a package of somebody else calls to add a sandbox.
    "register_sandbox": "an extension",
    # Parts of what is used that tests hold against other programs or worked examples.
    "stratified_bootstrap": "tests",
    "iqm": "tests",
    "reference_of": "tests",
    "STAGES": "tests",
    "COLUMNS": "tests",
    "make_predicate_params": "tests",
    "chosen_by": "tests",
    "same_value": "tests",
}


def unused(trees: Mapping[str, ast.Module]) -> set[tuple[str, str]]:
    """File and name of what stands in ``__all__`` and is read nowhere in any of the files."""
    read: set[str] = set()
    offered: set[tuple[str, str]] = set()
    for file, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                read.add(node.attr)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                read.add(node.id)
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                offered |= {(file, name) for name in ast.literal_eval(node.value)}
    return {(file, name) for file, name in offered if name not in read}


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def test_what_is_offered_is_used() -> None:
    files = [file for package in PACKAGES for file in sources(package)]
    found = unused({str(file.relative_to(ROOT)): parsed(file) for file in files})
    assert {(file, name) for file, name in found if name not in FOR_OTHERS} == set()
    # An exception that is none any more is taken out above.
    assert set(FOR_OTHERS) - {name for _, name in found} == set()


def test_what_nobody_reads_is_found() -> None:
    offer = '__all__ = ["used", "unused"]\ndef used(): ...\ndef unused(): ...\n'
    trees = {"offer.py": ast.parse(offer), "other.py": ast.parse("import offer\noffer.used()")}
    assert unused(trees) == {("offer.py", "unused")}

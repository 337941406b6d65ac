"""The four packages as text: their files, and what each imports."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("agent", "templates", "sandboxes", "reviewers")


def sources(package: str) -> list[Path]:
    """Our code: what candidates edit is theirs, runs in the lab only and imports as it likes."""
    files = sorted((ROOT / package).rglob("*.py"))
    return [file for file in files if "experiment" not in file.relative_to(ROOT).parts[:-1]]


def imports(file: Path, *, only_top_level: bool = False) -> set[str]:
    """Absolute names of the modules that a file imports, those for typing only left out."""
    found: set[str] = set()
    nodes: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            nodes += node.orelse
            continue
        if only_top_level and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import in line {node.lineno}"
            assert node.module is not None
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        nodes += ast.iter_child_nodes(node)
    return found

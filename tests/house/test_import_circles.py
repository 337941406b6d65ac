"""No module imports itself by way of others: each can be read, tested and moved alone."""

from __future__ import annotations

from collections.abc import Mapping, Set
from graphlib import CycleError, TopologicalSorter

from tests.house.source import PACKAGES, ROOT, imports, sources


def circle_in(imported: Mapping[str, Set[str]]) -> list[str]:
    """One circle of modules, the first of which stands at its end again; empty where none is."""
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def module_graph() -> dict[str, set[str]]:
    """For each of our modules, which of ours it imports, those in functions included."""
    names = {}
    for package in PACKAGES:
        for file in sources(package):
            parts = file.relative_to(ROOT).with_suffix("").parts
            names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    graph: dict[str, set[str]] = {}
    for name, file in names.items():
        # Importing a part of a package runs the package's own file, unless one is inside of it.
        reached = {
            ".".join(module.split(".")[: length + 1])
            for module in imports(file)
            for length in range(module.count(".") + 1)
        }
        graph[name] = {one for one in reached & set(names) if not f"{name}.".startswith(f"{one}.")}
    return graph


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = module_graph()
    assert len(graph) > 250, "the modules were not found"
    assert "agent.archive.store" in graph["agent.archive"], "imports were not found"
    assert circle_in(graph) == []


def test_a_circle_is_found() -> None:
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": set(), "d": {"a"}}) == []
    assert set(circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}

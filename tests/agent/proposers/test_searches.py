"""What a constrained model may search for: each text lands, wherever it is used."""

from __future__ import annotations

import re

import pytest

from agent.llm.structured import strict_schema
from agent.proposers import proposal_schema
from agent.proposers.searches import indentation, search_texts
from templates.contract import Experiment
from templates.edits import Edit, apply_edits
from templates.registry import load_template

NAMES = ("char_lm", "diffusion_2d", "grokking")

TWICE = '''"""Nothing."""

import a

ONE = 1


def first(x):
    """The same line twice."""
    x = x + ONE
    return x


def second(x):
    x = x - ONE
    x = x + ONE
    return [
        x,
    ]
'''


def experiment_of(name: str) -> Experiment:
    experiment = load_template(name).spec.experiment
    assert experiment is not None
    return experiment


@pytest.mark.parametrize("name", NAMES)
def test_each_text_lands_in_the_shipped_experiments(name: str) -> None:
    experiment = experiment_of(name)
    editable = set(experiment.files) - set(experiment.fixed)
    assert editable
    for path in editable:
        text = experiment.files[path]
        offered = search_texts(text)
        assert len(offered) > 10
        for search in offered:
            new = f"{' ' * indentation(search)}# gone"
            edited = apply_edits(experiment.files, [Edit(path, search, new)])[path]
            assert edited == f"\n{text}".replace(f"\n{search}\n", f"\n{new}\n")[1:]


def test_lines_that_repeat_come_with_others_and_statements_come_whole() -> None:
    assert search_texts(TWICE) == (
        "import a",
        "ONE = 1",
        "    x = x + ONE\n    return x",
        "    return x",
        "    x = x - ONE",
        "    x = x - ONE\n    x = x + ONE",
        "    return [\n        x,\n    ]",
        "        x,",
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_narrows_each_file_to_its_own_texts(name: str) -> None:
    experiment = experiment_of(name)
    edits = proposal_schema(load_template(name).spec)["properties"]["edits"]
    (few,) = edits["anyOf"]
    assert few["maxItems"] < edits["maxItems"]
    offered: dict[str, set[str]] = {}
    for part in few["items"]["anyOf"]:
        (path,) = part["properties"]["file"]["enum"]
        pattern = re.compile(part["properties"]["replace"]["pattern"])
        for text in part["properties"]["search"]["enum"]:
            offered.setdefault(path, set()).add(text)
            space = " " * indentation(text)
            assert pattern.fullmatch(f"{space}a = 1\n\n{space}b = {{'c': \"d\"}}")
            assert not pattern.fullmatch(f" {space}a = 1")
            assert not pattern.fullmatch("")
    assert offered == {
        path: set(search_texts(experiment.files[path]))
        for path in set(experiment.files) - set(experiment.fixed)
    }
    free = strict_schema(edits)
    assert "anyOf" not in free
    assert set(free["items"]["properties"]) == {"file", "search", "replace"}
    assert "enum" not in free["items"]["properties"]["search"]

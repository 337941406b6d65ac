"""Every list of things by name is read, and everything in it can be reached by a person."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from agent.campaign.extending import Measure
from agent.cli.commands.run import SandboxOption
from agent.literature import Literature, open_catalogues
from agent.llm.catalog import DEFAULT_LOCAL, LOCAL_MODELS, local_model
from agent.papers.latex.tables import TABLE_WORDS, TABLES
from agent.papers.sections import SECTIONS
from agent.proposers import DEFAULT_SELECTOR, SELECTORS, open_selector
from agent.proposers.curriculum import PROMPTS
from reviewers.calibration.methods import METHODS
from sandboxes.registry import choose_sandbox, sandbox_names
from templates.contract import Curriculum, Direction
from templates.errors import UserError
from templates.registry import load_template, template_names
from tests.house.source import PACKAGES, ROOT, sources


def keys_of(file: str, name: str) -> set[str]:
    """The keys of a mapping that a module writes out."""
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name:
            assert isinstance(node.value, ast.Dict)
            return {ast.literal_eval(key) for key in node.value.keys if key is not None}
    raise AssertionError(f"{file} has no {name}")


def test_every_selector_can_be_set() -> None:
    assert DEFAULT_SELECTOR in SELECTORS.names()
    for name in SELECTORS.names():
        assert open_selector(name, Direction.MAXIMIZE)


def test_every_sandbox_can_be_chosen() -> None:
    (choices, *_) = get_args(SandboxOption)
    assert set(get_args(choices)) == {"auto", *sandbox_names()}
    for name in sandbox_names():
        refused = ""
        try:
            chosen = choose_sandbox(name).name
        except UserError as error:
            # A machine need not have it; the name must be known.
            chosen, refused = name, str(error)
        assert chosen == name
        assert "there is no sandbox" not in refused


def test_every_catalogue_is_opened(tmp_path: Path) -> None:
    written = {
        one
        for file in sources("agent/literature")
        for _, one in inspect.getmembers(
            importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts)),
            inspect.isclass,
        )
        if one.__module__.startswith("agent.literature")
        and hasattr(one, "search")
        and not getattr(one, "_is_protocol", False)
    }
    assert len(written) > 2
    opened: set[type[Any]] = set()
    for name in get_args(Literature):
        found = open_catalogues(name, tmp_path, lambda seconds: None, notify=lambda line: None)
        opened |= {type(one) for one in found}
    assert opened == written


def test_every_local_model_has_a_name_that_opens_it() -> None:
    assert [local_model(one.name) for one in LOCAL_MODELS] == list(LOCAL_MODELS)
    assert DEFAULT_LOCAL in {one.name for one in LOCAL_MODELS}


def test_every_view_of_reviews_is_in_a_method() -> None:
    views = keys_of("reviewers/calibration/methods.py", "_VIEWS")
    assert {method.view for method in METHODS} == views
    assert len({method.name for method in METHODS}) == len(METHODS)


def test_every_section_of_a_paper_has_its_sentences() -> None:
    files = {file.stem for file in (ROOT / "agent/papers/defaults").glob("*.jinja")}
    assert {section.name for section in SECTIONS} == files


def test_every_table_of_a_paper_is_explained() -> None:
    assert set(TABLES) == set(TABLE_WORDS)
    placed = "".join(
        file.read_text(encoding="utf-8") for file in (ROOT / "agent/papers").rglob("*.jinja")
    )
    # The price stands in the appendix of every paper; others are put where a section asks for one.
    assert [key for key in TABLES if f"table('{key}')" not in placed and key != "cost"] == []


def test_every_measure_is_explained_and_offered() -> None:
    assert keys_of("agent/papers/improving.py", "_WORDS") == set(get_args(Measure))
    text = (ROOT / "agent/campaign/extending.py").read_text(encoding="utf-8")
    offered = {name for name in get_args(Measure) if f'left.append("{name}")' in text}
    assert offered == set(get_args(Measure))


def test_every_way_to_ask_for_a_choice_has_a_prompt() -> None:
    assert set(PROMPTS) == set(get_args(get_type_hints(Curriculum)["asks"]))


def test_every_prompt_is_used() -> None:
    texts = {
        file: file.read_text(encoding="utf-8")
        for package in PACKAGES
        for file in (*sources(package), *(ROOT / package).rglob("*.jinja"))
    }
    prompts = [file for package in PACKAGES for file in (ROOT / package).rglob("*.jinja")]
    sections = {section.name for section in SECTIONS}
    unused = [
        str(file.relative_to(ROOT))
        for file in prompts
        if not (file.parent.name == "defaults" and file.stem in sections)
        and not any(f'"{file.name}"' in text for one, text in texts.items() if one != file)
    ]
    assert len(prompts) > 40
    assert unused == []


@pytest.mark.parametrize("name", template_names())
def test_every_choice_of_a_template_can_be_made(name: str) -> None:
    template = load_template(name)
    offered = {
        f"{setting}-{choice}"
        for setting, described in template.spec.settings.items()
        for choice in described.choices
    }
    assert {file.stem for file in (template.path / "settings").glob("*.toml")} <= offered
    choices = {one for setting in template.spec.settings.values() for one in setting.choices}
    for part in ("baselines", "prompts"):
        folders = {one.name for one in (template.path / part).iterdir() if one.is_dir()}
        assert folders - {"__pycache__"} <= choices
    for setting, described in template.spec.settings.items():
        for choice in described.choices:
            assert load_template(name, {setting: choice}).spec.chosen[setting] == choice

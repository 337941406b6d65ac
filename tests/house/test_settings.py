"""No setting does nothing: what a person can write is read by code or by a prompt."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Iterable

from pydantic import BaseModel

from agent.campaign.settings import CampaignSettings, Knobs
from agent.ideas import IdeaPlan
from agent.proposers import Sampling
from templates import specification
from tests.house.source import PACKAGES, ROOT, sources

# Known to be read by nothing; an entry that is read by now has to go.
UNREAD = {
    # A tier's declared time, which no campaign enforces yet.
    ("Tier", "limit_s"),
}


def models() -> list[type[BaseModel]]:
    """What a ``template.toml`` is made of, and what ``--set`` changes."""
    parts = [
        one
        for _, one in inspect.getmembers(specification, inspect.isclass)
        if issubclass(one, BaseModel) and one.__module__ == specification.__name__
    ]
    return [*parts, Knobs]


def fields() -> set[tuple[str, str]]:
    """Class and field of everything that can be set."""
    found = {(one.__name__, name) for one in models() for name in one.model_fields}
    return found | {
        (one.__name__, field.name)
        for one in (CampaignSettings, Sampling, IdeaPlan)
        for field in dataclasses.fields(one)
    }


def read_in_python(text: str) -> set[str]:
    """Attributes that are read, except where a model only checks that its fields fit together."""
    found: set[str] = set()
    nodes: list[ast.AST] = [ast.parse(text)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.FunctionDef) and any(
            "validator" in ast.unparse(one) for one in node.decorator_list
        ):
            continue
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            found.add(node.attr)
        nodes += ast.iter_child_nodes(node)
    return found


def read_in_jinja(texts: Iterable[str]) -> set[str]:
    """Attributes that prompts and pages show."""
    return {name for text in texts for name in re.findall(r"\.([a-z_]+)\b", text)}


def test_every_setting_is_read() -> None:
    files = [file for package in PACKAGES for file in sources(package)]
    prompts = [file for package in PACKAGES for file in (ROOT / package).rglob("*.jinja")]
    read = read_in_jinja(file.read_text(encoding="utf-8") for file in prompts)
    for file in files:
        read |= read_in_python(file.read_text(encoding="utf-8"))
    known = fields()
    assert {("TemplateSpec", "boundary"), ("Knobs", "selector"), ("Setting", "default")} < known
    assert {(owner, name) for owner, name in known if name not in read} == UNREAD


def test_what_is_only_written_or_checked_is_not_read() -> None:
    text = """
class Model:
    @model_validator(mode="after")
    def _consistent(self): return self.checked
def use(model):
    model.written = model.read
"""
    assert read_in_python(text) == {"read"}
    assert read_in_jinja(["{% for p in parents %}{{ p.shown }}{% endfor %}"]) == {"shown"}

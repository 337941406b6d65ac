"""Settings of a template: choices replace parts of it, and wrong ones are named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from templates.errors import UserError
from templates.registry import load_template

SMALL = Path(__file__).resolve().parents[1] / "data" / "robust_regression"
SETTING = """
[settings.size]
default = "small"

[settings.size.choices]
small = "as it is"
large = "more of it"
"""
LARGE = 'title = "A larger one"\n'
KNOWN = (
    '"""Something known of the large one\n\nA citation.\n"""\n\n\ndef loss(p, t):\n    return p\n'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "robust_regression"
    shutil.copytree(SMALL, path)
    file = path / "template.toml"
    file.write_text(file.read_text() + SETTING)
    (path / "settings").mkdir()
    (path / "settings" / "size-large.toml").write_text(LARGE)
    (path / "baselines" / "large").mkdir()
    (path / "baselines" / "large" / "only_here.py").write_text(KNOWN)
    (path / "prompts" / "large").mkdir()
    (path / "prompts" / "large" / "repair.jinja").write_text("Another prompt.")
    return path


def test_a_choice_replaces_adds_and_is_remembered(folder: Path) -> None:
    small, large = load_template(folder), load_template(folder, {"size": "large", "other": "x"})
    assert (small.spec.chosen, large.spec.chosen) == ({"size": "small"}, {"size": "large"})
    assert large.spec.title == "A larger one" != small.spec.title
    assert large.spec.functions == small.spec.functions
    assert {b.name for b in large.baselines} - {b.name for b in small.baselines} == {"only_here"}
    assert large.prompt("repair.jinja") == "Another prompt." != small.prompt("repair.jinja")
    assert large.prompt("propose.jinja") == small.prompt("propose.jinja")
    assert large.digest != small.digest


def test_an_unknown_choice_names_the_known(folder: Path) -> None:
    with pytest.raises(UserError, match="no size 'huge'; use one of small, large"):
        load_template(folder, {"size": "huge"})


def test_a_default_that_is_no_choice_is_refused(folder: Path) -> None:
    file = folder / "template.toml"
    file.write_text(file.read_text().replace('default = "small"', 'default = "tiny"'))
    with pytest.raises(UserError, match=r"settings\.size: .*'tiny' is none of"):
        load_template(folder)

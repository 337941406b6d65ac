"""Finding templates: those shipped here, those of installed packages, and any folder."""

from __future__ import annotations

import ast
import difflib
import hashlib
import itertools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from templates.contract import Baseline, Setting, TemplateSpec
from templates.errors import UserError
from templates.syntax import syntax_tree

__all__ = ["UNTOUCHED", "Template", "load_template", "template_names"]

_Model = TypeVar("_Model", bound=BaseModel)

_SHIPPED = Path(__file__).resolve().parent
_ENTRY_POINTS = "discover.templates"
_BIBLIOGRAPHY = "references.bib"
# What decides the numbers: these files' content is the template's digest.
_DECISIVE = (
    *("*.py", "curriculum/*.py", "predicates/*.py", "experiment/**/*"),
    *("*.toml", "settings/*.toml", "data/*"),
)
UNTOUCHED = "untouched"
"""Name of the baseline that is an experiment as it is shipped."""
# How it is written: no edit at all.
_NO_EDIT = "# The experiment as it is shipped: no edit.\n"
_REMARK = "# "


@dataclass(frozen=True)
class Template:
    """A template's folder and its parsed specification."""

    spec: TemplateSpec
    path: Path

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the specification, the core and its data: equal digest, equal scores."""
        joined = hashlib.sha256()
        files = {file for pattern in _DECISIVE for file in self.path.glob(pattern)}
        for file in sorted(files):
            if file.is_file() and file.name != "figures.py" and file.suffix != ".pyc":
                joined.update(file.name.encode() + b"\0")
                joined.update(hashlib.sha256(file.read_bytes()).digest())
        for name, choice in sorted(self.spec.chosen.items()):
            joined.update(f"{name}={choice}\0".encode())
        return joined.hexdigest()

    @cached_property
    def baselines(self) -> tuple[Baseline, ...]:
        """What is already known, in the order of the files' names, controls last.

        Of an experiment, the first is the experiment as it is; files hold edits of it.
        """
        folder = self.path / "baselines"
        if self.spec.experiment is not None:
            edited = [_edited_baseline(file) for file in sorted(folder.glob("*.edits"))]
            untouched = Baseline(UNTOUCHED, "The experiment as it is", "", _NO_EDIT, False)
            return (untouched, *sorted(edited, key=lambda one: (one.is_control, one.name)))
        files = [
            file
            for place in (folder, *(folder / choice for choice in self.spec.chosen.values()))
            for file in place.glob("*.py")
        ]
        found = [_baseline(file) for file in sorted(files) if not file.name.startswith("_")]
        return tuple(sorted(found, key=lambda baseline: (baseline.is_control, baseline.name)))

    @property
    def bibliography(self) -> Path | None:
        """The publications that the template brings along, as BibTeX; None where it brings none."""
        file = self.path / _BIBLIOGRAPHY
        return file if file.is_file() else None

    def prompt(self, name: str) -> str:
        """The text of ``prompts/<name>``, or of ``prompts/<choice>/<name>`` where there is one.

        Raises:
            UserError: The template has no such prompt.
        """
        folder = self.path / "prompts"
        for place in (*(folder / choice for choice in self.spec.chosen.values()), folder):
            if (place / name).is_file():
                return (place / name).read_text(encoding="utf-8")
        raise UserError(
            f"template {self.spec.name} has no prompt {name} ({folder / name} is missing)"
        )


def template_names() -> tuple[str, ...]:
    """Names of all templates that can be used without giving a path."""
    shipped = {file.parent.name for file in _SHIPPED.glob("*/template.toml")}
    return tuple(sorted(shipped | {entry.name for entry in entry_points(group=_ENTRY_POINTS)}))


def load_template(name_or_path: str | Path, settings: Mapping[str, str] | None = None) -> Template:
    """Load a template by name or from any folder that holds a ``template.toml``.

    Args:
        name_or_path: Of the template.
        settings: Choices by name; what is not named is as the template has it by default, and
            names that are no settings of the template are left to the caller.

    Raises:
        UserError: There is none, its ``template.toml`` does not fit the contract, or a setting has
            no such choice.
    """
    path = _locate(name_or_path)
    file = path / "template.toml"
    content = _read(file)
    chosen: dict[str, str] = {}
    for name, described in content.get("settings", {}).items():
        setting = _validated(file, Setting, described, "settings", name)
        choice = chosen[name] = (settings or {}).get(name, setting.default)
        if choice not in setting.choices:
            known = ", ".join(setting.choices)
            raise UserError(f"{path.name} has no {name} {choice!r}; use one of {known}")
        changes = path / "settings" / f"{name}-{choice}.toml"
        if changes.is_file():
            content |= _read(changes)
    if "experiment" in content:
        content = {**content, "experiment": {**content["experiment"], "files": _files(path)}}
    return Template(_validated(file, TemplateSpec, {**content, "chosen": chosen}), path)


def _files(path: Path) -> dict[str, str]:
    """The files of a template's experiment, by their path in it."""
    folder = path / "experiment"
    found = {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(folder.rglob("*.py"))
    }
    if not found:
        raise UserError(f"{folder} holds no Python file: that is where the experiment belongs")
    return found


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{file} is not valid TOML: {error}") from error


def _validated(file: Path, model: type[_Model], content: object, *where: str) -> _Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join([*where, *map(str, first["loc"])]) or "template"
        raise UserError(f"{file}: {place}: {first['msg']}") from error


def _locate(name_or_path: str | Path) -> Path:
    candidate = Path(name_or_path)
    if (candidate / "template.toml").is_file():
        return candidate.resolve()
    name = str(name_or_path)
    if (_SHIPPED / name / "template.toml").is_file():
        return _SHIPPED / name
    for entry in entry_points(group=_ENTRY_POINTS):
        if entry.name == name:
            return Path(str(entry.load().__path__[0])).resolve()
    near = difflib.get_close_matches(name, template_names(), n=3, cutoff=0.4)
    hint = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(template_names())}"
    raise UserError(
        f"there is no template {name!r} and no folder with a template.toml there; {hint}"
    )


def _edited_baseline(file: Path) -> Baseline:
    """Edits under remarks of which the first is the title, the others the citation."""
    text = file.read_text(encoding="utf-8")
    marked = itertools.takewhile(lambda line: line.startswith(_REMARK), text.splitlines())
    remarks = [line.removeprefix(_REMARK) for line in marked]
    if not text.startswith(_REMARK):
        raise UserError(f"{file} must begin with `# ` and its title")
    return Baseline(
        name=file.stem,
        title=remarks[0].strip().rstrip("."),
        citation=" ".join(line.strip() for line in remarks[1:]),
        code=text,
        is_control=file.stem.startswith("control_"),
    )


def _baseline(file: Path) -> Baseline:
    code = file.read_text(encoding="utf-8")
    try:
        lines = (ast.get_docstring(syntax_tree(code)) or "").strip().splitlines()
    except SyntaxError as error:
        raise UserError(f"{file}: line {error.lineno}: {error.msg}") from error
    if not lines:
        raise UserError(f"{file} needs a docstring: its title, then its citation")
    sketch = file.with_suffix(".txt")
    return Baseline(
        name=file.stem,
        title=lines[0].rstrip("."),
        citation=" ".join(line.strip() for line in lines[1:] if line.strip()),
        code=code,
        is_control=file.stem.startswith("control_"),
        sketch=sketch.read_text(encoding="utf-8") if sketch.is_file() else "",
    )

"""Finding templates: those shipped here, those of installed packages, and any folder."""

from __future__ import annotations

import ast
import difflib
import hashlib
import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path

from pydantic import ValidationError

from templates.contract import Baseline, TemplateSpec
from templates.errors import UserError

__all__ = ["Template", "load_template", "template_names"]

_SHIPPED = Path(__file__).resolve().parent
_ENTRY_POINTS = "discover.templates"
# What decides the numbers: these files' content is the template's digest.
_DECISIVE = ("*.py", "*.toml", "data/*")


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
            if file.is_file() and file.name not in ("figures.py",):
                joined.update(file.name.encode() + b"\0")
                joined.update(hashlib.sha256(file.read_bytes()).digest())
        return joined.hexdigest()

    @cached_property
    def baselines(self) -> tuple[Baseline, ...]:
        """What is already known, in the order of the files' names, controls last."""
        found = [
            _baseline(file)
            for file in sorted((self.path / "baselines").glob("*.py"))
            if not file.name.startswith("_")
        ]
        return tuple(sorted(found, key=lambda baseline: (baseline.is_control, baseline.name)))

    def prompt(self, name: str) -> str:
        """The text of ``prompts/<name>``.

        Raises:
            UserError: The template has no such prompt.
        """
        file = self.path / "prompts" / name
        if not file.is_file():
            raise UserError(f"template {self.spec.name} has no prompt {name} ({file} is missing)")
        return file.read_text(encoding="utf-8")


def template_names() -> tuple[str, ...]:
    """Names of all templates that can be used without giving a path."""
    shipped = {file.parent.name for file in _SHIPPED.glob("*/template.toml")}
    return tuple(sorted(shipped | {entry.name for entry in entry_points(group=_ENTRY_POINTS)}))


def load_template(name_or_path: str | Path) -> Template:
    """Load a template by name or from any folder that holds a ``template.toml``.

    Raises:
        UserError: There is none, or its ``template.toml`` does not fit the contract.
    """
    path = _locate(name_or_path)
    file = path / "template.toml"
    try:
        spec = TemplateSpec.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{file} is not valid TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "template"
        raise UserError(f"{file}: {where}: {first['msg']}") from error
    return Template(spec, path)


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


def _baseline(file: Path) -> Baseline:
    code = file.read_text(encoding="utf-8")
    try:
        lines = (ast.get_docstring(ast.parse(code)) or "").strip().splitlines()
    except SyntaxError as error:
        raise UserError(f"{file}: line {error.lineno}: {error.msg}") from error
    if not lines:
        raise UserError(f"{file} needs a docstring: its title, then its citation")
    return Baseline(
        name=file.stem,
        title=lines[0].rstrip("."),
        citation=" ".join(line.strip() for line in lines[1:] if line.strip()),
        code=code,
        is_control=file.stem.startswith("control_"),
    )

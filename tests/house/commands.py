"""Whether a command that a document shows would be understood: everything but running it."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import Any

import typer
import typer.main

from agent.campaign.settings import CampaignSettings, Knobs
from agent.cli.app import app
from templates.errors import UserError
from templates.registry import load_template, template_names
from tests.harness.parts import parts
from tests.house.source import PACKAGES, ROOT

# What stands for something that the reader puts in.
_PLACEHOLDER = re.compile(r"[A-Z][A-Z_]*|[a-z]+/[A-Z]+")
_PROGRAMS = re.compile(r"(discover|make|python3?|pip|\.ci/run|\.venv/bin/\w+)( |$)")
# Tools that no document of ours may need beyond those of the project itself.
_EVERYWHERE = {"cp", "cd", "git"}


def is_command(span: str) -> bool:
    """Whether code within running text is a command, and no name or value."""
    return _PROGRAMS.match(span) is not None


def problems(line: str, *, may_only_name: bool = False) -> list[str]:
    """What is wrong with a line of shell.

    Args:
        line: As a document shows it, with a remark behind it perhaps; ``a|b`` within a word stands
            for either.
        may_only_name: Whether it may be the name of a command without the arguments that it takes.
    """
    words = shlex.split(line, comments=True)
    found: list[str] = []
    for chosen in product(*(word.split("|") for word in words)):
        found += [f"{line}: {wrong}" for wrong in _wrong(list(chosen), may_only_name)]
    return found


@cache
def options() -> set[str]:
    """Every option of every command, of the benchmarks and of the tests."""
    found: set[str] = set()
    groups: list[Any] = [typer.main.get_command(app)]
    while groups:
        command = groups.pop()
        groups += getattr(command, "commands", {}).values()
        found |= _options_of(command)
    tests = ROOT / "tests"
    for file in (*(tests / "benchmarks").glob("*.py"), *(tests / "harness").glob("*.py")):
        found |= set(re.findall(r'"(--[a-z-]+)"', file.read_text(encoding="utf-8")))
    return found


@cache
def settings() -> set[str]:
    """What ``--set`` takes: of campaigns, and of the templates that ship with this."""
    own = (load_template(name).spec.settings for name in template_names())
    return set(Knobs.model_fields).union(*own)


def _options_of(command: Any) -> set[str]:
    return {one for parameter in command.params for one in parameter.opts}


def _wrong(words: list[str], may_only_name: bool) -> Iterator[str]:
    program, *arguments = words
    name = program.removeprefix(".venv/bin/")
    if name == "discover":
        yield from _discover(arguments, may_only_name)
    elif name == "make":
        yield from _make(arguments)
    elif name == "pip":
        yield from _pip(arguments)
    elif name in ("python", "python3"):
        yield from _python(arguments)
    elif name.startswith(".ci/"):
        if not (ROOT / name).is_file():
            yield f"there is no {name}"
    elif name not in _EVERYWHERE:
        yield f"{name} is no program that a reader has"
    else:
        yield from (
            f"there is no {path}"
            for path in arguments
            if path.split("/")[0] in (*PACKAGES, "tests", "discoveries")
            and not (ROOT / path).exists()
        )


def _discover(arguments: Sequence[str], may_only_name: bool) -> Iterator[str]:
    command: Any = typer.main.get_command(app)
    rest = list(arguments)
    while rest and hasattr(command, "commands"):
        name = rest.pop(0)
        if name not in command.commands:
            yield f"discover has no command {name!r}"
            return
        command = command.commands[name]
    # One that is only named may be named with the option that the sentence is about.
    if may_only_name and (not rest or rest in [[one] for one in _options_of(command)]):
        return
    try:
        given = command.make_context(command.name, rest).params
    except (typer.TyperException, typer.Exit) as error:
        yield str(error) or getattr(error, "message", type(error).__name__)
        return
    template = given.get("template")
    if template is None or _PLACEHOLDER.fullmatch(template):
        return
    chosen = dict(pair.split("=", 1) for pair in given.get("settings") or () if "=" in pair)
    try:
        if command.name == "run":
            CampaignSettings(template, tuple(given["model"] or ("local",)), overrides=chosen)
        else:
            load_template(template, chosen)
    except UserError as error:
        yield str(error)


def _make(arguments: Sequence[str]) -> Iterator[str]:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    target, *variables = arguments
    if target not in targets:
        yield f"the Makefile has no target {target!r}"
    for variable in variables:
        name, _, value = variable.partition("=")
        if name not in ("ARGS", "PYTHON"):
            yield f"the Makefile has no variable {name!r}"
        elif target == "run":
            yield from _discover(["run", "preference_loss", *shlex.split(value)], False)
        elif target == "test":
            declared = {f"--part={part.name}" for part in parts()}
            yield from (
                f"there is no {word}"
                for word in shlex.split(value)
                if (word.startswith("tests/") and not (ROOT / word.split("::")[0]).exists())
                or (word.startswith("--part") and word not in declared)
            )


@cache
def _extras() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return set(project["optional-dependencies"])


def _pip(arguments: Sequence[str]) -> Iterator[str]:
    for before, argument in zip(("", *arguments), arguments, strict=False):
        wanted = re.fullmatch(r"(?:\.|discovery-agent)\[([\w,]+)\]", argument)
        if wanted is not None:
            missing = set(wanted[1].split(",")) - _extras()
            yield from (f"the project has no extra {one!r}" for one in sorted(missing))
        elif before == "-r" and not (ROOT / argument).is_file():
            yield f"there is no {argument}"


def _python(arguments: Sequence[str]) -> Iterator[str]:
    if len(arguments) < 2 or arguments[0] != "-m":
        yield "what ships with this is run as a module: python -m"
        return
    module, *given = arguments[1:]
    if module.split(".")[0] not in (*PACKAGES, "tests"):
        if module != "venv":
            yield f"{module} is no module that a reader has"
        return
    file = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    if not file.is_file():
        yield f"there is no module {module}"
        return
    known = re.findall(r'"(--[a-z-]+)"', file.read_text(encoding="utf-8"))
    yield from (
        f"{module} has no option {one}"
        for one in given
        if one.startswith("--") and one.split("=")[0] not in known
    )

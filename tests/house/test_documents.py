"""What README, AGENTS and the other documents say can be done can be done."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

from tests.house.commands import is_command, options, problems, settings
from tests.house.markdown import Markdown
from tests.house.source import PACKAGES, ROOT, sources

# The documents of the project; what campaigns wrote on a machine is none.
_PLACES = (
    *("*.md", "discoveries/*.md", "discoveries/showcase/*.md"),
    *(f"{folder}/**/*.md" for folder in (*PACKAGES, "tests")),
)
DOCUMENTS = sorted(file for place in _PLACES for file in ROOT.glob(place))
NAMES = [file.relative_to(ROOT).as_posix() for file in DOCUMENTS]


def wrong_links(markdown: Markdown, folder: Path) -> list[str]:
    """Links of a file in that folder to what is not there."""
    found = []
    for link in markdown.links():
        path, _, anchor = link.partition("#")
        file = folder / path if path else None
        if file is not None and not file.exists():
            found.append(link)
        elif anchor and (file is None or file.suffix == ".md"):
            target = markdown if file is None else Markdown.of(file)
            if anchor not in target.anchors():
                found.append(link)
    return found


def wrong_commands(markdown: Markdown) -> list[str]:
    """What is wrong with the commands of fenced blocks, of tables and of the running text."""
    found = [wrong for line in markdown.lines_of_shell() for wrong in problems(line)]
    for span in markdown.spans():
        if is_command(span):
            found += problems(span, may_only_name=True)
        elif span.startswith("--set ") and span.split()[1].split("=")[0] not in settings():
            found += [f"{span}: there is no such setting"] * (span.split()[1] != "KEY=VALUE")
        elif re.match(r"--[a-z]", span) and span.split()[0].split("=")[0] not in options():
            found.append(f"{span}: there is no such option")
    return found


def wrong_variables(markdown: Markdown) -> set[str]:
    """Variables that nothing reads."""
    files = [file for package in PACKAGES for file in sources(package)]
    texts = [file.read_text(encoding="utf-8") for file in [*files, ROOT / ".ci" / "run"]]
    read = {name for text in texts for name in Markdown(text).variables()}
    return markdown.variables() - read


def wrong_examples(markdown: Markdown) -> list[str]:
    """Examples that are no Python or import from us what we do not have."""
    found = []
    for example in markdown.examples():
        try:
            tree = ast.parse(example)
        except SyntaxError as error:
            found.append(f"{error}: {example}")
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
                module = importlib.import_module(node.module or "")
                found += [
                    f"{node.module} has no {one.name}"
                    for one in node.names
                    if not hasattr(module, one.name)
                ]
    return found


def test_the_documents_are_found() -> None:
    assert {"README.md", "AGENTS.md", "CHANGELOG.md"} < set(NAMES)
    assert "templates/omni/README.md" in NAMES


@pytest.mark.parametrize("file", DOCUMENTS, ids=NAMES)
def test_a_document_holds(file: Path) -> None:
    markdown = Markdown.of(file)
    assert wrong_links(markdown, file.parent) == []
    assert wrong_commands(markdown) == []
    assert wrong_variables(markdown) == set()


@pytest.mark.gate
@pytest.mark.parametrize("file", [one for one in DOCUMENTS if Markdown.of(one).examples()], ids=str)
def test_examples_of_code_import_what_is_there(file: Path) -> None:
    assert wrong_examples(Markdown.of(file)) == []


def test_the_examples_of_the_command_line_are_commands() -> None:
    texts = [file.read_text(encoding="utf-8") for file in sources("agent/cli")]
    behind = re.compile(r'(?:Example: |Begin with: |_[A-Z]+, ")(discover [^"{]+)"')
    shown = {one for text in texts for one in behind.findall(text)}
    assert len(shown) > 15, "the examples were not found"
    assert [wrong for one in shown for wrong in problems(one)] == []


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("discover run preference_loss --candidate 4", "No such option"),
        ("discover run preference_loss --candidates many", "valid integer"),
        ("discover run preference_los", "did you mean preference_loss"),
        ("discover run preference_loss --set paper=best", "no such setting"),
        ("discover run preference_loss --set papers=all", "papers=all"),
        ("discover run omni --set choice=everything", "has no choice 'everything'"),
        ("discover run preference_loss --sandbox podman", "'podman' is not one of"),
        ("discover evaluate preference_loss", "Missing parameter: file"),
        ("discover remove 3f2a", "no command 'remove'"),
        ("discover sandbox build|prune", "no command 'prune'"),
        ("make tests", "no target 'tests'"),
        ('make run ARGS="--candidate 4"', "No such option"),
        ("make test ARGS=tests/nowhere", "no tests/nowhere"),
        (".venv/bin/pip install -e '.[gpu]'", "no extra 'gpu'"),
        ("pip install -r requirements.txt", "no requirements.txt"),
        ("python tests/benchmarks/kill_resume.py", "python -m"),
        ("python -m tests.benchmarks.kill_resum", "no module"),
        ("python -m tests.benchmarks.kill_resume --kill 2", "no option --kill"),
        ("cp -r templates/groking/experiment mine", "no templates/groking/experiment"),
        ("conda install discovery-agent", "no program that a reader has"),
    ],
)
def test_a_wrong_command_is_found(shown: str, said: str) -> None:
    (wrong,) = wrong_commands(Markdown(f"```sh\n{shown}   # and a remark\n```\n"))
    assert said in wrong


def test_what_else_is_wrong_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# One `heading`, or two\n")
    text = "[a](other.md#one-heading-or-two) [b](other.md#none) [c](gone.md) [d](#here)\n# Here\n"
    assert wrong_links(Markdown(text), tmp_path) == ["other.md#none", "gone.md"]
    table = (
        "| `make lnt` | what |\n|---|---|\n| `discover resume` | `--candidats 3`, `--set knob=1` |"
    )
    assert len(wrong_commands(Markdown(table))) == 3
    assert wrong_variables(Markdown("DISCOVER_HOME, DISCOVER_NOTHING")) == {"DISCOVER_NOTHING"}
    python = "```python\nfrom agent.llm import open_model, open_mind\n```\n```python\n1 +\n```\n"
    assert len(wrong_examples(Markdown(python))) == 2

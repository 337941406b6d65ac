"""The house rules that a machine can check: who imports whom, what is heavy, what is tracked."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.house.source import PACKAGES, ROOT, imports, sources

# Who may import whom, itself included.
ALLOWED = {
    "agent": {"agent", "reviewers", "sandboxes", "templates"},
    "sandboxes": {"sandboxes", "templates"},
    "reviewers": {"reviewers", "templates"},
    "templates": {"templates"},
}
# Parts of packages that are declared: of Matplotlib, Jinja and JAX.
COMES_ALONG = {"cycler", "markupsafe", "jaxlib"}
LONGEST_FILE = 400
# Beside __init__.py; a flat family of commands or selectors may grow further.
LARGEST_FOLDER = 16
HEAVY = ("jax", "jaxlib", "litellm", "openai", "anthropic", "scipy", "matplotlib", "sympy")


def tops(modules: set[str]) -> set[str]:
    return {module.split(".")[0] for module in modules}


def tracked() -> list[Path]:
    """What git tracks or would track: everything that is not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return sorted(path for path in paths if path.is_file())


needs_git = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_one_way(package: str) -> None:
    wrong = {
        f"{file.relative_to(ROOT)} imports {sorted(reached)}"
        for file in sources(package)
        if (reached := (tops(imports(file)) & set(PACKAGES)) - ALLOWED[package])
    }
    assert not wrong


def test_the_host_never_imports_jax() -> None:
    wrong = {
        str(file.relative_to(ROOT))
        for package in ("agent", "reviewers")
        for file in sources(package)
        if tops(imports(file)) & {"jax", "jaxlib", "optax", "flax"}
    }
    assert not wrong


def beyond_the_stable_interface(file: Path, pattern: str) -> set[str]:
    """Names of JAX in a file that match: imported, or reached through a dot."""
    named = imports(file) | set(re.findall(r"\bjax\w*(?:\.\w+)+", file.read_text(encoding="utf-8")))
    return {name for name in named if re.match(pattern, name)}


def test_private_names_of_jax_are_in_one_file() -> None:
    """Each may be gone with the next JAX; there it is explained and tried on the installed one."""
    private = r"jax\.(\w+\.)*_(?!_)|jaxlib(\.|$)"
    unstable = private + r"|jax\.(extend|interpreters)(\.|$)"
    adapter = ROOT / "sandboxes" / "evaluator" / "jax_private.py"
    assert beyond_the_stable_interface(adapter, private)
    found = {
        f"{file.relative_to(ROOT)}: {sorted(names)}"
        for package in PACKAGES
        for file in sources(package)
        if file != adapter and (names := beyond_the_stable_interface(file, unstable))
    }
    # Tests may extend JAX, but no private name is theirs; what attacks use is an attacker's affair.
    found |= {
        f"{file.relative_to(ROOT)}: {sorted(names)}"
        for file in sources("tests")
        if not file.parent.name.endswith("attacks")
        and (names := beyond_the_stable_interface(file, private))
    }
    assert not found


def test_only_one_place_makes_syntax_trees() -> None:
    """The evaluator has one thread; elsewhere two trees that are made at once break each other."""
    found = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in sources(package)
        if "ast.parse(" in file.read_text(encoding="utf-8")
    }
    assert found == {"templates/syntax.py", "sandboxes/evaluator/closed_form.py"}


def test_the_tracer_sees_no_template_and_no_host() -> None:
    """Followed through every module that it imports, since all of them are in its sandbox."""
    seen: set[Path] = set()
    waiting = sources("sandboxes/tracer")
    assert waiting, "the tracer's files were not found"
    while waiting:
        file = waiting.pop()
        seen.add(file)
        reached = imports(file)
        assert tops(reached) & set(PACKAGES) <= {"sandboxes"}, file
        for module in reached:
            found = ROOT.joinpath(*module.split(".")).with_suffix(".py")
            if found.is_file() and found not in seen:
                waiting.append(found)


def loaded_by(module: str) -> set[str]:
    program = (
        f"import sys, {module}\nprint(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(ran.stdout.split())


def test_the_command_line_starts_without_anything_heavy() -> None:
    assert loaded_by("agent.cli") == set()
    # The measuring stick itself: it must see a heavy module where there is one.
    assert "sympy" in loaded_by("sympy")


def test_reading_a_template_needs_no_jax() -> None:
    assert not loaded_by("templates.registry") & {"jax", "jaxlib"}


def test_what_is_imported_is_declared() -> None:
    """Else an installed wheel lacks it, however well the checkout's own environment does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    declared = {
        re.split(r"[\[<>=!~; ]", line)[0].lower()
        for line in [*project["dependencies"], *(line for extra in extras for line in extra)]
    }
    distributions = packages_distributions()
    reached = {
        top: file
        for package in PACKAGES
        for file in sources(package)
        for top in tops(imports(file)) - set(PACKAGES) - sys.stdlib_module_names - COMES_ALONG
    }
    assert "litellm" in declared
    undeclared = {
        f"{file.relative_to(ROOT)} imports {top}"
        for top, file in reached.items()
        if not {name.lower() for name in distributions.get(top, [])} & declared
    }
    assert not undeclared


def test_files_and_folders_stay_small() -> None:
    long = {
        f"{file.relative_to(ROOT)}: {lines} lines"
        for package in PACKAGES
        for file in sources(package)
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert not long
    folders = {file.parent for package in PACKAGES for file in sources(package)}
    # Baselines and migrations are data: one file an entry, however many there are.
    crowded = {
        f"{folder.relative_to(ROOT)}: {count} files"
        for folder in folders
        if folder.name not in ("baselines", "versions")
        and (count := len([f for f in folder.glob("*.py") if f.name != "__init__.py"]))
        > LARGEST_FOLDER
    }
    assert not crowded
    deep = {folder for folder in folders if len(folder.relative_to(ROOT).parts) > 4}
    assert not deep


@needs_git
def test_the_top_level_is_fixed() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert top <= {
        *PACKAGES,
        *("discoveries", "tests", ".ci", ".gitignore", ".gitattributes"),
        *("pyproject.toml", "requirements.lock", "README.md", "Makefile"),
        *("AGENTS.md", "LICENSE", "CHANGELOG.md"),
    }


@needs_git
def test_tracked_text_names_no_machine_and_no_registry() -> None:
    # Spelled in parts, since this file is tracked as well.
    forbidden = re.compile(
        "|".join(
            (
                r"pypi\." + r"org",
                "files." + r"pythonhosted",
                r"registry\.npm" + "js",
                r"test\.py" + r"pi",
                r"(?<![\w.$}/])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me/\w+)/",
                r"\.\./sha" + "red",
                r"issue #\d",
                "hel" + r"per-\d",
            )
        )
    )
    found = []
    for path in tracked():
        data = path.read_bytes()
        if b"\0" in data[:8192]:
            continue
        text = data.decode("utf-8")
        found += [
            f"{path.relative_to(ROOT)}:{number}: {match[0]}"
            for number, line in enumerate(text.splitlines(), 1)
            if (match := forbidden.search(line))
        ]
    assert not found


@needs_git
def test_nothing_built_or_bulky_is_tracked() -> None:
    bulky = {
        f"{path.relative_to(ROOT)}: {size} bytes"
        for path in tracked()
        if (size := path.stat().st_size) > 8_000_000
    }
    assert not bulky
    built = re.compile(r"(^|/)(__pycache__|\.venv|dist|[^/]+\.egg-info)/|\.(pyc|db|gguf|whl)$")
    assert not [path for path in tracked() if built.search(path.relative_to(ROOT).as_posix())]

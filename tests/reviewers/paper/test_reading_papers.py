"""Papers are read from real files, without what tells who wrote them, and cut with sense."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reviewers.paper import (
    PROMPT_NAMES,
    SCALES,
    Document,
    Section,
    average,
    blind,
    fit_to,
    form_schema,
    parse_form,
    read_paper,
    render_prompt,
)
from templates.errors import CandidateError, UserError
from tests.data.papers import CONTENT, CUES, SECTIONS, TITLE, write_latex, write_pdf, write_text

WRITERS: dict[str, Callable[[Path], Path]] = {
    "paper.pdf": write_pdf,
    "paper.tex": write_latex,
    "paper.md": write_text,
}
FORM: dict[str, Any] = {
    "summary": "The paper anneals the margin of a hinge loss for preferences.",
    "strengths": ["Sixteen seeds with intervals in Table 1."],
    "weaknesses": ["One task and one small model only."],
    "questions": ["How was the final threshold chosen?"],
    "limitations": ["The authors say that scale was not tried."],
    "ethical_concerns": False,
    **{name: low + 1 for name, (low, high) in SCALES.items()},
    "decision": "Reject",
}


@pytest.mark.parametrize("name", WRITERS)
def test_content_stays_and_cues_go(name: str, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path / name)
    document = read_paper(path)
    raw = json.dumps([document.title, *([one.heading, one.text] for one in document.sections)])
    assert "Quillfeather" in raw  # The measuring stick: before blinding the cues are there.
    blinded = blind(document)
    shown = fit_to(blinded.document, 100_000).text
    joined = " ".join(shown.split())
    for cue in CUES:
        assert cue.lower() not in joined.lower(), cue
    for kept in CONTENT:
        assert kept in joined, kept
    assert blinded.document.title == TITLE
    headings = [section.heading for section in blinded.document.sections]
    for heading in ("Abstract", "Introduction", "Method", "Experiments", "Conclusion"):
        assert heading in headings
    assert blinded.removed["acknowledgements"] == 1
    assert blinded.removed["link"] == 1
    assert {"front matter", "link"} <= set(blinded.removed)
    # The text of sections without cues is there to the last word.
    assert " ".join(SECTIONS["4 Conclusion"].split()) in joined.replace("- ", "-")


def test_a_long_paper_is_cut_by_sections_and_says_so(tmp_path: Path) -> None:
    document = blind(read_paper(write_pdf(tmp_path / "long.pdf", repeat=12))).document
    whole = fit_to(document, 10**6)
    assert whole.shortened == ()
    assert whole.dropped == ("References",)
    excerpt = fit_to(document, 6_000)
    assert len(excerpt.text) <= 6_000
    assert "Experiments" in excerpt.shortened
    assert "References" in excerpt.dropped
    assert "left out here" in excerpt.text
    for heading in ("Abstract", "Introduction", "Method", "Experiments", "Conclusion"):
        assert f"## {heading}" in excerpt.text
    # What tells the length is not put back: no count stands in the marks.
    assert "characters" not in excerpt.text
    begin = excerpt.text.index("## Method") + 9
    assert excerpt.text[begin:].strip().startswith("Let m be the difference")


def test_shares_go_where_reviews_need_them() -> None:
    long = "A sentence of the paper that says little. " * 400
    document = Document(
        "text",
        "T",
        (
            Section("Abstract", "What it does. " * 40),
            Section("Related Work", long),
            Section("Experiments", long),
            Section("Appendix", long),
            Section("More Proofs", long),
        ),
    )
    excerpt = fit_to(document, 8_000)
    parts = {part.split("\n", 1)[0]: len(part) for part in excerpt.text.split("## ")}
    assert parts["Abstract"] > 500
    assert parts["Experiments"] > 2.5 * parts["Related Work"]
    assert parts["Related Work"] > 1.5 * parts["Appendix"]
    # What follows the appendix's heading is appendix, whatever it is called.
    assert parts["More Proofs"] == pytest.approx(parts["Appendix"], abs=90)
    tiny = fit_to(document, 1_800)
    assert "Appendix" in tiny.dropped
    assert len(tiny.text) <= 1_800


def test_a_paper_without_abstract_keeps_its_beginning() -> None:
    text = "We study margins at length and in depth.\nUniversity of Nowhere\n" + "More words. " * 30
    blinded = blind(Document("text", "T", (Section("", text),)))
    assert "We study margins" in blinded.document.sections[0].text
    assert "Nowhere" not in blinded.document.sections[0].text


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("Mail {ada, bo}@lab.example or bo@lab.example.", "lab.example"),
        ("See www.lab.example/code and \\href{https://x.example}{here}.", "example"),
        ("Published as a conference paper at ICLR 2022\nWe go on.", "ICLR"),
        ("Anonymous authors\nWe go on.", "Anonymous"),
        ("AI-generated, not checked by a person\nWe go on.", "generated"),
        ("This paper was automatically generated by a program. We go on.", "generated"),
        ("Comments: 12 pages, 3 figures\nWe go on.", "12"),
        ("The submission has 9 pages.", "9"),
        ("Some (14 pages with appendix) words.", "14"),
        ("In this nine-page paper we go on.", "nine"),
        ("The appendix spans 20 pages and more.", "20"),
        ("We go on.\npage 7/9\nWe go on.", "7/9"),
        ("We go on. This work was supported by NSF grant 1234 and others.", "NSF"),
        ("We go on. Ada Quill was\nsupported by an ERC Starting Grant. We go on.", "ERC"),
        ("We go on. Part of it was funded under grant agreement No. 714321.", "714321"),
        ("This research was partially funded by the Borealis Foundation.", "Borealis"),
        ("We would like to thank Prof. B. Quill for comments.", "Quill"),
        ("The authors gratefully acknowledge support from Borealis.", "Borealis"),
        ("Ada Quill is a PhD student at Westmark. She received her degree in 2019.", "Westmark"),
    ],
)
def test_passages_that_tell_go(text: str, cue: str) -> None:
    blinded = blind(Document("text", "T", (Section("Introduction", text),)))
    assert cue in text
    assert cue not in blinded.document.sections[0].text
    assert blinded.removed


@pytest.mark.parametrize(
    "text",
    [
        "We tell machine-generated text from text that people wrote.",
        "The corpus has 20 pages of each of 300 books and 5,000 words.",
        "We use momentum 0.9 @ step 10 and write f(x) = {a, b}.",
        "The reviewers accepted 3 of 10 proposals in this game.",
        "At depth 2 of 4 the gradient vanishes.",
        "Alice Smith et al. [3] study margins. Smith and Jones (2019) refute them.",
        "This claim is supported by Table 2 and by the data of 4,000 runs.",
        "Our work is supported by a theoretical foundation and many experiments.",
        "We acknowledge that our method needs support for masks.",
        "Agencies decide on funding by lottery, and grants go to few.",
        "Every node received a degree of 3 from its parent.",
        "See page 7 of the book; a 20-page document is split in two.",
    ],
)
def test_passages_about_the_subject_stay(text: str) -> None:
    blinded = blind(Document("text", "T", (Section("Introduction", text),)))
    assert blinded.document.sections[0].text == text
    assert blinded.removed == {}


@pytest.mark.parametrize(
    "text",
    [
        "# T\n\nAda Quill, Bo Okonjo\n\n## Introduction\n\nWORDS",
        "# T\n\nAda Quill\n\n**Abstract** WORDS\n\n## Introduction\n\nWORDS",
        "T\n\nAda Quill and Bo Okonjo\nWestmark College\n\nWORDS",
        "# T\n\n## Abstract\n\nWORDS\n\n### Acknowledgements\n\nAda Quill helped.",
        "# T\n\n## Abstract\n\nWORDS\n\n**Acknowledgements.** Ada Quill helped.\n\n### Z\n\nWORDS",
        "# T\n\n## Abstract\n\nWORDS\n\nAbout the authors\nAda Quill lives.",
        "\\begin{document}{\\Large T}\\\\ Ada Quill\\\\ \\section{Introduction}WORDS",
        "\\begin{document}\\author{X\\\\{\\small Z}\\\\Ada Quill}\\section{Introduction}WORDS",
        "\\begin{document}\\icmlaffiliation{w}{Quill}\\section{Introduction}WORDS",
        "\\begin{document}\\section{A}WORDS\\paragraph{Acknowledgements.} Ada Quill helped.",
        "\\begin{document}\\section{A}WORDS\\subsection*{Acknowledgments} Ada Quill helped."
        "\\subsection{Z} WORDS",
        "\\begin{document}\\section{A}WORDS\n\\textbf{Acknowledgements.} Ada Quill helped.",
        "\\begin{document}\\section{A}WORDS\\begin{acknowledgement}Quill\\end{acknowledgement}WORDS",
    ],
)
def test_names_go_and_all_words_stay(text: str, tmp_path: Path) -> None:
    words = "We study learning of small networks under many losses. " * 6
    path = tmp_path / ("paper.tex" if text.startswith("\\") else "paper.md")
    path.write_text(text.replace("WORDS", words))
    shown = fit_to(blind(read_paper(path)).document, 10**6).text
    assert "Quill" not in shown
    assert shown.count("We study learning") == 6 * text.count("WORDS")


def test_headings_that_only_begin_as_thanks_do_stay() -> None:
    for heading in ("Funding Decisions", "Acknowledgement Packets", "Authors in Networks"):
        blinded = blind(Document("text", "T", (Section(heading, "We go on."),)))
        assert blinded.document.sections[0].text == "We go on."


@pytest.mark.parametrize(
    "text",
    ["word ", "a", "1,", "we thank ", "\n", "(", "{a ", "paper 1 pages "],
)
def test_lines_of_any_length_are_blinded_at_once(text: str) -> None:
    # In quadratic time some would take half an hour, beyond the limit of any test.
    long = text * (200_000 // len(text)) + ". This is at the end."
    blinded = blind(Document("text", "T", (Section("Introduction", long),)))
    assert blinded.document.sections[0].text.endswith("This is at the end.")


def test_numbers_in_lists_and_tables_are_no_headings(tmp_path: Path) -> None:
    path = tmp_path / "paper.txt"
    path.write_text(
        "A Title\n\nAbstract\n" + "Words of the abstract. " * 20 + "\n1 Introduction\nText.\n"
        "3 Apples were eaten by models\n12 Baselines and more\n2 Our Way\nText.\n0.5 0.7 0.9\n"
    )
    assert [one.heading for one in read_paper(path).sections] == [
        "",
        "Abstract",
        "Introduction",
        "Our Way",
    ]


def test_files_that_are_no_papers_are_refused(tmp_path: Path) -> None:
    from pypdf import PdfWriter

    with pytest.raises(UserError, match="cannot be read"):
        read_paper(tmp_path / "none.pdf")
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\nnothing more")
    with pytest.raises(UserError, match="not a PDF that can be read"):
        read_paper(broken)
    scan = tmp_path / "scan.pdf"
    writer = PdfWriter()
    writer.add_blank_page(600, 800)
    writer.write(scan)
    with pytest.raises(UserError, match="hardly any text"):
        read_paper(scan)
    writer.encrypt("secret")
    locked = tmp_path / "locked.pdf"
    writer.write(locked)
    with pytest.raises(UserError, match="encrypted"):
        read_paper(locked)
    image = tmp_path / "image.png"
    image.write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(UserError, match="neither a PDF nor text"):
        read_paper(image)


def test_inputs_outside_the_folder_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.tex").write_text("the secret text")
    inner = tmp_path / "paper"
    inner.mkdir()
    path = inner / "paper.tex"
    path.write_text("\\begin{document}\\input{../secret}" + "Some words. " * 40 + "\\end{document}")
    assert all("secret text" not in one.text for one in read_paper(path).sections)


def test_parts_are_followed_and_missing_ones_are_named(tmp_path: Path) -> None:
    words = "Some words of the paper. " * 20
    folder = tmp_path / "paper"
    (folder / "parts").mkdir(parents=True)
    (tmp_path / "secret.tex").write_text("the secret text")
    (folder / "link.tex").symlink_to(tmp_path / "secret.tex")
    (folder / "a.tex").write_text("Part a stands here. \\input{paper}")
    (folder / "parts" / "b.tex").write_text("Part b stands here. \\input{c}")
    (folder / "parts" / "c.tex").write_text("Part c stands here.")
    (folder / "d.tex").write_text(
        "\\documentclass[paper]{subfiles}\\begin{document}Part d stands here.\\end{document}"
    )
    (folder / "plot.pgf").write_text("\\pgfpath")
    path = folder / "paper.tex"
    path.write_text(
        "\\begin{document}\\section{One}\\input a\n\\include{parts/b}\\subfile{d}% \\input{no}\n"
        "\\input{gone}\\input{gone}\\input{../secret}\\input{link}\\input{/etc/passwd}"
        f"\\input{{plot.pgf}}\\includegraphics{{x}}\\section{{Two}}{words}\\end{{document}}"
    )
    document = read_paper(path)
    shown = fit_to(blind(document).document, 10**6).text
    for part in "abcd":
        assert f"Part {part} stands here." in shown
    assert "secret" not in shown
    assert "\\input" not in shown
    assert shown.endswith(words.strip())
    said = [note.removeprefix("the part ") for note in blind(document).document.notes]
    assert [note.split(" ")[0] for note in said] == [
        *("paper", "gone", "../secret", "link", "/etc/passwd", "plot.pgf"),
    ]
    assert "not found" in said[1]
    assert all("lies outside the paper's folder" in said[place] for place in (2, 3, 4))


def test_what_is_wrong_with_a_short_file_is_said(tmp_path: Path) -> None:
    for name, text, said in (
        ("empty.pdf", "", "is empty"),
        ("blank.txt", " \n\n", "is empty"),
        ("short.txt", "short", "too short to review"),
        ("part.tex", "\\begin{document}\\input{gone}\\end{document}", "gone was not found"),
    ):
        path = tmp_path / name
        path.write_text(text)
        with pytest.raises(UserError, match=said):
            read_paper(path)


def test_forms_come_back_as_they_were_given() -> None:
    review = parse_form("Here it is:\n```json\n" + json.dumps(FORM) + "\n```")
    assert review.to_json() == {
        name: tuple(value) if isinstance(value, list) else value for name, value in FORM.items()
    }
    assert average([review, parse_form(json.dumps({**FORM, "overall": 7}))])["overall"] == 4.5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"overall": 11}, "overall must be a whole number from 1 to 10, not 11"),
        ({"overall": True}, "overall must be a whole number"),
        ({"soundness": 2.5}, "soundness must be a whole number from 1 to 4"),
        ({"confidence": None}, "confidence"),
        ({"decision": "Weak accept"}, "decision must be Accept or Reject"),
        ({"strengths": []}, "strengths says nothing"),
        ({"questions": "why"}, "questions must be a list of texts"),
        ({"summary": " "}, "summary must be a text"),
        ({"ethical_concerns": "no"}, "ethical_concerns"),
    ],
)
def test_forms_with_faults_are_refused_by_name(change: dict[str, Any], said: str) -> None:
    with pytest.raises(CandidateError) as caught:
        parse_form(json.dumps({**FORM, **change}))
    assert caught.value.kind == "form"
    assert said in caught.value.message


@pytest.mark.parametrize("text", ["", "I cannot.", "{", '{"summary": }', "[1, 2]", "{} {"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(CandidateError):
        parse_form(text)


def test_the_schema_asks_for_what_the_parser_wants() -> None:
    for brief in (False, True):
        schema = form_schema(brief=brief)
        assert list(schema["properties"]) == list(FORM)
        assert schema["required"] == list(FORM)
        assert schema["properties"]["overall"]["enum"] == list(range(1, 11))
    # A small model cannot fill a text with blanks: its grammar asks for a sentence's beginning.
    pattern = form_schema(brief=True)["properties"]["strengths"]["items"]["pattern"]
    assert re.match(pattern, "Sixteen seeds with intervals.")
    assert not re.match(pattern, " " * 40)
    assert not re.match(pattern, "S" * 400)


def test_prompts_insert_text_without_rendering_it() -> None:
    shown = render_prompt("review.jinja", {"paper": "{{ 7 * 7 }} {% if x %}"})
    assert "{{ 7 * 7 }} {% if x %}" in shown
    assert len(PROMPT_NAMES) == 5

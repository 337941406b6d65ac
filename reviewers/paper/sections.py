"""Where a paper's sections begin, in LaTeX, in Markdown and in plain lines."""

from __future__ import annotations

import re

from reviewers.paper.document import Section

__all__ = ["is_appendix", "is_references", "is_thanks", "latex_sections", "line_sections"]

_NAMES = (
    "abstract|introduction|background|preliminaries|related works?|methods?|methodology|approach|"
    "our approach|model|theory|setup|experiments?|experimental (?:setup|results)|evaluation|"
    "results|results and discussion|analysis|ablations?|discussion|limitations|"
    "conclusions?|discussion and conclusions?|broader impacts?|ethics statement|"
    "reproducibility statement|acknowledge?ments?(?: and disclosure of funding)?|"
    "author contributions|funding|references|bibliography|appendix|appendices|"
    "supplementary materials?|compute and cost|data availability"
)
_NAMED = re.compile(rf"(?:(?:\d+|[IVX]+|[A-Z])\.?\s+)?({_NAMES})\s*[:.]?", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:\d{1,2}|[A-H])\.?\s+([A-Z][A-Za-z][^.!?;=<>|]{1,70})")
_MARKDOWN = re.compile(r"#{1,2}\s+(?:\d+\.?\s+)?(\S.*?)\s*#*")
# "Abstract. We show ..." and "Acknowledgements: we thank ..." begin a section within a line.
_RUN_IN = re.compile(
    r"(abstract|acknowledge?ments?|author contributions|funding)\s*[.:—–-]\s*(?=\S)", re.IGNORECASE
)
_THANKS = re.compile(r"acknowledge?ments?|author contributions|funding", re.IGNORECASE)
_REFERENCES = re.compile(r"references|bibliography", re.IGNORECASE)
_APPENDIX = re.compile(r"appendi|supplement", re.IGNORECASE)
_LONGEST_HEADING = 80


def is_thanks(heading: str) -> bool:
    """Whether a section says who wrote, paid for or helped with the paper."""
    return bool(_THANKS.match(heading))


def is_references(heading: str) -> bool:
    """Whether a section is the list of references."""
    return bool(_REFERENCES.match(heading))


def is_appendix(heading: str) -> bool:
    """Whether a section begins the appendix."""
    return bool(_APPENDIX.match(heading))


def line_sections(text: str) -> tuple[Section, ...]:
    """Sections of a text whose headings stand on lines of their own.

    A heading is a Markdown one of the first two levels, a number or a capital followed by a few
    words, or a name that papers give to sections. Numbered lines are believed only as long as the
    numbers grow by one, which items of lists and cells of tables seldom do.
    """
    found: list[tuple[str, list[str]]] = [("", [])]
    last_number = 0
    for line in text.splitlines():
        stripped = line.strip()
        heading, rest = None, ""
        run_in = _RUN_IN.match(stripped)
        if run_in is not None:
            heading, rest = run_in[1], stripped[run_in.end() :]
        elif len(stripped) <= _LONGEST_HEADING:
            heading = _heading(stripped, last_number)
            number = re.match(r"\d{1,2}", stripped)
            if heading is not None and number is not None:
                last_number = int(number[0])
        if heading is None:
            found[-1][1].append(line)
        else:
            found.append((heading, [rest] if rest else []))
    return _sections(found)


def _heading(line: str, last_number: int) -> str | None:
    markdown = _MARKDOWN.fullmatch(line)
    if markdown is not None:
        return markdown[1]
    named = _NAMED.fullmatch(line)
    if named is not None:
        return named[1]
    numbered = _NUMBERED.fullmatch(line)
    if numbered is None or not line[0].isdigit():
        return None
    return numbered[1] if int(re.split(r"\D", line, maxsplit=1)[0]) == last_number + 1 else None


_LATEX = re.compile(
    r"\\section\*?\s*(?:\[[^\]]*\])?\{(?P<section>(?:[^{}]|\{[^{}]*\})*)\}"
    r"|\\begin\{(?P<begin>abstract|ack|acks|acknowledgments|thebibliography)\}(?:\{[^{}]*\})?"
    r"|\\end\{(?P<end>abstract|ack|acks|acknowledgments|thebibliography)\}"
    r"|(?P<appendix>\\appendix\b)"
)
_ENVIRONMENTS = {
    "abstract": "Abstract",
    "ack": "Acknowledgements",
    "acks": "Acknowledgements",
    "acknowledgments": "Acknowledgements",
    "thebibliography": "References",
}


def latex_sections(text: str) -> tuple[Section, ...]:
    """Sections of the body of a LaTeX file."""
    found: list[tuple[str, list[str]]] = [("", [])]
    end = 0
    for match in _LATEX.finditer(text):
        found[-1][1].append(text[end : match.start()])
        end = match.end()
        if match["section"] is not None:
            found.append((" ".join(match["section"].split()), []))
        elif match["begin"] is not None:
            found.append((_ENVIRONMENTS[match["begin"]], []))
        elif match["appendix"] is not None:
            found.append(("Appendix", []))
        else:
            # What follows an environment belongs to no heading yet.
            found.append(("", []))
    found[-1][1].append(text[end:])
    return _sections(found)


def _sections(found: list[tuple[str, list[str]]]) -> tuple[Section, ...]:
    sections = (Section(heading, "\n".join(lines).strip()) for heading, lines in found)
    return tuple(one for one in sections if one.text or one.heading)

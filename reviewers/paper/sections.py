"""Where a paper's sections begin, in LaTeX, in Markdown and in plain lines."""

from __future__ import annotations

import re

from reviewers.paper.document import Section

__all__ = [
    "is_abstract",
    "is_appendix",
    "is_references",
    "is_thanks",
    "latex_sections",
    "line_sections",
]

_THANKS_NAMES = (
    r"acknowledge?ments?(?:\s+(?:and|&|of)\s[^\n]{1,50})?|(?:disclosure\s+of\s+)?funding"
    r"(?:\s+(?:statement|information|sources?|disclosures?|acknowledge?ments?))?|"
    r"(?:credit\s+)?author(?:ship|s'?|'s)?\s+(?:contributions?|biograph(?:y|ies)|information|notes?)"
    r"(?:\s+statements?)?|contributions\s+of\s+(?:the\s+)?authors|about\s+the\s+authors?|"
    r"biograph(?:y|ies)|financial\s+(?:support|disclosures?)|"
    r"(?:competing|conflicts?\s+of)\s+interests?"
)

_NAMES = (
    "abstract|introduction|background|preliminaries|related works?|methods?|methodology|approach|"
    "our approach|model|theory|setup|experiments?|experimental (?:setup|results)|evaluation|"
    "results|results and discussion|analysis|ablations?|discussion|limitations|"
    "conclusions?|discussion and conclusions?|broader impacts?|ethics statement|"
    rf"reproducibility statement|{_THANKS_NAMES}|references|bibliography|appendix|appendices|"
    "supplementary materials?|compute and cost|data availability"
)
_NAMED = re.compile(rf"(?:(?:\d+|[IVX]+|[A-Z])\.?\s+)?({_NAMES})\s*[:.]?", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:\d{1,2}|[A-H])\.?\s+([A-Z][A-Za-z][^.!?;=<>|]{1,70})")
_MARKDOWN = re.compile(r"#{1,2}\s+(?:\d+\.?\s+)?(\S.*?)\s*#*")
_MARKDOWN_BELOW = re.compile(r"#{3,6}\s+(?:[\d.]+\s+)?(\S.*?)\s*#*")
# "Abstract. We show ..." and "Acknowledgements: we thank ..." begin a section within a line.
_RUN_IN = re.compile(
    r"(abstract|acknowledge?ments?|author contributions|funding)\s*[.:—–-]\s*(?=\S)"
    # Where the mark is lost in a PDF, the capitals and the next word tell.
    r"|(?-i:(A(?:cknowledge?ments?|CKNOWLEDGE?MENTS?)))\s+(?=(?:we|this|the authors?|I)\b)",
    re.IGNORECASE,
)
_BOLD = re.compile(
    rf"(?:\*{{1,3}}|_{{1,3}})\s?(?:\d{{1,2}}\.?\s+)?({_NAMES})\s*[.:—–-]?\s?(?:\*{{1,3}}|_{{1,3}})"
    r"\s*[.:—–-]?\s*",
    re.IGNORECASE,
)
_BOLD_OTHER = re.compile(r"(?:\*\*|__)\s?\S[^*_]{0,78}(?:\*\*|__)(?:\s|\Z)")
# Of a line of its own these two would be cells of tables more often than headings.
_THANKS = re.compile(
    rf"\W*(?:{_THANKS_NAMES}|authors|affiliations?)\W*(?:\([^()]*\))?\W*", re.IGNORECASE
)
_ABSTRACT = re.compile(r"\W*abstract\W*", re.IGNORECASE)
_REFERENCES = re.compile(r"references|bibliography", re.IGNORECASE)
_APPENDIX = re.compile(r"appendi|supplement", re.IGNORECASE)
_LONGEST_HEADING = 80


def is_thanks(heading: str) -> bool:
    """Whether a section says who wrote, paid for or helped with the paper."""
    return len(heading) <= _LONGEST_HEADING and bool(_THANKS.fullmatch(heading))


def is_abstract(heading: str) -> bool:
    """Whether a section is the abstract."""
    return bool(_ABSTRACT.fullmatch(heading))


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
    numbers grow by one, which items of lists and cells of tables seldom do. Thanks are a section of
    their own at every level, up to the next heading of any level.
    """
    found: list[tuple[str, list[str]]] = [("", [])]
    last_number = 0
    for line in text.splitlines():
        stripped = line.strip()
        heading, rest = _run_in(stripped)
        if heading is None and len(stripped) <= _LONGEST_HEADING:
            heading = _heading(stripped, last_number)
            number = re.match(r"\d{1,2}", stripped)
            if heading is not None and number is not None:
                last_number = int(number[0])
        if heading is None and is_thanks(found[-1][0]) and _is_below(stripped):
            heading, rest = "", line
        if heading is None:
            found[-1][1].append(line)
        else:
            found.append((heading, [rest] if rest else []))
    return _sections(found)


def _run_in(line: str) -> tuple[str | None, str]:
    """A heading with which a line of text begins, and the rest of the line."""
    found = _RUN_IN.match(line) or _BOLD.match(line)
    if found is None:
        return None, ""
    name, rest = next(name for name in found.groups() if name), line[found.end() :]
    # "**Funding** decisions are ..." is a sentence: other names need a mark, or end the line.
    if rest and not re.match("abstract|acknowl", name, re.IGNORECASE):
        known = is_thanks(name) and re.search("[.:—–-]", found[0])
        return (name, rest) if known else (None, "")
    return name, rest


def _is_below(line: str) -> bool:
    """Whether a line begins a part of a section."""
    return bool(_MARKDOWN_BELOW.fullmatch(line) or _BOLD_OTHER.match(line))


def _heading(line: str, last_number: int) -> str | None:
    markdown = _MARKDOWN.fullmatch(line)
    if markdown is not None:
        return markdown[1].strip("*_ ") or markdown[1]
    below = _MARKDOWN_BELOW.fullmatch(line)
    if below is not None and (is_thanks(below[1]) or is_abstract(below[1])):
        return below[1]
    named = _NAMED.fullmatch(line)
    if named is not None:
        return named[1]
    numbered = _NUMBERED.fullmatch(line)
    if numbered is None or not line[0].isdigit():
        return None
    return numbered[1] if int(re.split(r"\D", line, maxsplit=1)[0]) == last_number + 1 else None


_GROUP = r"\s*(?:\[[^\]\n]{0,200}\])?\s*\{(?P<%s>(?:[^{}]|\{[^{}]*\})*)\}"
_ENVIRONMENT = r"abstract|acks?|acknowledge?ments?|thebibliography|(?:IEEE)?biography(?:nophoto)?"
_LATEX = re.compile(
    r"\\section\*?"
    + _GROUP % "section"
    + r"|\\(?:(?:sub){1,2}section|(?:sub)?paragraph)\*?"
    + _GROUP % "below"
    + r"|^\s*(?:\\noindent\s*)?(?:\\(?:textbf|textsc|textit|emph)\s*\{|"
    r"\{\\(?:bf|sc|it|em|bfseries)\s)\s*"
    r"(?P<bold>abstract|acknowledge?ments?|author contributions)\s*[.:]?\s*\}\s*[.:]?"
    rf"|\\begin\{{(?P<begin>{_ENVIRONMENT})\*?\}}(?:\{{[^{{}}]*\}})?"
    rf"|\\end\{{(?P<end>{_ENVIRONMENT})\*?\}}"
    r"|(?P<appendix>\\appendix\b)"
    # In small letters only: \ACK is a packet.
    r"|\\(?P<command>(?-i:abstract(?=\s*\{)|acks(?=\s*\{)|acknowledge?ments?\b))",
    re.IGNORECASE | re.MULTILINE,
)


def latex_sections(text: str) -> tuple[Section, ...]:
    """Sections of the body of a LaTeX file.

    Thanks are a section of their own at every level, up to the next heading of any level.
    """
    found: list[tuple[str, list[str]]] = [("", [])]
    end = 0
    for match in _LATEX.finditer(text):
        heading, shown = _latex_heading(match, is_thanks(found[-1][0]))
        if heading is None:
            continue
        found[-1][1].append(text[end : match.start()])
        end = match.end()
        found.append((heading, [shown] if shown else []))
    found[-1][1].append(text[end:])
    return _sections(found)


def _latex_heading(match: re.Match[str], in_thanks: bool) -> tuple[str | None, str]:
    """The heading that begins at a match, None for none, and what of the match is text."""
    if match["section"] is not None:
        return " ".join(match["section"].split()), ""
    if match["below"] is not None:
        name = " ".join(match["below"].split())
        if is_thanks(name):
            return name, ""
        return ("", match[0]) if in_thanks else (None, "")
    if match["appendix"] is not None:
        return "Appendix", ""
    # What follows an environment belongs to no heading yet.
    if match["end"] is not None:
        return "", ""
    name = (match["begin"] or match["bold"] or match["command"]).lower()
    if name == "abstract":
        return "Abstract", ""
    return ("References" if name == "thebibliography" else "Acknowledgements"), ""


def _sections(found: list[tuple[str, list[str]]]) -> tuple[Section, ...]:
    sections = (Section(heading, "\n".join(lines).strip()) for heading, lines in found)
    return tuple(one for one in sections if one.text or one.heading)

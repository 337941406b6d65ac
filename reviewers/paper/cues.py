"""Passages that give away who wrote a paper, what became of it or how long it is.

Every pattern begins at a word, or bounds what it looks at, so that a text of any form takes time in
proportion to its length. Where a whole sentence must go, its words are looked for sentence by
sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

__all__ = ["PASSAGES", "SENTENCES", "without_sentences"]

_COUNT = (
    r"(?:(?<![\d,])\d[\d,]{0,8}|\b(?:(?:twenty|thirty|forty|fifty)(?:-\w{3,5})?|one|two|three|four|"
    r"five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    r"eighteen|nineteen))"
)
_WORK = r"(?:paper|manuscript|submission|article|appendix|supplement(?:ary material)?)"

PASSAGES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "link",
        re.compile(
            r"\\href\s*\{[^{}]*\}|\\url\s*\{[^{}]*\}|(?:https?://|www\.)[^\s{}<>\"]+"
            r"|\b(?:github|gitlab|bitbucket|huggingface|osf|zenodo)\.(?:com|org|io|co)"
            r"/[^\s{}<>\"]+",
            re.IGNORECASE,
        ),
    ),
    (
        "e-mail",
        re.compile(
            r"(?:\\?\{[\w.,\s+-]+\\?\}|(?<![\w.+-])[\w.+-]+)\s?@\s?[\w-]+(?:\.[\w-]+)+"
            r"|\bmailto:\S+"
        ),
    ),
    ("ORCID", re.compile(r"(?:ORCID:?\s{0,9})?\b\d{4}-\d{4}-\d{4}-\d{3}[\dX]\b")),
    (
        "machine mark",
        re.compile(
            r"^[^\w\n]{0,20}(?:AI|LLM|machine)[- ](?:generated|written)\b[^\n]{0,160}$"
            r"|\b(?:this|the) (?:paper|manuscript|document|report|text) (?:was|is|has been) "
            r"(?:\w{1,20}ly )?(?:(?:AI|LLM|machine)[- ])?(?:generated|written)\b[^\n.]*\.?",
            re.IGNORECASE | re.MULTILINE,
        ),
    ),
    (
        "length",
        re.compile(
            r"\bpage\s{1,9}\d{1,4}\s{0,9}(?:of|/)\s{0,9}\d{1,4}\b"
            rf"|\({_COUNT}\s+pages?\b[^()\n]{{0,60}}\)"
            rf"|^[^\w\n]{{0,20}}(?:comments?:\s{{0,9}})?{_COUNT}\s{{1,9}}pages?\b"
            r"(?:,\s{0,9}\d{1,4}\s{1,9}(?:figures?|tables?)){0,9}[^\w\n]{0,20}$"
            r"|^[^\w\n]{0,20}word count:?\s{0,9}\d[\d,]{0,8}"
            # Of "this nine-page paper" the paper stays.
            rf"|{_COUNT}[- ]pages?\s{{1,9}}(?=(?:\w{{1,20}}\s)?{_WORK}\b)"
            rf"|\b(?:paper|manuscript|submission|text)\b[^\n.]{{0,30}}{_COUNT}\s{{1,9}}"
            r"(?:pages?|words)\b"
            r"|\b(?:article|appendix|appendices|supplement(?:ary materials?)?)\b"
            rf"[^\n.]{{0,30}}{_COUNT}\s{{1,9}}pages?\b"
            rf"|{_COUNT}\s{{1,9}}pages?\s{{1,9}}(?:of\s{{1,9}})?(?:the\s{{1,9}})?"
            r"(?:appendix|appendices|supplementary|main text)\b",
            re.IGNORECASE | re.MULTILINE,
        ),
    ),
)


def _pattern(text: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    """A pattern in which a blank also stands for the end of a line."""
    return re.compile(text.replace(" ", r"\s{1,9}"), flags)


_STATUS = _pattern(
    r"\b(?:anonymous authors?|anonymous submission|paper under double-blind review|"
    r"under review (?:as|at|by|for)\b|(?:published|accepted) (?:as a|at|to|in|by)\b"
    r"[^\n.]{0,40}\b(?:conference|workshop|journal|proceedings|ICLR|NeurIPS|ICML|AAAI|"
    r"TMLR|CVPR|ACL|EMNLP)|do not distribute|equal contribution|"
    r"corresponding author|work (?:was )?done (?:while|during)|camera.ready)"
    r"|\A\W{0,20}(?:preprint|(?:preprint, )?under review)\W{0,9}\Z"
)
_HELPED = _pattern(
    r"\b(?:we|I|(?:the|all) authors?) (?:(?:would like to|want to|wish to|also|further|are|am|is|"
    r"very|most|deeply|gratefully|sincerely|warmly|especially|would also like to) )*"
    r"(?:thanks?\b|grateful (?:to|for)\b|indebted to\b|thankful (?:to|for)\b"
    r"|acknowledges? (?!that\b)[^.]{0,90}\b(?:support|funding|fellowships?|grants?|resources|"
    r"discussions|comments|assistance|hospitality)\b)"
    r"|\bspecial thanks (?:to|go)\b"
)
_PAID = _pattern(
    r"\b(?:supported|funded|sponsored|financed)\b[^.;]{0,60}?\b(?:by|through|under|from|via)\b"
    r"|\b(?:financial support|funding) (?:was |is |were )?(?:received |provided |given )?"
    r"(?:from|by)\b"
    r"|\b(?:compute|computing|computational) (?:resources|time)\b[^.;]{0,60}\b(?:provided|granted)"
    r"(?: \w{1,20})? by\b"
)
_OWN = _pattern(
    r"\b(?:this|our|the present|the authors?'?|these|parts? of (?:this|the)) "
    r"(?:\w{1,20} ){0,2}?(?:work|research|study|project|paper|material|investigation|article|"
    r"publication|effort|supported|funded|compute|computing|computational)\b"
    r"|\A\W{0,9}(?:financial|funding|supported|funded|comput)"
)
_GRANT = _pattern(r"\b(?:grants?|awards?|contracts?|fellowships?|scholarships?|stipends?)\b")
_GRANT_NUMBER = _pattern(
    r"\b(?:grants?|awards?|contracts?)(?: (?:agreements?|nos?\.?|numbers?|ids?))* "
    r"[#(]?[A-Z\d/-]{0,12}\d{3}"
)
# With their capitals: a theoretical foundation pays for nothing.
_FUNDER = _pattern(
    r"\b(?:NSF|NIH|DARPA|IARPA|ERC|DFG|BMBF|EPSRC|UKRI|NSERC|CIFAR|ANR|SNSF|JSPS|JST|ONR|AFOSR|"
    r"ARO|DOE|NSFC|FWF|NWO|ARC|FAPESP|CNPq|MIUR|KAIST|IITP|NRF|MEXT|DAAD|ELLIS|EU|"
    r"Foundation|Council|Ministry|Institutes?|Society|Agency|Universit\w{1,4}|Department|Office|"
    r"Commission|Academy|Cent(?:er|re)|Program(?:me)?|Fund|Trust|Horizon|Laborator(?:y|ies)|"
    r"Fellowship|Scholarship|Corporation|Inc|Google|Microsoft|Meta|Amazon|NVIDIA|Intel|IBM|Apple|"
    r"OpenAI|DeepMind|Stiftung|Gemeinschaft)\b",
    0,
)
_LIFE = _pattern(
    r"\breceived (?:(?:his|her) (?:\w{1,20} ){0,2}?degrees?\b|(?:his|her|their|the|an?) "
    r"(?:Ph\.? ?D|[BM]\.? ?Sc|[BM]\.? ?[SAE]\.|bachelor(?:'?s)?\b|"
    r"master(?:'?s)? (?:degree|of|in)\b))"
    r"|\b(?:he|she|[A-Z]\w{1,30}) (?:is|was) (?:currently |now )?an? (?:\w{1,20} ){0,3}?"
    r"(?:professor|(?:Ph\.?D\.?|doctoral) (?:student|candidate)|postdoc\w{0,20}|"
    r"research scientist|lecturer) (?:\w{1,20} ){0,4}?(?:at|with|in) (?:the )?(?-i:[A-Z])"
)


def _is_thanks(sentence: str) -> re.Match[str] | None:
    """What shows that a sentence thanks somebody, says who paid, or tells an author's life."""
    found = _HELPED.search(sentence) or _LIFE.search(sentence)
    if found is not None:
        return found
    found = _PAID.search(sentence)
    if found is None:
        return None
    # "This claim is supported by Table 2" says nothing of money: somebody must give some.
    grant = _GRANT.search(sentence)
    funder = _FUNDER.search(sentence)
    own = _OWN.search(sentence) is not None and (grant is not None or funder is not None)
    named = grant is not None and funder is not None and grant[0].lower()[-1] != "s"
    return found if own or named or _GRANT_NUMBER.search(sentence) else None


SENTENCES: tuple[tuple[str, bool, Callable[[str], re.Match[str] | None]], ...] = (
    ("status", True, _STATUS.search),
    ("thanks", False, _is_thanks),
)
"""By kind: whether a line's end is a sentence's, as in heads of pages, and what finds the cue."""

# A period after an initial or one of these ends no sentence.
_END = re.compile(
    r"(?<!\b[A-Z])(?<!\b[Nn]o)(?<!\b[Nn]os)(?<!\b[DM]r)(?<!\bMrs)(?<!\bProf)(?<!\bSt)(?<!\bal)"
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\bPh\.D)(?<!\bPh)(?<!\bFig)(?<!\bEq)(?<!\bSec)(?<!\bInc)(?<!\bvs)"
    r"[.!?][)\]}\"'*_]{0,3}(?=\s|\Z|[A-Z\\])"
    r"|(?=\\(?:(?:sub){0,2}section|(?:sub)?paragraph|item|begin|end)\b)"
)
# A shorter line is a heading or a cell, and no part of a sentence that goes on in the next.
_SHORTEST_LINE = 30
# What has no full stop for longer is no sentence, and is looked at in parts of this length.
_LONGEST = 1_000
_PART = re.compile(rf".{{1,{_LONGEST // 2}}}(?:\s|\Z)|.{{1,{_LONGEST // 2}}}", re.DOTALL)


def without_sentences(
    text: str, by_line: bool, find: Callable[[str], re.Match[str] | None]
) -> tuple[str, int]:
    """A text without the sentences in which something is found.

    Args:
        text: It.
        by_line: Whether every line ends a sentence; otherwise a short one or an empty one does.
        find: Finds the cue in a sentence.

    Returns:
        The rest, and how many sentences went.
    """
    kept, removed = [], 0
    for sentence in _sentences(text, by_line):
        if not sentence.strip() or find(sentence) is None:
            kept.append(sentence)
            continue
        removed += 1
        # Blanks at the ends stay: paragraphs remain apart.
        bare = sentence.strip()
        kept.append(" ".join(sentence.partition(bare)[::2]))
    return "".join(kept), removed


def _sentences(text: str, by_line: bool) -> Iterator[str]:
    """The text in pieces that together are the whole of it."""
    for sentence in _whole_sentences(text, by_line):
        if len(sentence) <= _LONGEST:
            yield sentence
        else:
            yield from _PART.findall(sentence)


def _whole_sentences(text: str, by_line: bool) -> Iterator[str]:
    waiting: list[str] = []
    for line in text.splitlines(keepends=True):
        begin = 0
        for match in _END.finditer(line):
            waiting.append(line[begin : match.end()])
            begin = match.end()
            yield "".join(waiting)
            waiting = []
        waiting.append(line[begin:])
        if by_line or len(line.strip()) < _SHORTEST_LINE:
            yield "".join(waiting)
            waiting = []
    yield "".join(waiting)

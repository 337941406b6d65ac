"""What no sentence of a paper may do, judged on tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.papers.claims.book import FactBook
from agent.papers.claims.facts import Fact
from agent.papers.claims.problem import Problem
from agent.papers.claims.tokens import Token, paragraphs_of
from agent.papers.claims.typeset import is_plain
from agent.papers.claims.whereabouts import misnamed, misplaced

__all__ = ["judge"]

_UNITS = "two|three|four|five|six|seven|eight|nine"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_TEENS = (
    "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|zero|dozens?"
)
_NUMBER_WORDS = re.compile(
    rf"\b(?:{_UNITS}|{_TENS}|{_TEENS}|hundreds?|thousands?|millions?|billions?|twice|thrice|"
    r"doubl(?:e|es|ed|ing)|tripl(?:e|es|ed|ing)|quadrupl\w+|halv(?:e|es|ed|ing)|half|"
    r"(?:an?|one|two|three)[ -](?:(?:good|full|mere) )?(?:third|quarter|fifth|sixth|seventh|"
    r"eighth|ninth|tenth|\w+teenth|twentieth|hundredth|thousandth|millionth|couple|handful)s?|"
    r"(?:single|one) (?:seed|task|run|baseline|experiment|function)|trillions?|quintupl\w+|"
    r"trebl(?:e|es|ed|ing)|unity|nil|nought|naught|\w+fold|per ?cent|percent\w*|"
    r"orders?[ -]of[ -]magnitude|(?:one|several|many|few|multiple|pi) (?:times|percent|fold))\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"[%‰]")
_CITED_IN_WORDS = re.compile(
    r"\bet al\b|https?:|www\.|\barxiv\b|\bdoi\b|\[[^\]]*\]|"
    r"\b(?:prior|recent|previous) work (?:by|of)\b|\band (?:colleagues|co-?workers)\b",
    re.IGNORECASE,
)
_CITED_BY_NAME = re.compile(
    r"\b(?:[Bb]y|[Oo]f|[Ff]ollowing|[Aa]fter|[Ss]ee|[Ll]ike) [A-Z][a-z]+ and [A-Z][a-z]+\b"
)
_POINTED_IN_WORDS = re.compile(r"\b(?:Figure|Fig|Table|Equation|Eq|Section|Appendix)\b")
_MARKUP = re.compile(r"[\\${}#^_~<>|`*@]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n\s*\n")
_AHEAD = re.compile(
    r"\b(?:outperform\w*|beats?|beat|beating|superior\w*|better than|improv\w+|surpass\w*|"
    r"exceed\w*|enhanc\w+|boost\w*|ahead of|state.of.the.art|higher than|advantage over|"
    r"wins? (?:over|against)|significant\w*|breakthrough|ever (?:found|seen|published|known)|"
    r"unmatched|unrivall?ed|unprecedented|second to none|perfect\w*|(?:trails?|loses? to) it)\b",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"\b(?:underperform\w*|worse than|inferior\w*|falls? (?:short|behind)|is behind|lower than)\b",
    re.IGNORECASE,
)
_HEDGED = re.compile(
    r"\b(?:not|no|never|neither|nor|cannot|without|whether|if|could|may|might|would|should|aims?|"
    r"seeks?|hopes?|asks?|tests?|question|unclear|until|unless|probably|supposed|expected|"
    r"to (?:be|improve|enhance|outperform|beat|exceed|surpass))\b",
    re.IGNORECASE,
)
# Words that hedge elsewhere and here do the opposite.
_EMPHATIC = re.compile(
    r"\b(?:(?:without|beyond|no) (?:any |a )?(?:doubt|question)|(?:could|can) ?not be|not only|"
    r"no (?:less|wonder|exception)|without (?:any )?exception)\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[;:]|\b(?:and|but)\b")


def judge(
    tokens: Sequence[Token],
    book: FactBook,
    *,
    citable: Collection[str],
    figures: Collection[str],
    tables: Collection[str],
) -> list[Problem]:
    """Every problem of a text.

    Args:
        tokens: The text.
        book: Whose facts it may state.
        citable: Keys that may be cited.
        figures: Keys of the paper's figures.
        tables: Keys of its tables.
    """
    known = {"cite": citable, "figure": figures, "table": tables}
    problems: list[Problem] = []
    for token in tokens:
        if token.kind == "text":
            problems += _words(token.text)
        elif token.kind != "fact":
            problems += [
                Problem(
                    "citation" if token.kind == "cite" else "pointer",
                    f"{token.kind}({key!r}) leads nowhere: there is no such key",
                )
                for key in token.keys
                if key not in known[token.kind]
            ]
    mentions = _plain_mentions(book)
    problems += _subjects(tokens, mentions)
    for paragraph in paragraphs_of(tokens):
        problems += misplaced(paragraph, book)
        for sentence in paragraph:
            problems += misnamed(sentence)
            problems += _claims(sentence)
            problems += _unnamed_metrics(sentence, book)
    return problems


def _words(text: str) -> Iterator[Problem]:
    for found in re.finditer(r"\S*\d\S*", text):
        yield Problem("digit", "digits stand outside a reference", _near(text, found.start()))
    for place, character in enumerate(text):
        ordinary = re.match(r"\d", character)
        if ordinary is None and unicodedata.numeric(character, None) is not None:
            yield Problem("digit", f"{character!r} is a number", _near(text, place))
        elif not is_plain(character):
            name = unicodedata.name(character, "a character without a name").lower()
            message = f"the character {name} has no place in prose: say it in words"
            yield Problem("markup", message, _near(text, place))
    for pattern, kind, message in (
        (_NUMBER_WORDS, "number_word", "is a number in words: use a reference or leave it out"),
        (_PERCENT, "number_word", "is a number's unit without its number"),
        (_CITED_IN_WORDS, "citation", "cites in words: use cite('key')"),
        (_CITED_BY_NAME, "citation", "cites in words: use cite('key')"),
        (_POINTED_IN_WORDS, "pointer", "points in words: use figure('key') or table('key')"),
        (_MARKUP, "markup", "is markup: write plain words"),
    ):
        for found in pattern.finditer(text):
            yield Problem(kind, f"{found[0]!r} {message}", _near(text, found.start()))


def _near(text: str, place: int) -> str:
    return " ".join(text[max(0, place - 30) : place + 30].split())


def _plain_mentions(book: FactBook) -> Mapping[str, re.Pattern[str]]:
    """How people whom numbers may be about are called without a reference."""
    titles = {one.name: one.title for one in book.template.baselines}
    found = {}
    for name in book.baselines:
        calls = {name, name.replace("_", " "), name.replace("_", "-")}
        short = titles.get(name, name).partition(":")[0].strip()
        calls |= {short, short.partition("(")[0].strip()}
        found[name] = calls
    candidate = book.candidate.name
    found["candidate"] = {candidate, candidate.replace("_", " ")}
    patterns = {
        name: "|".join(rf"\b{re.escape(call)}\b" for call in sorted(calls, key=len)[::-1] if call)
        for name, calls in found.items()
    }
    patterns["candidate"] += (
        r"|\b(?:the|our|this) (?:candidate|proposal|proposed \w+|new \w+|discovered \w+)\b"
        r"|\bour (?:loss|method|approach|objective|function)\b"
    )
    if book.best is not None:
        patterns[book.best.name] += r"|\bbest baseline\b"
    return {name: re.compile(text, re.IGNORECASE) for name, text in patterns.items()}


@dataclass(frozen=True)
class _Event:
    """A mention of somebody, or a number about somebody, in the order of reading."""

    mentioned: str | None
    fact: Fact | None
    sentence: int


def _events(
    tokens: Sequence[Token], mentions: Mapping[str, re.Pattern[str]]
) -> Iterator[list[_Event]]:
    """The events of each paragraph."""
    paragraph: list[_Event] = []
    sentence = 0
    for token in tokens:
        if token.kind == "text":
            marks: list[tuple[int, str | None]] = [
                (found.start(), name)
                for name, pattern in mentions.items()
                for found in pattern.finditer(token.text)
            ]
            marks += [(found.start(), None) for found in _SENTENCE_END.finditer(token.text)]
            for place, name in sorted(marks, key=lambda mark: (mark[0], mark[1] or "")):
                if name is not None:
                    paragraph.append(_Event(name, None, sentence))
                    continue
                sentence += 1
                if re.match(r"\s*\n\s*\n", token.text[place:]):
                    yield paragraph
                    paragraph = []
        elif token.fact is not None and token.is_mention:
            paragraph.append(_Event(token.fact.subjects[0], None, sentence))
        elif token.fact is not None and token.fact.subjects:
            paragraph.append(_Event(None, token.fact, sentence))
    yield paragraph


def _subjects(
    tokens: Sequence[Token], mentions: Mapping[str, re.Pattern[str]]
) -> Iterator[Problem]:
    """Every number stands behind the name of whom it is about."""
    for events in _events(tokens, mentions):
        said: list[str] = []
        for place, event in enumerate(events):
            if event.mentioned is not None:
                if not said or said[-1] != event.mentioned:
                    said.append(event.mentioned)
                continue
            assert event.fact is not None
            about = event.fact.subjects
            rest = [
                later.mentioned
                for later in events[place + 1 :]
                if later.mentioned is not None and later.sentence == event.sentence
            ]
            if not _fits(about, said, rest):
                yield Problem(
                    "subject",
                    f"{event.fact.reference.key} is about {' and '.join(about)}: name them in this "
                    "order, and nobody else, right before it",
                )


def _fits(about: tuple[str, ...], said: Sequence[str], rest: Sequence[str]) -> bool:
    if not said:
        return False
    if len(about) == 1:
        return said[-1] == about[0]
    if tuple(said[-2:]) == about:
        return True
    return said[-1] == about[0] and rest[:1] == [about[1]]


def _unnamed_metrics(sentence: Sequence[Token], book: FactBook) -> Iterator[Problem]:
    """A number of another metric than the one that ranks stands beside that metric's name."""
    words = [token.text for token in sentence if token.kind == "text"]
    facts = [token.fact for token in sentence if token.fact is not None]
    said = " ".join([*words, *(fact.text for fact in facts if fact.kind == "words")]).lower()
    titles = {metric.name: metric.title.lower() for metric in book.spec.metrics}
    for fact in facts:
        name = fact.metric
        if name is None or name == book.spec.primary.name:
            continue
        if titles[name] not in said and name.lower() not in said:
            yield Problem(
                "subject", f"{fact.reference.key} needs the words {titles[name]!r} in its sentence"
            )


def _claims(sentence: Sequence[Token]) -> Iterator[Problem]:
    """Who says that something is better or worse shows by how much, and is sure of it."""
    words = " ".join(token.text for token in sentence if token.kind == "text")
    shown = [
        token.fact
        for token in sentence
        if token.fact is not None and token.fact.reference.function.startswith("difference")
    ]
    for pattern, holds in (
        (_AHEAD, any(fact.low is not None and fact.low > 0 for fact in shown)),
        (_BEHIND, any(fact.high is not None and fact.high < 0 for fact in shown)),
    ):
        found = next((one for one in pattern.finditer(words) if not _hedged(words, one)), None)
        if found and not holds:
            yield Problem(
                "claim",
                f"{found[0]!r} needs difference(...) in the same sentence, with an interval that "
                "excludes zero on that side",
                _near(words, found.start()),
            )


def _hedged(words: str, claim: re.Match[str]) -> bool:
    """Whether what is claimed is doubted, asked or denied in the same clause, before it is said."""
    clause = _CLAUSE_END.split(words[: claim.start()])[-1]
    return _HEDGED.search(_EMPHATIC.sub(" ", clause + claim[0])) is not None

"""Writing with a small model: it chooses among prepared sentences and adds a few of its own.

A small model that writes whole sentences repeats its instructions and invents formulas. What it
can do is choose: which way to say a thing, which comparison to add. What it adds in its own words
is one short sentence a section, under the same rules as everything and stricter ones besides; where
that does not pass, the section does without it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from agent.llm.contract import LanguageModel, is_small
from agent.papers.authorship import BY_MODEL, CHOSEN, CHOSEN_AND_OWN
from agent.papers.checking import check_source
from agent.papers.claims.problem import Problem
from agent.papers.sections import SECTIONS, Section, context_of
from agent.papers.stock import OWN, Slot, compose, plain_text, stock_of
from agent.papers.writing import Author, Written
from templates.errors import CandidateError

__all__ = ["ChoosingAuthor", "manner_of"]

_LETTERS = "abcdefgh"
_NONE = "none"
_MAX_TOKENS = 220
_REST_OF_SENTENCE = r"( [a-z]{1,16}(-[a-z]{1,12})?,?){5,20}\.$"
_LONGEST_WORD = 18
# A small model likes to praise and to compare; what was measured is said by prepared sentences.
_PRAISE = re.compile(
    r"\b(?:promising|robust\w*|effective\w*|efficient\w*|novel\w*|innovat\w+|powerful|optimal\w*|"
    r"best|great\w*|excellent|successful\w*|good|well|strong\w*|achiev\w+|performs?|performance|"
    r"accura\w+|confident|confidence|crucial|critical|important|essential|discover\w+|prove[nsd]?|"
    r"demonstrat\w+|show(?:s|n|ed)?|outperform\w*|better|worse|higher|lower|superior\w*|improv\w+|"
    r"enhanc\w+|beat\w*|exceed\w*|surpass\w*|ahead|behind|known functions?|baselines?|i|we|our|us|"
    r"you|your|section|sentence|json)\b",
    re.IGNORECASE,
)
_STOP_WORDS = frozenset(
    "the a an of and or in on to is are was were be by it its this that with for as at from not "
    "which who what than then there".split()
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_MOST_SHARED = 0.6
_FEWEST_NEW = 3


class ChoosingAuthor(Author):
    """Puts sections together from the sentences of `agent.papers.stock`."""

    system: ClassVar[str] = "choosing_system.jinja"

    def __post_init__(self) -> None:
        super().__post_init__()
        # A small model has few things to say; once is enough for each.
        self._said: list[str] = []

    def write(self, section: Section, before: str) -> Written:
        """See `Author.write`: a first choice, then one refinement of it."""
        return self._put_together(section, (0, 1))

    def improve(self, written: Mapping[str, Written]) -> tuple[str, Written] | None:
        """See `Author.improve`: the model names a section, and chooses anew in that one."""
        names = [section.name for section in SECTIONS]
        schema = {
            "type": "object",
            "properties": {"section": {"enum": names}},
            "required": ["section"],
            "additionalProperties": False,
        }
        told = {name: plain_text(written[name].source, self.ledger) for name in names}
        variables = {
            **context_of(self.ledger.book),
            "paper": "\n\n".join(f"## {name}\n{text}" for name, text in told.items()),
        }
        try:
            said = self._complete("whole", len(SECTIONS), 0, "weakest.jinja", variables, schema)
        except CandidateError:
            return None
        section = next((one for one in SECTIONS if one.name == said.get("section")), None)
        if section is None:
            return None
        rest = [text for name, text in told.items() if name != section.name]
        chosen = self._put_together(section, (2,), told[section.name], rest)
        same = chosen.source == written[section.name].source
        return None if same or chosen.author not in BY_MODEL else (section.name, chosen)

    def mend(self, section: Section, source: str, error: str) -> Written:
        """See `Author.mend`: nothing of what LaTeX cannot set is the model's to mend."""
        return Written(self.default(section), "LaTeX could not set it", (error,))

    def _put_together(
        self,
        section: Section,
        attempts: Sequence[int],
        draft: str = "",
        rest: Sequence[str] = (),
    ) -> Written:
        """Ask for a choice so often, each time with the one before at hand; the last one stands.

        Args:
            section: Which one.
            attempts: Their numbers.
            draft: The section as it stands, in plain words.
            rest: What the rest of the paper says.
        """
        slots = stock_of(section, self.ledger, self.template_figures)
        ways = {
            slot.name: [plain_text(one, self.ledger) for one in slot.alternatives] for slot in slots
        }
        known = [one for texts in ways.values() for one in texts]
        known += [one for text in rest for one in _SENTENCE_END.split(text)]
        known += [one for one in self._said if one not in draft]
        asked = any(slot.name == OWN for slot in slots)
        choice: dict[str, int | None] = {}
        own = ""
        problems: list[Problem] = []
        for attempt in attempts:
            variables = {
                **context_of(self.ledger.book),
                "heading": section.heading,
                "purpose": section.purpose,
                "slots": [
                    {
                        "name": slot.name,
                        "words": slot.words,
                        "optional": slot.optional,
                        "stem": slot.stem,
                        "ways": list(zip(_LETTERS, ways[slot.name], strict=False)),
                    }
                    for slot in slots
                ],
                "own": OWN,
                "draft": draft,
                "problems": [problem.line for problem in problems],
                "wish": "" if self.revision is None else self.revision.wish(section.name),
            }
            try:
                said = self._complete(
                    section.name,
                    SECTIONS.index(section),
                    attempt,
                    "choose.jinja",
                    variables,
                    _choice_schema(slots),
                    max_tokens=_MAX_TOKENS,
                )
            except CandidateError as error:
                problems = [Problem(error.kind, error.message)]
                continue
            choice = _choice(said, slots)
            sentence = " ".join(str(said.get(OWN) or "").split()) if asked else ""
            problems = self._judge(sentence, slots, choice, known) if sentence else []
            if not problems:
                own = sentence
            draft = plain_text(compose(slots, choice, own), self.ledger)
        if not choice:
            why = "; ".join(problem.line for problem in problems) or "no letter was one of those"
            return Written(self.default(section), "the model chose nothing", (why,))
        source = compose(slots, choice, own)
        if own and check_source(source, self.ledger):
            own, source = "", compose(slots, choice)
        faults = check_source(source, self.ledger)
        if faults:
            return Written(
                self.default(section),
                "what the model chose did not pass the checker",
                tuple(one.line for one in faults),
            )
        if own:
            self._said.append(own)
        return Written(source, CHOSEN_AND_OWN if own else CHOSEN)

    def _judge(
        self,
        sentence: str,
        slots: Sequence[Slot],
        choice: Mapping[str, int | None],
        known: Sequence[str],
    ) -> list[Problem]:
        """What keeps a sentence of the model's own out."""
        without = check_source(compose(slots, choice), self.ledger)
        problems = [
            one
            for one in check_source(compose(slots, choice, sentence), self.ledger)
            if one not in without
        ]
        stem = next((slot.stem for slot in slots if slot.name == OWN), "")
        if not sentence.startswith(stem):
            problems.append(Problem("language", f"the sentence begins with {stem!r}"))
        rest = sentence.removeprefix(stem)
        praise = _PRAISE.search(rest)
        if praise is not None:
            problems.append(Problem("claim", f"{praise[0]!r} is no measurement: leave it out"))
        words = re.findall(r"[a-z-]+", rest.lower())
        telling = [word for word in words if word not in _STOP_WORDS]
        if any(len(word) > _LONGEST_WORD for word in words):
            problems.append(Problem("empty", "words run into each other"))
        if any(f"non-{word}" in words for word in words):
            problems.append(Problem("claim", "the sentence says a thing and its opposite"))
        if any(_run_together(word, words, known) for word in telling):
            problems.append(Problem("empty", "two words are written as one"))
        if any(telling.count(word) > 2 for word in telling):
            problems.append(Problem("empty", "the sentence says the same words again and again"))
        for text in known:
            there = set(re.findall(r"[a-z-]+", text.lower()))
            new = [word for word in set(telling) if word not in there]
            shared = 1 - len(new) / max(1, len(set(telling)))
            if shared > _MOST_SHARED or len(new) < _FEWEST_NEW:
                problems.append(Problem("empty", "the sentence repeats what is said already"))
                break
        return problems


def _run_together(word: str, words: Sequence[str], known: Sequence[str]) -> bool:
    """Whether a word that nothing else uses is two that are used, one after the other."""
    used = set(re.findall(r"[a-z-]+", " ".join(known).lower())) | (set(words) - {word})
    if word in used:
        return False
    halves = ((word[:place], word[place:]) for place in range(4, len(word) - 3))
    return any(first in used and second in used for first, second in halves)


def manner_of(model: LanguageModel, begun: Sequence[str]) -> type[Author]:
    """How a model writes a paper; one that was begun goes on as it was begun.

    Args:
        model: Who writes; asked for its context only where that decides.
        begun: Authors of the sections that are there, see `agent.papers.authorship`.
    """
    if len(begun) == len(SECTIONS) or any(author in BY_MODEL for author in begun):
        chose = any(author.startswith(CHOSEN) for author in begun)
    else:
        chose = is_small(model)
    return ChoosingAuthor if chose else Author


def _choice_schema(slots: Sequence[Slot]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for slot in slots:
        if slot.name == OWN:
            properties[OWN] = {"type": "string", "pattern": f"^{slot.stem}{_REST_OF_SENTENCE}"}
        elif slot.is_choice:
            letters = list(_LETTERS[: len(slot.alternatives)])
            properties[slot.name] = {"enum": [*letters, _NONE] if slot.optional else letters}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _choice(said: Mapping[str, Any], slots: Sequence[Slot]) -> dict[str, int | None]:
    """The choice in an answer; what is no alternative stays as in the fixed text."""
    found: dict[str, int | None] = {}
    for slot in slots:
        letter = said.get(slot.name)
        if slot.optional and letter == _NONE:
            found[slot.name] = None
        elif isinstance(letter, str) and letter in _LETTERS[: len(slot.alternatives)] and letter:
            found[slot.name] = _LETTERS.index(letter)
    return found

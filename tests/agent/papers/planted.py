"""Defects that are planted into a paper, a family at a time and spread over all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.papers.claims.book import FactBook
from agent.papers.claims.facts import Fact
from agent.papers.claims.rounding import decimals_of, rounded
from agent.papers.claims.typeset import tex

SHOWN = re.compile(r"\\prov\{(\d+)\}\{((?:\\mbox\{[^{}]*\}|[^{}])*)\}")
NAMED = re.compile(r"\\who\{(\d+)\}\{([^{}]*)\}")
UNIT = re.compile(r" (?:nats|min|h|s|\\%)(?=\b|\}| |$)|\\\$(?=\d)")


@dataclass(frozen=True)
class Defect:
    """A paper's LaTeX with one thing wrong.

    Args:
        family: ``digit``, ``swap``, ``citation``, ``rounding`` or ``unit``.
        what: What was done.
        latex: The document.
    """

    family: str
    what: str
    latex: str


def spread(items: Sequence[re.Match[str]], count: int) -> list[re.Match[str]]:
    """So many of them, evenly over the document."""
    step = max(1, len(items) // count)
    return list(items[::step][:count])


def numbers(latex: str) -> list[re.Match[str]]:
    return [found for found in SHOWN.finditer(latex) if re.search(r"\d", found[2])]


def put(latex: str, found: re.Match[str], text: str) -> str:
    return latex[: found.start()] + text + latex[found.end() :]


def changed_digits(latex: str, count: int) -> Iterator[Defect]:
    for place, found in enumerate(spread(numbers(latex), count)):
        digits = [match.start() for match in re.finditer(r"\d", found[2])]
        at = digits[place % len(digits)]
        digit = str((int(found[2][at]) + 1 + place % 8) % 10)
        if digit == found[2][at]:
            digit = str((int(digit) + 1) % 10)
        text = found[2][:at] + digit + found[2][at + 1 :]
        yield Defect(
            "digit", f"{found[2]} -> {text}", put(latex, found, rf"\prov{{{found[1]}}}{{{text}}}")
        )


def swapped(latex: str, facts: Sequence[Fact], count: int) -> Iterator[Defect]:
    """Numbers and names of one candidate where another's belong, with and without their links."""
    shown = numbers(latex)
    pairs = [
        (one, other)
        for one, other in zip(shown, [*shown[3:], *shown[:3]], strict=True)
        if facts[int(one[1]) - 1].subjects
        and facts[int(other[1]) - 1].subjects
        and facts[int(one[1]) - 1].subjects != facts[int(other[1]) - 1].subjects
        and one[2] != other[2]
    ]
    step = max(1, len(pairs) // count)
    for place, (one, other) in enumerate(pairs[::step][:count]):
        kind = place % 3
        text = (
            rf"\prov{{{one[1]}}}{{{other[2]}}}",
            rf"\prov{{{other[1]}}}{{{one[2]}}}",
            other[0],
        )[kind]
        yield Defect("swap", f"{one[0]} -> {text}", put(latex, one, text))
    names = list(NAMED.finditer(latex))
    others = {found[2]: found for found in names}
    for found in spread(names, 6):
        other = next(one for name, one in others.items() if name != found[2])
        yield Defect("swap", f"{found[0]} -> {other[0]}", put(latex, found, other[0]))


def invented_citations(latex: str) -> Iterator[Defect]:
    for number, found in enumerate(re.finditer(r"\\cite\{([^}]*)\}", latex)):
        key = ("smith2024unified", found[1][:-1] + "x", "openai2025", "schulman2017ppo")[number % 4]
        yield Defect("citation", f"{found[0]} -> {key}", put(latex, found, rf"\cite{{{key}}}"))
    for found in spread(list(re.finditer(r"\\bibitem\{[^}]*\} (\w+)", latex)), 3):
        changed = put(latex, found, found[0].replace(found[1], "Mallory"))
        yield Defect("citation", f"{found[0]}: another author", changed)
    added = (
        "\\bibitem{new2025} A. N. Other. A paper that nobody wrote. 2025.\n\\end{thebibliography}"
    )
    yield Defect("citation", "an entry more", latex.replace(r"\end{thebibliography}", added))
    for words in (
        "As Smith et al. show, this holds in general. ",
        "See [Smith] for a proof of this. ",
        "A preprint on arXiv says the same. ",
    ):
        place = latex.index("%</part>", latex.index("%<part prose:introduction>"))
        yield Defect("citation", words, latex[:place] + words + latex[place:])


def wrongly_rounded(latex: str, facts: Sequence[Fact], count: int) -> Iterator[Defect]:
    """One decimal more or less, or cut off where it should be rounded up."""
    made = 0
    for found in numbers(latex):
        fact = facts[int(found[1]) - 1]
        single = fact.reference.function in ("value", "difference")
        if not single or not isinstance(fact.exact, float):
            continue
        decimals = decimals_of(fact.exact, fact.low, fact.high)
        signed = fact.reference.function == "difference"
        up = rounded(fact.exact + 10.0**-decimals, decimals, signed=signed)
        down = rounded(fact.exact - 10.0**-decimals, decimals, signed=signed)
        more = rounded(fact.exact, decimals + 1, signed=signed)
        less = rounded(fact.exact, max(0, decimals - 1), signed=signed)
        text = (up, down, more, less)[made % 4]
        right = tex(fact.bare)
        if tex(text) == right or right not in found[2]:
            continue
        made += 1
        wrong = found[2].replace(right, tex(text))
        yield Defect(
            "rounding",
            f"{found[2]} -> {wrong}",
            put(latex, found, rf"\prov{{{found[1]}}}{{{wrong}}}"),
        )
        if made == count:
            return


def missing_units(latex: str) -> Iterator[Defect]:
    body = latex[latex.index(r"\begin{document}") :]
    head = len(latex) - len(body)
    for found in SHOWN.finditer(latex):
        for unit in UNIT.finditer(found[2]):
            text = found[2][: unit.start()] + found[2][unit.end() :]
            yield Defect(
                "unit",
                f"{found[2]} -> {text}",
                put(latex, found, rf"\prov{{{found[1]}}}{{{text}}}"),
            )
    for found in re.finditer(r" \((?:nats|US dollars)\)", body):
        changed = latex[: head + found.start()] + latex[head + found.end() :]
        yield Defect("unit", f"a head without{found[0]}", changed)


def all_defects(latex: str, facts: Sequence[Fact]) -> list[Defect]:
    return [
        *changed_digits(latex, 30),
        *swapped(latex, facts, 30),
        *invented_citations(latex),
        *wrongly_rounded(latex, facts, 20),
        *missing_units(latex),
    ]


def bad_sources(book: FactBook, others: Sequence[str]) -> Mapping[str, str]:
    """Texts that a model might write and that must not stand, by what is wrong with them."""
    metric = book.spec.primary.name
    me = "{{ name('candidate') }}"
    score = f"{{{{ value('candidate', '{metric}') }}}}"
    fresh = f"{{{{ value('candidate', '{metric}', 'fresh') }}}}"
    base = "This sentence is long enough to say something about the task and its measure. "
    return {
        "digits": f"{base}{me} reaches 0.93 there.",
        "digits in a word": f"{base}The v2 of it is used.",
        "superscript digits": f"{base}It grows like n² with it.",
        "other digits": f"{base}It was run ٣ times on it.",
        "fractions": f"{base}About ½ of them do.",
        "number words": f"{base}It was run on eight seeds.",
        "times": f"{base}It learns three times faster.",
        "twice": f"{base}It learns twice as fast.",
        "fold": f"{base}It shows a tenfold gain.",
        "percent": f"{base}It gains several percent.",
        "percent sign": f"{base}A few % are gained.",
        "half": f"{base}It needs half of the steps.",
        "many times": f"{base}It is many times faster.",
        "invented key": f"{base}It is known {{{{ cite('smith2024') }}}}.",
        "key of another subject": f"{base}It is known {{{{ cite('schulman2017ppo') }}}}.",
        "citation in words": f"{base}Smith et al. found it.",
        "citation in brackets": f"{base}It is known [Smith].",
        "invented metric": f"{base}{me} has {{{{ value('candidate', 'elo') }}}}.",
        "invented candidate": f"{base}{me} has {{{{ value('gpt', '{metric}') }}}}.",
        "invented place": f"{base}{me} has {{{{ value('candidate', '{metric}', 'mars') }}}}.",
        "invented figure": f"{base}See {{{{ figure('ablation') }}}}.",
        "figure in words": f"{base}It stands in Figure three.",
        "invented function": f"{base}{me} has {{{{ score('candidate') }}}}.",
        "an expression": f"{base}{{{{ 1 + 1 }}}} are shown.",
        "a string": f"{base}{{{{ '0.9' }}}} is shown.",
        "a filter": f"{base}{{{{ count('proposals') | upper }}}} are shown.",
        "an attribute": f"{base}{{{{ name('candidate').__class__ }}}} is shown.",
        "a condition": f"{base}{{% if true %}}It holds.{{% endif %}}",
        "a command": f"{base}\\input{{/etc/passwd}} is shown.",
        "math": f"{base}It is $x$ there.",
        "nobody named": f"{base}The mean is {score} there.",
        "another one named": f"{base}{{{{ name('{others[0]}') }}}} reaches {score} there.",
        "another one in words": f"{base}Then {others[0]} reaches {score} there.",
        "a metric that is not named": f"{base}{me} has {{{{ value('candidate', 'kl') }}}}.",
        "a claim without its number": f"{base}{me} outperforms {{{{ name('{others[0]}') }}}}.",
        "best ever": f"{base}{me} is state of the art.",
        **{
            f"words: {said}": f"{base}It holds for {said} of them."
            for said in (
                "one seed",
                "a couple",
                "a sixteenth",
                "a hundredth",
                "a trillion",
                "one-fifth",
                "a good quarter",
                "an order-of-magnitude",
                "e\u00adight",
                "tw\u043e",
                "pi times",
            )
        },
        "search told as fresh": f"{base}On fresh seeds {me} reaches {score} there.",
        "search told as held out": f"{base}{me} reaches {score} on held-out tasks.",
        "search after fresh": f"{base}Fresh seeds came later. {me} reaches {score} then.",
        "search told as a task": f"{base}On Modern English {me} reaches {score} there.",
        "fresh without a place": f"{base}{me} reaches {fresh}.",
        "fresh told as held out": f"{base}On held-out tasks {me} reaches {fresh} there.",
        "a count of others": f"{base}It met {{{{ count('proposals') }}}} known functions.",
        "dollars of cores": f"{base}The machine had {{{{ cost('usd') }}}} cores.",
        "confidence of answers": f"{base}Right ones rise to {{{{ setting('confidence') }}}}.",
        **{
            f"claim: {said}": f"{base}{said}."
            for said in (
                f"Without any doubt {me} outperforms all of them",
                f"There is no question that {me} is superior to them",
                f"It could not be closer and {me} is significantly ahead",
                f"If anything, it is small, but {me} is better than all of them",
                f"{me} is the finest that was ever found",
                f"Every function that is known trails it, namely {me}",
            )
        },
        "authors by name": f"{base}It was shown before by Smith and Jones.",
        "authors and colleagues": f"{base}It follows Rafailov and colleagues.",
        "nothing": "It is good.",
    }

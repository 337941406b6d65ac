"""The closed language: what it takes, what it refuses, and that rendering runs nothing."""

from __future__ import annotations

import pytest

from agent.papers.claims.facts import Reference
from agent.papers.claims.language import SourceError, parse, render
from agent.papers.claims.typeset import plain_of, tex


def test_text_and_references_are_told_apart() -> None:
    segments = parse("The mean is {{ value('candidate', 'reward') }}, see {{ figure(\"a\") }}.")
    assert [segment.text for segment in segments] == ["The mean is ", "", ", see ", "", "."]
    assert segments[1].reference == Reference("value", ("candidate", "reward"))
    assert segments[1].reference.key == "value('candidate', 'reward')"
    assert segments[3].reference == Reference("figure", ("a",))


@pytest.mark.parametrize(
    "source",
    [
        "{{ 1 }}",
        "{{ '0.93' }}",
        "{{ value('a') + value('b') }}",
        "{{ value('a') | upper }}",
        "{{ value('a').text }}",
        "{{ value('a')['text'] }}",
        "{{ value(name) }}",
        "{{ value(1) }}",
        "{{ value('a', where='search') }}",
        "{{ value(*names) }}",
        "{{ value('a' ~ 'b') }}",
        "{{ self.__init__.__globals__ }}",
        "{{ ''.__class__() }}",
        "{% for x in y %}a{% endfor %}",
        "{% set x = 1 %}",
        "{% include 'system.jinja' %}",
        "{% macro m() %}{% endmacro %}",
        "{{ value('a' }}",
        "{{ }}",
    ],
)
def test_everything_else_is_refused(source: str) -> None:
    with pytest.raises(SourceError):
        parse(source)
    with pytest.raises(SourceError):
        render(source, str, lambda reference: reference.key)


def test_rendering_escapes_text_and_resolves_references() -> None:
    shown = render(
        r"50% of \input{x} & {{ value('a_b') }}", tex, lambda reference: f"<{reference.key}>"
    )
    assert shown == r"50\% of \textbackslash{}input\{x\} \& <value('a_b')>"


def test_names_of_builtins_mean_nothing() -> None:
    seen: list[Reference] = []

    def resolve(reference: Reference) -> str:
        seen.append(reference)
        return "x"

    assert render("{{ range('9') }} {{ lipsum('1') }}", str, resolve) == "x x"
    assert seen == [Reference("range", ("9",)), Reference("lipsum", ("1",))]


@pytest.mark.parametrize("text", ["a_b & 5 %", "\\ {x} $y$ #1 ~ ^", "−0.5 < 1 > 0 | 2"])
def test_escaped_text_reads_back_as_it_was(text: str) -> None:
    assert plain_of(tex(text)) == text

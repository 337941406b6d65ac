"""The closed language in which claims are written: plain words and references, nothing else.

It is a part of Jinja2: text and ``{{ function('argument', ...) }}`` with arguments that are
constant strings. Filters, tests, attributes, arithmetic, conditions and loops are refused when the
text is parsed, and what is left is rendered by Jinja2's sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agent.papers.claims.facts import Reference
from templates.errors import CandidateError

__all__ = ["Segment", "SourceError", "parse", "render"]


class SourceError(CandidateError):
    """A text that is not in the language; the message says where it leaves it."""

    def __init__(self, message: str) -> None:
        super().__init__("language", message)


@dataclass(frozen=True)
class Segment:
    """A stretch of plain text, or a reference.

    Args:
        text: The plain text; empty for a reference.
        reference: The reference; None for text.
    """

    text: str
    reference: Reference | None = None


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=True
    )
    environment.globals.clear()
    environment.filters.clear()
    environment.tests.clear()
    return environment


_ENVIRONMENT = _environment()


def parse(source: str) -> list[Segment]:
    """The segments of a text.

    Raises:
        SourceError: It holds something that is neither text nor a reference.
    """
    return list(_segments(_tree(source)))


def render(source: str, escape: Callable[[str], str], resolve: Callable[[Reference], str]) -> str:
    """The text with everything in it turned into its final form.

    Args:
        source: Text of the language.
        escape: Applied to plain text.
        resolve: What stands for a reference.

    Raises:
        SourceError: It is not in the language.
        CandidateError: ``resolve`` refused a reference.
    """
    tree = _tree(source)
    functions = {
        segment.reference.function for segment in _segments(tree) if segment.reference is not None
    }
    for data in tree.find_all(nodes.TemplateData):
        data.data = escape(data.data)

    def bound(function: str) -> Callable[..., str]:
        return lambda *arguments: resolve(Reference(function, arguments))

    template = _ENVIRONMENT.from_string(tree)
    return template.render({function: bound(function) for function in functions})


def _tree(source: str) -> nodes.Template:
    try:
        return _ENVIRONMENT.parse(source)
    except jinja2.TemplateSyntaxError as error:
        raise SourceError(f"not a text with references: {error.message}") from error


def _segments(tree: nodes.Template) -> Iterator[Segment]:
    for part in tree.body:
        if not isinstance(part, nodes.Output):
            raise SourceError(
                f"{type(part).__name__} is not allowed: write words and "
                "{{ function('argument') }} only"
            )
        for node in part.nodes:
            if isinstance(node, nodes.TemplateData):
                yield Segment(node.data)
            else:
                yield Segment("", _reference(node))


def _reference(node: nodes.Node) -> Reference:
    plain = (
        isinstance(node, nodes.Call)
        and isinstance(node.node, nodes.Name)
        and not node.kwargs
        and node.dyn_args is None
        and node.dyn_kwargs is None
    )
    if not plain:
        raise SourceError(
            "between the braces stands something else than one call: write "
            "{{ function('argument') }}"
        )
    assert isinstance(node, nodes.Call)
    assert isinstance(node.node, nodes.Name)
    return Reference(node.node.name, tuple(_constants(node.node.name, node.args)))


def _constants(function: str, arguments: Sequence[nodes.Expr]) -> Iterator[str]:
    for argument in arguments:
        if not (isinstance(argument, nodes.Const) and isinstance(argument.value, str)):
            raise SourceError(f"arguments of {function} are names in quotes, nothing else")
        yield argument.value

"""What stands behind the text: formula, code, provenance, seeds, and who wrote what."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence

from agent.papers.authorship import BY_MODEL, CHOSEN, CHOSEN_AND_OWN, WRITTEN
from agent.papers.claims.facts import Fact, Rows
from agent.papers.claims.idea_facts import IDEA_RATINGS
from agent.papers.claims.ledger import Ledger
from agent.papers.claims.typeset import tex
from agent.papers.latex.figures import PaperFigure
from templates.contract import FunctionSignature

__all__ = [
    "code_block",
    "formula_block",
    "idea_block",
    "provenance_block",
    "wrapped",
    "written_block",
]

_COLUMNS = 96
_LONGEST_FORMULA = 900
_CUT, _DOTS = "\N{HORIZONTAL ELLIPSIS}", r"~\dots{}"
_BREAKS = re.compile(r"(\\_|[/,.:*-])(?=\S)")
_LONG = re.compile(r"[0-9a-zA-Z]{20,}")


def wrapped(code: str, columns: int = _COLUMNS) -> str:
    """Code whose lines fit on a page; a line that was cut goes on after an arrow."""
    lines = []
    for line in code.expandtabs(4).splitlines():
        indent = " " * (len(line) - len(line.lstrip()))
        parts = textwrap.wrap(
            line,
            columns,
            subsequent_indent=f"{indent}  -> ",
            drop_whitespace=False,
            break_on_hyphens=False,
        )
        lines += parts or [""]
    printable = "\n".join(lines).encode("ascii", "backslashreplace").decode()
    return printable.replace(r"\end{verbatim}", r"\end {verbatim}")


def code_block(code: str, size: str = "footnotesize") -> str:
    """A program as it was scored."""
    return f"{{\\{size}\n\\begin{{verbatim}}\n{wrapped(code)}\n\\end{{verbatim}}\n}}"


def formula_block(
    closed_form: str, functions: Sequence[FunctionSignature], *, as_source: bool
) -> str:
    """The closed form, scaled down where it is wider than the page, and what its symbols mean.

    Args:
        closed_form: LaTeX math without dollar signs.
        functions: What the template declares: symbols of arguments, and abbreviations.
        as_source: Show its source, since it is too long or LaTeX cannot set it.
    """
    if as_source or len(closed_form) > _LONGEST_FORMULA:
        return (
            "\\par The closed form, derived from the traced program, is too long to set. This is "
            "its source:\n"
            f"{code_block(closed_form, 'scriptsize')}"
        )
    return (
        "\\par In closed form, derived from the traced program, it is\n"
        f"\\sbox{{\\formulabox}}{{$\\displaystyle {closed_form}$}}%\n"
        "\\begin{center}\\ifdim\\wd\\formulabox>\\linewidth"
        "\\resizebox{\\linewidth}{!}{\\usebox{\\formulabox}}"
        "\\else\\usebox{\\formulabox}\\fi\\end{center}"
        f"{_notation(closed_form, functions)}"
    )


def _notation(closed_form: str, functions: Sequence[FunctionSignature]) -> str:
    """What the symbols in a closed form mean; nothing where the template declares none."""
    meanings: dict[str, str] = {}
    shown = closed_form
    for function in functions:
        symbols = {one.name: one.symbol for one in function.arguments if one.symbol}
        for short in function.abbreviations:
            if _occurs(short.symbol, closed_form):
                spelled = _spelled(short.expression, symbols)
                meanings[short.symbol] = f"$= {spelled}$"
                shown += f" {spelled}"
        for argument in function.arguments:
            if argument.symbol and _occurs(argument.symbol, shown):
                meanings.setdefault(argument.symbol, f"is {tex(argument.description)}")
    if _occurs(r"\sigma", closed_form):
        meanings.setdefault(r"\sigma", "is the logistic function")
    if not meanings:
        return ""
    listed = "; ".join(f"${symbol}$ {meaning}" for symbol, meaning in meanings.items())
    return f"\n\\noindent where {listed}.\n"


def _spelled(expression: str, symbols: Mapping[str, str]) -> str:
    """A sum of arguments, by their symbols."""
    return re.sub(r"[A-Za-z_]\w*", lambda m: symbols.get(m[0], tex(m[0])), expression)


def _occurs(symbol: str, math: str) -> bool:
    r"""Whether a symbol stands in a formula by itself: not \beta in \betaprime, nor x in \exp."""
    before = "" if symbol.startswith("\\") else r"(?<![A-Za-z\\])"
    return re.search(rf"{before}{re.escape(symbol)}(?![A-Za-z])", math) is not None


def idea_block(ledger: Ledger) -> str:
    """The idea that the candidate began with, as it was written down, and the searches for it."""
    said = [
        ("Hypothesis", "{{ idea('hypothesis') }}."),
        ("Experiment", "{{ idea('experiment') }}."),
        ("Expected effect", "{{ idea('expected_effect') }}."),
        (
            "Ratings by its author, of ten",
            ", ".join(f"{name} {{{{ idea('rating', '{name}') }}}}" for name in IDEA_RATINGS) + ".",
        ),
    ]
    novelty = ledger.book.idea.novelty
    if novelty is not None:
        found = "literature" if novelty.same_as is None else "same_as"
        said.append(("Novelty", f"{{{{ idea('verdict') }}}}: {{{{ idea('{found}') }}}}."))
        said += [
            ("Search", f"{{{{ idea('search', '{number}') }}}}.")
            for number in range(1, len(novelty.rounds) + 1)
        ]
    items = "\n".join(rf"\item[{label}] {ledger.prose(text)}" for label, text in said)
    idea = ledger.book.idea
    if idea.dropped:
        words = (
            "Before {{ name('candidate') }} there was this idea. A model took it for known, so it "
            "was dropped, and the candidate was made without it:"
        )
    elif idea.failed:
        words = (
            "Before {{ name('candidate') }} there was this idea. No code that was to carry it out "
            "was accepted, and the candidate was made without it:"
        )
    elif idea.continued:
        words = (
            "{{ name('candidate') }} is a further run of this idea, which was written down before "
            "the code:"
        )
    else:
        words = (
            "{{ name('candidate') }} began with this idea, which was written down before its code:"
        )
    return (
        f"{ledger.prose(words)}\n\\begin{{description}}\n\\setlength{{\\itemsep}}{{2pt}}\n"
        f"{items}\n\\end{{description}}"
    )


def provenance_block(facts: Sequence[Fact], figures: Sequence[PaperFigure]) -> str:
    """The table that every number is linked to, its seeds, and the figures' digests."""
    sets: dict[tuple[int, ...], int] = {}
    lines = [_row(number, fact, sets) for number, fact in enumerate(facts, 1)]
    columns = "r" + "".join(
        rf">{{\raggedright\arraybackslash}}p{{{width}\linewidth}}"
        for width in ("0.16", "0.36", "0.36")
    )
    head = " & ".join(
        rf"\textbf{{{word}}}" for word in ("", "Shown", "What it is, before rounding", "Rows")
    )
    table = "\n".join(
        [
            "{\\scriptsize\\sloppy\\setlength{\\tabcolsep}{5pt}",
            f"\\begin{{longtable}}{{{columns}}}",
            f"\\hline {head} \\\\ \\hline \\endhead",
            *lines,
            "\\hline",
            "\\end{longtable}",
            "}",
        ]
    )
    seeds = "\n\n".join(
        rf"\noindent\hypertarget{{seeds:{number}}}{{Seeds {number}}}: {', '.join(map(str, key))}."
        for key, number in sets.items()
    )
    digests = "\n\n".join(
        rf"\noindent\texttt{{{tex(figure.key)}.pdf}}: SHA-256 "
        rf"\texttt{{{_breakable(figure.digest)}}}"
        for figure in figures
    )
    listed = f"\n\n{{\\scriptsize\\raggedright\n{seeds}\n\n{digests}\n\n}}"
    return f"{table}{listed}"


def _row(number: int, fact: Fact, sets: dict[tuple[int, ...], int]) -> str:
    shown = tex(textwrap.shorten(fact.text, 60, placeholder=_CUT))
    what = tex(fact.statistic)
    if fact.exact is not None and str(fact.exact) != fact.text:
        exact = tex(_long(fact.exact))
        what += f": {exact if isinstance(fact.exact, float) else _allow_breaks(exact)}"
        if fact.low is not None and fact.high is not None:
            what += f" in [{tex(_long(fact.low))}, {tex(_long(fact.high))}]"
    rows = "; ".join(_rows(rows, sets) for rows in fact.rows)
    anchor = rf"\hypertarget{{prov:{number}}}{{{number}}}"
    return f"{anchor} & {_allow_breaks(shown).replace(_CUT, _DOTS)} & {what} & {rows} \\\\"


def _rows(rows: Rows, sets: dict[tuple[int, ...], int]) -> str:
    text = _allow_breaks(tex(f"{rows.table}: {rows.where}"))
    if rows.seeds:
        number = sets.setdefault(rows.seeds, len(sets) + 1)
        text += rf", \hyperlink{{seeds:{number}}}{{seeds~{number}}}"
    return text


def _long(exact: float | str) -> str:
    """More digits than the text shows; the file of provenance has all of them."""
    return f"{exact:.8g}".replace("-", "\N{MINUS SIGN}") if isinstance(exact, float) else exact


def _allow_breaks(text: str) -> str:
    broken = _BREAKS.sub(r"\1\\allowbreak{}", text)
    return _LONG.sub(lambda found: _breakable(found[0]), broken)


def _breakable(digest: str) -> str:
    parts = (digest[start : start + 8] for start in range(0, len(digest), 8))
    return r"\allowbreak{}".join(parts)


def written_block(ledger: Ledger, authors: Mapping[str, str]) -> str:
    """Which text is whose.

    Args:
        ledger: For the paper's own costs.
        authors: By heading of a section who wrote it, see `agent.papers.authorship`.
    """
    by_model = [heading for heading, said in authors.items() if said == WRITTEN]
    chosen = [heading for heading, said in authors.items() if said in (CHOSEN, CHOSEN_AND_OWN)]
    added = [heading for heading, said in authors.items() if said == CHOSEN_AND_OWN]
    fixed = {heading: said for heading, said in authors.items() if said not in BY_MODEL}
    parts = []
    if by_model:
        parts.append(
            f"Written by the language model and passed by the checker: {tex(', '.join(by_model))}."
        )
    if chosen:
        own = "It added no sentence of its own."
        if added:
            own = f"It added one sentence of its own to each of: {', '.join(added)}."
        parts.append(
            "The program prepared sentences in several wordings, with references into the archive; "
            "the language model chose among them and the checker passed what came out: "
            f"{tex(', '.join(chosen))}. {tex(own)}"
        )
    if fixed:
        listed = "; ".join(f"{heading} ({said})" for heading, said in fixed.items())
        parts.append(
            "The fixed text of the program, with references into the archive, stands for: "
            f"{tex(listed)}."
        )
    parts.append(
        ledger.prose(
            "Tables, figures, this appendix and the paragraph on compute were made by the program. "
            "The model wrote no number: every one was put in by the program and computed again "
            "from the archive after the text was set. The campaign is "
            "{{ setting('campaign') }}, the candidate {{ setting('candidate') }}, the template "
            "{{ setting('template') }} with digest {{ setting('template_digest') }}."
        )
    )
    return "\n\n".join(parts)

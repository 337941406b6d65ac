"""The tables of a paper; every cell is a fact, every head of a column has the unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pylatex import Command, NoEscape, Table, Tabular

from agent.papers.claims.facts import UnknownReferenceError
from agent.papers.claims.ledger import Ledger
from agent.papers.claims.typeset import tex
from templates.specification import Direction

__all__ = ["TABLES", "TABLE_WORDS", "table_keys"]

_NONE = NoEscape("--")
_ARROWS = {Direction.MAXIMIZE: r"$\uparrow$", Direction.MINIMIZE: r"$\downarrow$"}
_MOST_ROWS = 24
# Longest name beside four columns of numbers at each size of the letters.
_NAME_SIZES = ((26, "small"), (38, "footnotesize"))


def table_keys(ledger: Ledger) -> tuple[str, ...]:
    """Keys of the tables that the archive has something for."""
    return tuple(key for key in TABLES if key != "confirmation" or ledger.book.confirmation)


def _cell(ledger: Ledger, function: str, *arguments: str) -> NoEscape:
    """A fact, or a dash where it was not measured."""
    try:
        return NoEscape(ledger.cell(function, *arguments))
    except UnknownReferenceError:
        return _NONE


def _unit(ledger: Ledger) -> str:
    unit = ledger.book.spec.primary.unit
    return f" ({tex(unit)})" if unit else ""


def _table(key: str, caption: str, tabular: Tabular, size: str = "small") -> Table:
    table = Table(position="tbp")
    table.append(Command("centering"))
    table.append(Command(size))
    table.add_caption(NoEscape(caption))
    table.append(Command("label", NoEscape(f"tab:{key}")))
    table.append(Command("smallskip"))
    table.append(tabular)
    return table


def _tabular(columns: str, *head: str) -> Tabular:
    tabular = Tabular(columns)
    tabular.add_hline()
    tabular.add_row([NoEscape(rf"\textbf{{{text}}}" if text else "") for text in head])
    tabular.add_hline()
    return tabular


def _results(ledger: Ledger) -> Table:
    book = ledger.book
    metric = book.spec.primary
    unit = _unit(ledger)
    tabular = _tabular(
        "lrrrr",
        book.spec.boundary.capitalize(),
        f"Mean{unit}",
        "Interval",
        f"Gain{unit}",
        "Interval",
    )
    scored = [
        (estimate.value, name, record)
        for name, record in [("candidate", book.candidate), *book.baselines.items()]
        if (estimate := book.estimate(record, metric, book.places["search"])) is not None
    ]
    scored.sort(key=lambda one: (-metric.direction.sign * one[0], one[1]))
    del scored[_MOST_ROWS:]
    for _, name, _record in scored:
        tabular.add_row(
            [
                _cell(ledger, "name", name),
                _cell(ledger, "value", name, metric.name, "search"),
                _cell(ledger, "interval", name, metric.name, "search"),
                _cell(ledger, "difference", "candidate", name, "search"),
                _cell(ledger, "difference_interval", "candidate", name, "search"),
            ]
        )
    tabular.add_hline()
    kind = book.spec.boundary
    caption = ledger.prose(
        f"{{{{ described('metric_title', '{metric.name}') }}}} on the seeds of the search, best "
        f"first, and the paired gain of {{{{ name('candidate') }}}} over each {kind} on common "
        "seeds (positive: the candidate is better). Intervals at {{ setting('confidence') }}. "
        f"{kind.capitalize()}s that left the race early rest on fewer seeds; the appendix has the "
        "number."
    )
    longest = max(len(record.name) for _, _, record in scored)
    size = next((size for most, size in _NAME_SIZES if longest <= most), "scriptsize")
    return _table("results", caption, tabular, size)


def _confirmation(ledger: Ledger) -> Table:
    book = ledger.book
    assert book.confirmation is not None
    metric = book.spec.primary
    unit = _unit(ledger)
    tabular = _tabular(
        "lrlrrr",
        "Where",
        f"Candidate{unit}",
        "Best baseline",
        f"Its mean{unit}",
        f"Gain{unit}",
        "Interval",
    )
    for place in book.places.values():
        if place.name == "search":
            continue
        over = book.confirmation.gain_over if place.name == "fresh" else None
        over = over or book.confirmation.held_out_over
        if over is None:
            continue
        words = (
            ledger.cell("described", "task_title", place.name)
            if place.name not in ("fresh", "held_out")
            else rf"\emph{{{tex(place.words)}}}"
        )
        tabular.add_row(
            [
                NoEscape(words),
                _cell(ledger, "value", "candidate", metric.name, place.name),
                _cell(ledger, "name", over),
                _cell(ledger, "value", over, metric.name, place.name),
                _cell(ledger, "difference", "candidate", over, place.name),
                _cell(ledger, "difference_interval", "candidate", over, place.name),
            ]
        )
    tabular.add_hline()
    caption = ledger.prose(
        "What the confirmation measured. The rows in italics decide, with paired intervals at "
        "{{ setting('decision_confidence') }}; the held-out tasks one by one do not, with "
        "intervals at {{ setting('confidence') }}."
    )
    return _table("confirmation", caption, tabular, "footnotesize")


def _metrics(ledger: Ledger) -> Table:
    book = ledger.book
    tabular = _tabular("lrrrr", "Metric", "Candidate", "Interval", "Best baseline", "Interval")
    for metric in book.spec.metrics:
        title = ledger.cell("described", "metric_title", metric.name)
        unit = f" ({tex(metric.unit)})" if metric.unit else ""
        tabular.add_row(
            [
                NoEscape(f"{title}{unit} {_ARROWS[metric.direction]}"),
                _cell(ledger, "value", "candidate", metric.name, "search"),
                _cell(ledger, "interval", "candidate", metric.name, "search"),
                _cell(ledger, "value", "best_baseline", metric.name, "search"),
                _cell(ledger, "interval", "best_baseline", metric.name, "search"),
            ]
        )
    tabular.add_hline()
    best = ", {{ name('best_baseline') }}" if book.best is not None else ""
    caption = ledger.prose(
        "Every metric of the task on the seeds of the search, for {{ name('candidate') }} and for "
        f"the best baseline{best}; an arrow points to what is better. Intervals at "
        "{{ setting('confidence') }}."
    )
    return _table("metrics", caption, tabular)


def _tasks(ledger: Ledger) -> Table:
    book = ledger.book
    tabular = _tabular(r"llp{0.52\linewidth}", "Task", "Role", "What it is")
    roles = {"search": "search", "held_out": "held out", "ablation": "ablation"}
    for task in book.spec.tasks:
        tabular.add_row(
            [
                NoEscape(ledger.cell("described", "task_title", task.name)),
                roles[task.role],
                NoEscape(ledger.cell("described", "task", task.name)),
            ]
        )
    tabular.add_hline()
    return _table("tasks", "The tasks, in the words of the template.", tabular, "footnotesize")


def _cost(ledger: Ledger) -> Table:
    tabular = _tabular("lrr", "", "Search", "This paper")
    for words, what in (
        ("Calls of language models", "calls"),
        ("Tokens read", "prompt_tokens"),
        ("Tokens written", "completion_tokens"),
        ("Time of these calls, summed", "time"),
        ("Price (US dollars)", "usd"),
    ):
        tabular.add_row(
            [words, _cell(ledger, "cost", what), _cell(ledger, "cost", f"paper_{what}")]
        )
    tabular.add_hline()
    return _table("cost", "What language models cost. Calls overlap in time.", tabular)


TABLES: Mapping[str, Callable[[Ledger], Table]] = {
    "tasks": _tasks,
    "results": _results,
    "confirmation": _confirmation,
    "metrics": _metrics,
    "cost": _cost,
}
"""Every table by its key."""

TABLE_WORDS: Mapping[str, str] = {
    "tasks": "the tasks",
    "results": "scores of all and gains over them",
    "confirmation": "fresh seeds and held-out tasks",
    "metrics": "the other metrics",
    "cost": "what language models cost",
}
"""What the model is told of each."""

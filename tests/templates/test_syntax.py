"""Candidates are parsed from many threads at once."""

from __future__ import annotations

import ast
import gc
import sys
import threading
from collections.abc import Iterator

import pytest

from templates.syntax import syntax_tree

CODE = "\n".join(
    f"def f{number}(x):\n    return (x + {number}) * [a for a in x] if x else -x"
    for number in range(60)
)


class Slow:
    """Garbage whose end takes a moment: another thread goes on in the midst of a tree."""

    def __init__(self) -> None:
        self.own = self

    def __del__(self) -> None:
        sum(range(50))


@pytest.fixture
def busy_collector() -> Iterator[None]:
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(5, 2, 2)
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*thresholds)


def test_threads_parse_at_once(busy_collector: None) -> None:
    wanted, seen = ast.dump(ast.parse(CODE)), []

    def work() -> None:
        for _ in range(30):
            Slow()
            seen.append(ast.dump(syntax_tree(CODE)) == wanted)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 120

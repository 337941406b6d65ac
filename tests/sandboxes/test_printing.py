"""Closed forms as people read them: what could be misread is bracketed."""

from __future__ import annotations

import pytest
import sympy as sp

from sandboxes.evaluator.printing import to_latex

pytestmark = pytest.mark.gate

R, LOG_R, A = sp.symbols("r log_r A")
NAMES = {R: "r", LOG_R: r"\log r", A: "A"}


@pytest.mark.parametrize(
    ("expression", "latex"),
    [
        (3 * LOG_R * R - 3 * R, r"3 \left(\log r\right) r - 3 r"),
        (LOG_R**2, r"\left(\log r\right)^{2}"),
        (-LOG_R * A, r"- A \log r"),
        (LOG_R / R, r"\frac{\log r}{r}"),
        (LOG_R + 1, r"\log r + 1"),
    ],
)
def test_a_logarithm_does_not_swallow_what_follows(expression: sp.Expr, latex: str) -> None:
    assert to_latex(expression, NAMES) == latex

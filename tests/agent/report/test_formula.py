"""Formulas are drawn where Matplotlib can, and are never lost."""

from __future__ import annotations

import pytest

from agent.report.formula import typeset


@pytest.mark.parametrize(
    "latex",
    [
        r"- \log \sigma\left(\beta \rho\right)",
        r"\max\left(0, 1 - \beta \rho\right)",
        r"- \left(0.9 - 0.45 \mathbf{1}\left[\rho < 0\right]\right) \log \sigma\left(x\right)",
        r"\frac{e^{- \beta \rho}}{2} + \operatorname{clip}\left(\left|\rho\right|, -5, 5\right)",
        r"\sqrt{\rho^{2} + 1} \cdot 10^{-8} + \tanh^{2}\left(\lfloor \rho \rfloor\right)",
        r"\left(\rho \leq 1\right) \wedge \left(\rho \geq 0\right) \neg \left(x \neq 0\right)",
    ],
)
def test_what_closed_forms_are_made_of_can_be_set(latex: str) -> None:
    formula = typeset(latex)
    assert len(formula.parts) == 1
    (part,) = formula.parts
    assert part.svg is not None
    assert part.svg.startswith("<svg")
    assert "currentColor" in part.svg
    assert formula.latex == latex


def test_case_distinctions_become_rows_with_what_is_around_them() -> None:
    formula = typeset(
        r"0.1 \rho + \begin{cases} \rho^{2} & \text{if } \rho > 0 \\"
        r" 1 & \text{if } \rho < -1 \\ 0 & \text{otherwise} \end{cases}"
    )
    before, cases = formula.parts
    assert before.svg is not None
    assert [(word, condition is None) for _, word, condition in cases.rows] == [
        ("if", False),
        ("if", False),
        ("otherwise", True),
    ]


@pytest.mark.parametrize(
    "latex",
    [
        r"\unknown{x}",
        r"\frac{1}",
        r"\begin{cases} \begin{cases} 1 & 2 \end{cases} & \text{if } x \end{cases}",
        "x$y",
        "x" * 5000,
    ],
)
def test_what_cannot_be_set_keeps_its_source(latex: str) -> None:
    formula = typeset(latex)
    assert formula.parts == ()
    assert formula.latex == latex


def test_identifiers_of_different_formulas_do_not_meet() -> None:
    import re

    first, second = (typeset(latex).parts[0].svg for latex in (r"\rho^{2}", r"\rho^{3}"))
    assert first is not None
    assert second is not None
    ids = [set(re.findall(r'id="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0]
    assert ids[0].isdisjoint(ids[1])
    for svg, known in zip((first, second), ids, strict=True):
        assert set(re.findall(r'href="#([^"]+)"', svg)) <= known

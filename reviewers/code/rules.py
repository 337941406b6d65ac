"""The rule-based reviewer: quick, deterministic, free, and blind to what no rule describes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from reviewers.code.edited import edit_findings
from reviewers.code.gains import compare, gain_findings
from reviewers.code.syntax import function_findings, script_findings, uses
from reviewers.contract import (
    NOTHING_TO_OBJECT,
    TEXT_LENGTH,
    Finding,
    Review,
    Severity,
    Subject,
    Verdict,
)

__all__ = ["RuleReviewer"]

_ORDER: tuple[Severity, ...] = ("severe", "concern", "note")
_CUSTOM = frozenset({"custom_jvp", "custom_vjp", "defjvp", "defvjp", "custom_gradient"})
_STOPPED = frozenset({"stop_gradient"})


class RuleReviewer:
    """Checks novelty, honesty of the gradient, the source and the shape of the gain."""

    name = "rules"

    def review(self, subject: Subject) -> Review:
        """Apply every rule; see `CodeReviewer.review`."""
        findings = [
            *_novelty(subject),
            *_honesty(subject),
            *gain_findings(subject),
            *_source(subject),
        ]
        findings.sort(key=lambda finding: _ORDER.index(finding.severity))
        gains = compare(subject, (*subject.spec.search_tasks, *subject.spec.held_out_tasks))
        return Review(
            reviewer=self.name,
            verdict=_verdict(findings),
            score=None,
            text=_text(findings),
            payload={
                "findings": [asdict(finding) for finding in findings],
                "gains": [
                    {
                        "task": one.task,
                        "over": one.baseline,
                        "mean": one.mean,
                        "ahead": one.ahead,
                        "seeds": len(one.gains),
                        "parts": dict(one.part_gains),
                    }
                    for one in gains
                ],
            },
        )


def _verdict(findings: list[Finding]) -> Verdict:
    severities = {finding.severity for finding in findings}
    if "severe" in severities:
        return "reject"
    return "concern" if "concern" in severities else "accept"


def _text(findings: list[Finding]) -> str:
    if not findings:
        return NOTHING_TO_OBJECT
    joined = "; ".join(dict.fromkeys(finding.message for finding in findings))
    joined = " ".join(joined.split())
    text = joined[0].upper() + joined[1:] + "."
    return text if len(text) <= TEXT_LENGTH else text[: TEXT_LENGTH - 3].rstrip() + "..."


def _source(subject: Subject) -> list[Finding]:
    script = subject.spec.script
    if script is not None:
        return script_findings(subject.code, script)
    if subject.spec.experiment is not None:
        return edit_findings(subject.code, subject.spec.experiment)
    return function_findings(subject.code, subject.spec.functions)


def _novelty(subject: Subject) -> Iterator[Finding]:
    how = " up to scale and shift" if subject.spec.boundary == "function" else ""
    if subject.known_as:
        yield Finding("known", "severe", f"equals {subject.known_as}{how}")
    if subject.duplicate_of:
        yield Finding("duplicate", "severe", f"repeats {subject.duplicate_of}")


def _honesty(subject: Subject) -> Iterator[Finding]:
    flags = set(subject.flags)
    if "gradient_mismatch" in flags:
        if uses(subject.code, _CUSTOM):
            yield Finding("lying_gradient", "severe", "its custom derivative is not the derivative")
        elif uses(subject.code, _STOPPED):
            yield Finding(
                "partial_gradient", "note", "the gradient is partial: a term is held constant"
            )
        else:
            yield Finding("gradient_mismatch", "concern", "its gradient is not that of its value")
    if "non_deterministic" in flags:
        yield Finding("non_deterministic", "severe", "the same input gives different results")
    if flags & {"zero_gradient", "constant"}:
        yield Finding("no_gradient", "severe", "nothing can be learned from it")
    if "some_non_finite" in flags:
        yield Finding("non_finite", "note", "not finite on some extreme inputs")

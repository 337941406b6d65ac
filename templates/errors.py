"""The error classes that decide who is charged for a failure."""

from __future__ import annotations

__all__ = ["CandidateError", "DiscoveryError", "InfrastructureError", "UserError"]


class DiscoveryError(Exception):
    """Base of every error that this system raises on purpose."""


class CandidateError(DiscoveryError):
    """The candidate's own fault: fed back to the model, costs a proposal.

    Args:
        kind: A short stable class such as ``syntax``, ``forbidden_import``, ``shape`` or
            ``timeout``; counted in reports.
        message: What happened and what to change, in words that a model or a person can act on.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class InfrastructureError(DiscoveryError):
    """Something around the candidate broke (sandbox died, provider down): retried, never charged.

    Args:
        message: What happened.
        retry_after_s: How long the other side asked us to wait, where it said so.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UserError(DiscoveryError):
    """What a person gave cannot be used; the message says what to change. Exit code 2."""

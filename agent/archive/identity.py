"""Names of campaigns, candidates and model calls.

A campaign is ``2026-11-21-preference_loss-3f2a``: the day, the template and a tag that no other
campaign of the archive has. A candidate is the tag and its index (``3f2a-00007``): short, in order,
and the same whenever the same step is done again.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

from templates.errors import UserError

__all__ = [
    "campaign_id",
    "campaign_tag",
    "candidate_id",
    "checked_id",
    "model_call_id",
    "padded_candidate_id",
]

_INDEX_DIGITS = 5
_IDENTIFIER = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_-]{0,199}")
_SHORTHAND = re.compile(r"^([0-9A-Za-z_]+)-(\d+)$")


def campaign_id(template: str, created_at: datetime, seed: int, salt: int = 0) -> str:
    """The readable identifier of a campaign.

    Args:
        template: Name of the template.
        created_at: When the campaign began, with its time zone.
        seed: Seed of the campaign.
        salt: Raised by one for each identifier that is already taken.

    Returns:
        ``YYYY-MM-DD-template-tag`` with a tag of four hexadecimal digits.
    """
    moment = created_at.astimezone(UTC)
    source = f"{template}|{moment.isoformat()}|{seed}|{salt}"
    return f"{moment:%Y-%m-%d}-{template}-{hashlib.sha256(source.encode()).hexdigest()[:4]}"


def checked_id(text: str) -> str:
    """The text, if it can be an identifier of ours: folders and files are named after these.

    An archive may come from anywhere, and a campaign in it may be called ``../../etc``.

    Raises:
        UserError: It is none.
    """
    if _IDENTIFIER.fullmatch(text) is None:
        raise UserError(
            f"the archive names something {text[:80]!r}, which is no identifier of a campaign or "
            "candidate: it is damaged, or somebody changed it; use a copy that you trust"
        )
    return text


def campaign_tag(campaign: str) -> str:
    """The last part of a campaign's identifier, which its candidates' identifiers begin with."""
    return campaign.rsplit("-", 1)[-1]


def candidate_id(campaign: str, index: int) -> str:
    """The identifier of the candidate with that index (from 0) in a campaign."""
    return f"{campaign_tag(campaign)}-{index:0{_INDEX_DIGITS}d}"


def padded_candidate_id(text: str) -> str | None:
    """The full identifier behind a shorthand such as ``3f2a-7``; None where it is not one."""
    match = _SHORTHAND.match(text)
    return f"{match[1]}-{int(match[2]):0{_INDEX_DIGITS}d}" if match else None


def model_call_id(campaign: str, slot: int, attempt: int, role: str, try_number: int = 0) -> str:
    """The identifier of a model call, from what makes it unique."""
    return f"{candidate_id(campaign, slot)}-{role}-{attempt}-{try_number}"

"""The secret that a campaign's hidden data depend on."""

from __future__ import annotations

from agent.archive.store import Archive
from templates.contract import TemplateSpec
from templates.errors import UserError
from templates.hiding import new_salt

__all__ = ["choose_salt"]


def choose_salt(archive: Archive, spec: TemplateSpec, hidden_from: str | None) -> str | None:
    """What a new campaign's hidden data depend on beside its seed.

    Args:
        archive: Where the campaign will be.
        spec: The template's.
        hidden_from: Campaign of the archive whose hidden data are wanted again; None for new ones.

    Returns:
        A salt of its own, or that of the other campaign; None where nothing is hidden.

    Raises:
        UserError: There is no such campaign, it is of another template, or the template hides
            nothing.
    """
    if spec.experiment is None:
        if hidden_from is not None:
            raise UserError(f"--set hidden_from: {spec.name} is no experiment, it hides nothing")
        return None
    if hidden_from is None:
        return new_salt()
    other = archive.campaign(hidden_from)
    if other.template != spec.name:
        raise UserError(f"--set hidden_from: {other.id} is a campaign of {other.template}")
    return other.salt

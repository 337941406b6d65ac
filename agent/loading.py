"""The template that a recorded campaign ran on."""

from __future__ import annotations

from agent.archive import CampaignRecord
from templates.registry import Template, load_template

__all__ = ["template_of"]


def template_of(campaign: CampaignRecord) -> Template:
    """The template of a campaign, with the choices that were made for it.

    Raises:
        UserError: It cannot be loaded any more.
    """
    name = campaign.settings.get("template", campaign.template)
    return load_template(name, campaign.settings.get("overrides", {}))

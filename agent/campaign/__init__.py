"""Campaigns: the loop from proposal to discovery."""

from __future__ import annotations

from agent.campaign.campaign import Campaign, request_stop_of
from agent.campaign.progress import InFlight, Leader, Observer, Progress
from agent.campaign.settings import CampaignSettings

__all__ = [
    "Campaign",
    "CampaignSettings",
    "InFlight",
    "Leader",
    "Observer",
    "Progress",
    "request_stop_of",
]

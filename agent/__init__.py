"""The orchestrator: campaigns, proposers, models, evaluation, archive and command line."""

from __future__ import annotations

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("discovery-agent")

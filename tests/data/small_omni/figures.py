"""Omni's own figures."""

from templates.omni.figures import AGENT_FIGURES, FIGURES, animations

__all__ = ["AGENT_FIGURES", "FIGURES", "animations"]

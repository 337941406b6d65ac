"""Who a section's text is by; anything else than these says why the fixed text stands."""

from __future__ import annotations

__all__ = ["BY_MODEL", "CHOSEN", "CHOSEN_AND_OWN", "WRITTEN"]

WRITTEN = "model"
"""A model wrote it sentence by sentence."""

CHOSEN = "chosen"
"""A model put it together from prepared sentences."""

CHOSEN_AND_OWN = "chosen, with a sentence of its own"
"""As `CHOSEN`, and the model added a sentence."""

BY_MODEL = (WRITTEN, CHOSEN, CHOSEN_AND_OWN)
"""All that is a model's."""

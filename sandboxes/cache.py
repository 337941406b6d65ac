"""Where compiled cores and packages of images are kept between campaigns."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path

__all__ = ["cache_root"]


def cache_root() -> Path:
    """DISCOVER_CACHE, or else the user's cache folder; it may not exist yet."""
    chosen = os.environ.get("DISCOVER_CACHE")
    return Path(chosen).expanduser() if chosen else user_cache_path("discovery-agent")

"""Ideas: what a model wants to try and why, looked at again, and compared with the literature."""

from __future__ import annotations

from agent.ideas.idea import Idea, idea_schema, parse_idea
from agent.ideas.keeping import IdeaRecord, ideas_of, is_in_code
from agent.ideas.making import IdeaMaker, IdeaPlan
from agent.ideas.novelty import Novelty, NoveltyCheck

__all__ = [
    "Idea",
    "IdeaMaker",
    "IdeaPlan",
    "IdeaRecord",
    "Novelty",
    "NoveltyCheck",
    "idea_schema",
    "ideas_of",
    "is_in_code",
    "parse_idea",
]

"""Reviews of papers: reading, blinding, the form and the prompts. Who calls models is `agent`."""

from __future__ import annotations

from reviewers.paper.blinding import Blinded, blind
from reviewers.paper.cutting import Excerpt, fit_to
from reviewers.paper.document import Document, Section
from reviewers.paper.form import ACCEPT_FROM, SCALES, PaperReview, average, form_schema, parse_form
from reviewers.paper.prompts import PROMPT_NAMES, prompt_text, render_prompt
from reviewers.paper.reading import read_paper

__all__ = [
    "ACCEPT_FROM",
    "PROMPT_NAMES",
    "SCALES",
    "Blinded",
    "Document",
    "Excerpt",
    "PaperReview",
    "Section",
    "average",
    "blind",
    "fit_to",
    "form_schema",
    "parse_form",
    "prompt_text",
    "read_paper",
    "render_prompt",
]

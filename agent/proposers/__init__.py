"""Proposers: from the archive's visible state to a request, and from a completion to a proposal."""

from __future__ import annotations

from agent.proposers.llm import LlmProposer
from agent.proposers.prompts import (
    PROMPT_NAMES,
    PromptSet,
    load_prompts,
    without_docstring,
)
from agent.proposers.proposal import Proposal, parse_proposal, proposal_schema, sanitize_name
from agent.proposers.proposer import Attempt, Proposer, ProposerContext, Request, Sampling
from agent.proposers.selection import Failure, Peer, Selection, Selector
from agent.proposers.selectors import DEFAULT_SELECTOR, SELECTORS, open_selector

__all__ = [
    "DEFAULT_SELECTOR",
    "PROMPT_NAMES",
    "SELECTORS",
    "Attempt",
    "Failure",
    "LlmProposer",
    "Peer",
    "PromptSet",
    "Proposal",
    "Proposer",
    "ProposerContext",
    "Request",
    "Sampling",
    "Selection",
    "Selector",
    "load_prompts",
    "open_selector",
    "parse_proposal",
    "proposal_schema",
    "sanitize_name",
    "without_docstring",
]

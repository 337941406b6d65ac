"""Language models: one protocol, local weights, providers and recordings."""

from agent.llm.backoff import delays
from agent.llm.contract import (
    Completion,
    CompletionRequest,
    LanguageModel,
    Message,
    prompt_hash,
)
from agent.llm.recorded import RecordedModel
from agent.llm.registry import ModelStatus, available_models, open_model

__all__ = [
    "Completion",
    "CompletionRequest",
    "LanguageModel",
    "Message",
    "ModelStatus",
    "RecordedModel",
    "available_models",
    "delays",
    "open_model",
    "prompt_hash",
]

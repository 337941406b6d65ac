"""From a name on the command line to a language model."""

from __future__ import annotations

import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path

from agent.llm.catalog import DEFAULT_LOCAL, LOCAL_MODELS, LocalModelEntry, local_model
from agent.llm.contract import LanguageModel
from agent.llm.recorded import RecordedModel
from agent.llm.weights import ensure_weights, find_weights
from templates.errors import UserError

__all__ = ["ModelStatus", "available_models", "is_local", "open_model"]

_LOCAL_SLOTS = 2
_REMOTE_SLOTS = 4
_AT_URL = re.compile(r"(?P<name>.+)@(?P<url>https?://.+)", re.IGNORECASE)
_PROVIDERS = (
    ("openai/MODEL", "OPENAI_API_KEY"),
    ("anthropic/MODEL", "ANTHROPIC_API_KEY"),
    ("gemini/MODEL", "GEMINI_API_KEY"),
    ("mistral/MODEL", "MISTRAL_API_KEY"),
    ("deepseek/MODEL", "DEEPSEEK_API_KEY"),
    ("openrouter/MODEL", "OPENROUTER_API_KEY"),
)


@dataclass(frozen=True)
class ModelStatus:
    """Whether a model can be used here, and what it takes."""

    name: str
    title: str
    usable: bool
    reason: str
    how_to_get: str
    size_bytes: int | None = None
    is_default: bool = False


def open_model(name: str, *, slots: int | None = None, threads: int | None = None) -> LanguageModel:
    """Open a model by name.

    Args:
        name: ``local``, ``local:NAME`` or ``local:/path/to.gguf`` for a model in this process;
            ``recorded:/path/file.jsonl`` for a replay; ``NAME@http://host:port/v1`` for a server
            that speaks OpenAI's protocol; anything else is LiteLLM's name of a provider's model.
        slots: Completions in parallel; a default for the kind of model unless told.
        threads: Threads of a local model; all cores unless told.

    Raises:
        UserError: The name is unknown, weights cannot be had, or a key is missing.
    """
    if is_local(name):
        return _open_local(name.partition(":")[2], slots or _LOCAL_SLOTS, threads)
    if threads is not None:
        raise UserError(f"threads only makes sense for a local model, not for {name!r}")
    if name.startswith("recorded:"):
        path = Path(name.removeprefix("recorded:")).expanduser()
        return RecordedModel(path, slots=slots or _REMOTE_SLOTS)
    from agent.llm.litellm_model import LiteLLMModel  # LiteLLM takes seconds to import.

    at_url = _AT_URL.fullmatch(name)
    if at_url is None:
        return LiteLLMModel(name, slots=slots or _REMOTE_SLOTS)
    if "@" in at_url["url"]:
        raise UserError("a URL must not hold a password: set OPENAI_API_KEY in the environment")
    return LiteLLMModel(
        f"openai/{at_url['name']}",
        slots=slots or _REMOTE_SLOTS,
        api_base=at_url["url"],
        name=name,
    )


def is_local(name: str) -> bool:
    """Whether a name stands for a model in this process."""
    return name == "local" or name.startswith("local:")


def _open_local(name: str, slots: int, threads: int | None) -> LanguageModel:
    from agent.llm.local import LocalModel, require_xllamacpp

    require_xllamacpp()  # Before a gigabyte is fetched for nothing.
    if name.endswith(".gguf") or "/" in name:
        path = Path(name).expanduser()
        if not path.is_file():
            raise UserError(f"there is no model file {path}")
        return LocalModel(f"local:{name}", path, slots=slots, threads=threads)
    entry = local_model(name or DEFAULT_LOCAL)
    weights = ensure_weights(entry)
    return LocalModel(f"local:{entry.name}", weights, slots=slots, threads=threads)


def available_models() -> list[ModelStatus]:
    """What can be used here, and what is missing, without loading or fetching anything."""
    statuses = [_local_status(entry) for entry in LOCAL_MODELS]
    for name, key in _PROVIDERS:
        usable = bool(os.environ.get(key))
        statuses.append(
            ModelStatus(
                name=name,
                title=f"any model of {name.partition('/')[0]}, through LiteLLM",
                usable=usable,
                reason=f"{key} is set" if usable else f"{key} is not set",
                how_to_get=f"set {key} in the environment",
            )
        )
    return statuses


def _local_status(entry: LocalModelEntry) -> ModelStatus:
    size = f"{entry.size_bytes / 1e9:.1f} GB"
    usable = importlib.util.find_spec("xllamacpp") is not None
    if not usable:
        reason, how = "xllamacpp is not installed", "pip install 'discovery-agent[local]'"
    elif find_weights(entry) is not None:
        reason, how = "the weights are here", "nothing to do"
    else:
        reason = f"the weights are not here yet ({size})"
        how = "fetched at the first use, or set DISCOVER_MODEL_PATH"
    return ModelStatus(
        name=f"local:{entry.name}",
        title=entry.title,
        usable=usable,
        reason=reason,
        how_to_get=how,
        size_bytes=entry.size_bytes,
        is_default=entry.name == DEFAULT_LOCAL,
    )

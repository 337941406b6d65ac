"""Models of any provider, through LiteLLM."""

from __future__ import annotations

import copy
import importlib
import os
import threading
import time
from types import ModuleType
from typing import Any

import openai

from agent.llm.backoff import retry_after_s
from agent.llm.contract import Completion, CompletionRequest, DeclinedError, prompt_hash
from agent.llm.deadline import DeadlineExceededError, call_with_deadline
from agent.llm.structured import schema_in_words, strict_schema
from templates.errors import CandidateError, DiscoveryError, InfrastructureError, UserError

__all__ = ["LiteLLMModel", "load_litellm"]

# LiteLLM lists it as missing, but goes to this machine's own server without it.
_WITH_DEFAULT = {"OLLAMA_API_BASE"}
_SCHEMA_REFUSED = ("response_format", "json_schema", "output_format", "structured output")


def load_litellm() -> ModuleType:
    """Import LiteLLM, which takes seconds, such that it makes no network calls of its own."""
    # Prices and header lists come from the installed package, keys from the environment alone:
    # in its development mode LiteLLM would also read a .env file.
    for name, value in (
        ("LITELLM_LOCAL_MODEL_COST_MAP", "True"),
        ("LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS", "True"),
        ("LITELLM_MODE", "PRODUCTION"),
    ):
        os.environ.setdefault(name, value)
    litellm = importlib.import_module("litellm")
    settings = {"suppress_debug_info": True, "telemetry": False}
    for setting, wanted in settings.items():
        setattr(litellm, setting, wanted)
    return litellm


class LiteLLMModel:
    """One model of one provider.

    Args:
        model: LiteLLM's name, such as ``openai/gpt-4o-mini``.
        slots: Calls in parallel.
        api_base: URL of the server, where it is not the provider's own.
        name: How the archive calls it; ``model`` unless told.

    Raises:
        UserError: LiteLLM does not know the provider, or the key is not in the environment.
    """

    def __init__(
        self, model: str, *, slots: int, api_base: str | None = None, name: str | None = None
    ) -> None:
        if slots < 1:
            raise UserError(f"slots is at least 1, not {slots}")
        self.name = name or model
        self.slots = slots
        self._model = model
        self._api_base = api_base
        self._litellm = load_litellm()
        self._closed = False
        self._guard = threading.Lock()
        self._schema_refused = False
        self._supported = self._check()
        self.context_tokens = self._context()

    def _context(self) -> int | None:
        """The most input tokens, from the installed price list; a server of one's own has none."""
        if self._api_base is not None:
            return None
        prices = self._litellm.model_cost
        entry = prices.get(self._model) or prices.get(self._model.partition("/")[2]) or {}
        most = entry.get("max_input_tokens")
        return int(most) if isinstance(most, int) else None

    def _check(self) -> set[str]:
        """The request parameters that the provider takes."""
        try:
            _, provider, _, _ = self._litellm.get_llm_provider(self._model, api_base=self._api_base)
        except self._litellm.exceptions.BadRequestError as error:
            raise UserError(
                f"unknown model {self.name!r}: give PROVIDER/MODEL as LiteLLM names it (for "
                "example openai/gpt-4o-mini), NAME@http://host:port/v1 for a server that speaks "
                "OpenAI's protocol, or local (see: discover models)"
            ) from error
        if self._api_base is None:
            named = self._litellm.validate_environment(self._model).get("missing_keys", [])
            missing = [name for name in named if name not in _WITH_DEFAULT]
            if missing:
                raise UserError(f"{self.name} needs {' and '.join(missing)} in the environment")
        listed = self._litellm.get_supported_openai_params(
            model=self._model, custom_llm_provider=provider
        )
        return set(listed or ())

    def complete(self, request: CompletionRequest) -> Completion:
        """See `agent.llm.contract.LanguageModel`.

        What the provider does not take is left out and said in the completion's notes; a server
        that rejects JSON schemas gets the schema in words instead, from then on.
        """
        if self._closed:
            raise UserError(f"{self.name} was closed")
        started = time.monotonic()
        end = started + request.timeout_s
        notes: list[str] = []
        arguments = self._arguments(request, notes)
        try:
            response = self._call(arguments, end)
        except _RejectedError as rejected:
            arguments = self._without_rejected(arguments, request, rejected, notes)
            try:
                response = self._call(arguments, end)
            except _RejectedError as again:
                raise UserError(f"{self.name} rejects the request: {again}") from again
        return self._completion(request, response, time.monotonic() - started, notes)

    def most_usd(self, request: CompletionRequest) -> float | None:
        """See `agent.llm.contract.LanguageModel`: every token of the answer used."""
        if self._api_base is not None:
            return None
        messages = [{"role": one.role, "content": one.content} for one in request.messages]
        if request.schema is not None:
            messages.append({"role": "user", "content": schema_in_words(request.schema)})
        try:
            tokens = self._litellm.token_counter(model=self._model, messages=messages)
            # Tokenizers of other makers are estimated: a fifth more, to be safe.
            parts = self._litellm.cost_per_token(
                model=self._model,
                prompt_tokens=int(1.2 * tokens) + 20,
                completion_tokens=request.max_tokens,
            )
        except (self._litellm.exceptions.BadRequestError, ValueError, KeyError):
            return None
        return float(sum(parts))

    def close(self) -> None:
        """Refuse further calls; there is nothing to free."""
        self._closed = True

    def _arguments(self, request: CompletionRequest, notes: list[str]) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": self._model,
            "messages": [
                {"role": message.role, "content": message.content} for message in request.messages
            ],
            "num_retries": 0,
            "max_retries": 0,
        }
        if self._api_base is not None:
            arguments["api_base"] = self._api_base
            # The SDK insists on some key; a server of one's own may need none.
            arguments["api_key"] = os.environ.get("OPENAI_API_KEY") or "none"
        wanted = {
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "seed": request.seed % 2**31,
        }
        for key, value in wanted.items():
            if key in self._supported:
                arguments[key] = value
            else:
                notes.append(f"the provider takes no {key}")
        if request.schema is not None:
            if "response_format" in self._supported and not self._schema_refused:
                arguments["response_format"] = {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "answer",
                        "schema": strict_schema(request.schema),
                        "strict": True,
                    },
                }
            else:
                self._schema_in_words(arguments, request, notes)
        return arguments

    def _schema_in_words(
        self, arguments: dict[str, Any], request: CompletionRequest, notes: list[str]
    ) -> None:
        arguments.pop("response_format", None)
        arguments["messages"].append(
            {"role": "user", "content": schema_in_words(request.schema or {})}
        )
        notes.append("the provider takes no JSON schema: it was put into words")

    def _without_rejected(
        self,
        arguments: dict[str, Any],
        request: CompletionRequest,
        rejected: _RejectedError,
        notes: list[str],
    ) -> dict[str, Any]:
        """The request again without what the provider said it does not take."""
        arguments = copy.deepcopy(arguments)
        if rejected.is_parameter:
            arguments["drop_params"] = True
            notes.append(f"parameters were dropped: {rejected}")
        elif "response_format" in arguments and rejected.is_about(_SCHEMA_REFUSED):
            with self._guard:
                self._schema_refused = True
            self._schema_in_words(arguments, request, notes)
        else:
            raise UserError(f"{self.name} rejects the request: {rejected}") from rejected
        return arguments

    def _call(self, arguments: dict[str, Any], end: float) -> Any:
        left_s = max(end - time.monotonic(), 0.001)
        try:
            return call_with_deadline(
                lambda: self._litellm.completion(**arguments, timeout=left_s), left_s
            )
        except DeadlineExceededError as error:
            raise InfrastructureError(f"{self.name} gave no answer in time") from error
        except openai.OpenAIError as error:  # The base of all that LiteLLM and the SDKs raise.
            raise self._classify(error) from error

    def _classify(self, error: openai.OpenAIError) -> Exception:
        kinds = self._litellm.exceptions
        message = f"{self.name}: {_first_line(error)}"
        if isinstance(error, kinds.ContentPolicyViolationError):
            return CandidateError("refusal", message)
        if isinstance(error, kinds.ContextWindowExceededError):
            return CandidateError("prompt_too_long", message)
        if isinstance(error, kinds.UnsupportedParamsError):
            return _RejectedError(_first_line(error), is_parameter=True)
        if isinstance(
            error,
            openai.AuthenticationError
            | openai.PermissionDeniedError
            | openai.NotFoundError
            | kinds.PaymentRequiredError,
        ):
            return UserError(f"{message} (check the name of the model and the key)")
        if isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
            return _RejectedError(_first_line(error), is_parameter=False)
        if _has_code(error, "insufficient_quota"):
            return UserError(f"{message} (the account has no credit left)")
        return InfrastructureError(message, retry_after_s=retry_after_s(_retry_after(error)))

    def _completion(
        self, request: CompletionRequest, response: Any, latency_s: float, notes: list[str]
    ) -> Completion:
        if not getattr(response, "choices", None):
            raise InfrastructureError(f"{self.name} sent an answer without choices")
        choice = response.choices[0]
        extra = getattr(choice.message, "provider_specific_fields", None) or {}
        refusal = getattr(choice.message, "refusal", None) or extra.get("refusal")
        usage = getattr(response, "usage", None)
        used: dict[str, Any] = {
            "prompt_tokens": int(getattr(usage, "prompt_tokens", 0) or 0),
            "completion_tokens": int(getattr(usage, "completion_tokens", 0) or 0),
            "cost_usd": self._cost_usd(response, notes),
            "notes": tuple(notes),
        }
        if refusal or choice.finish_reason == "content_filter":
            said = refusal or choice.message.content or "the answer was filtered"
            raise DeclinedError("refusal", f"{self.name} refused: {said}", **used)
        text = choice.message.content or ""
        if not text.strip():
            raise DeclinedError("empty", f"{self.name} returned no text", **used)
        return Completion(
            text=text,
            model=self.name,
            latency_s=latency_s,
            finish_reason=str(choice.finish_reason),
            seed=request.seed,
            prompt_hash=prompt_hash(request),
            **used,
        )

    def _cost_usd(self, response: Any, notes: list[str]) -> float:
        if self._api_base is not None:
            # A server of one's own: the price of a model of the same name elsewhere says nothing.
            notes.append("the price is unknown and counted as 0")
            return 0.0
        try:
            return float(
                self._litellm.completion_cost(completion_response=response, model=self._model)
            )
        except self._litellm.exceptions.BadRequestError:
            pass
        except (ValueError, KeyError):
            pass
        notes.append("the price is unknown and counted as 0")
        return 0.0


class _RejectedError(DiscoveryError):
    """The provider does not take the request as it is; perhaps it takes less."""

    def __init__(self, message: str, *, is_parameter: bool) -> None:
        super().__init__(message)
        self.is_parameter = is_parameter

    def is_about(self, words: tuple[str, ...]) -> bool:
        return any(word in str(self).lower() for word in words)


def _has_code(error: BaseException | None, code: str) -> bool:
    """Whether the error, or the SDK's error that LiteLLM wrapped, carries the provider's code."""
    while error is not None:
        if getattr(error, "code", None) == code:
            return True
        error = error.__cause__ or error.__context__
    return False


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:300] if text else type(error).__name__


def _retry_after(error: Exception) -> str | None:
    """The provider's ``Retry-After``; LiteLLM carries headers beside the response it rebuilds."""
    for source in (
        getattr(error, "litellm_response_headers", None),
        getattr(getattr(error, "response", None), "headers", None),
    ):
        if source is not None and source.get("retry-after") is not None:
            return str(source.get("retry-after"))
    return None

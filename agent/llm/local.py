"""A model in this process: llama.cpp through xllamacpp."""

from __future__ import annotations

import atexit
import gc
import os
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from agent.llm.constraint import lark_grammar
from agent.llm.contract import Completion, CompletionRequest, DeclinedError, prompt_hash
from templates.errors import CandidateError, InfrastructureError, UserError

__all__ = ["LocalModel", "close_local_models", "require_xllamacpp"]

_TOKENS_PER_SLOT = 6144
_CLOSE_WAIT_S = 30.0
_LLAMA_SEEDS = 2**32 - 1  # The largest value asks llama.cpp for a random seed.
_THREAD = "llama"
_OPEN: weakref.WeakSet[LocalModel] = weakref.WeakSet()


class LocalModel:
    """A GGUF model, loaded once, that completes ``slots`` chats at a time.

    The same request gives the same text as long as it runs alone. Beside other requests it may
    not: the sums inside a shared batch differ in their last bits, and with them, sooner or later,
    a token. Recordings are what makes a campaign repeatable.

    Args:
        name: How the archive calls it.
        path: The GGUF file; its digest is the caller's business.
        slots: Completions in parallel; they share each pass over the weights.
        threads: Threads of llama.cpp; all cores that this process may use unless told.

    Raises:
        UserError: xllamacpp is not installed, or the file is not a model that it can load.
    """

    def __init__(self, name: str, path: Path, *, slots: int, threads: int | None = None) -> None:
        if slots < 1 or (threads is not None and threads < 1):
            raise UserError(f"slots and threads are at least 1, not {slots} and {threads}")
        self.name = name
        self.slots = slots
        self.context_tokens: int | None = _TOKENS_PER_SLOT
        self.threads = threads or len(os.sched_getaffinity(0))
        self._server: Any = _load(path, slots, self.threads)
        self._guard = threading.Condition()
        self._running: set[_Generation] = set()
        # A thread inside llama.cpp when the interpreter goes down aborts the whole process.
        atexit.register(self.close)
        _OPEN.add(self)

    def complete(self, request: CompletionRequest) -> Completion:
        """See `agent.llm.contract.LanguageModel`; a prompt that is too long is a CandidateError."""
        started = time.monotonic()
        generation = _Generation(_payload(request))
        with self._guard:
            if self._server is None:
                raise UserError(f"{self.name} was closed")
            self._running.add(generation)
        threading.Thread(
            target=self._run, args=(generation, self._server), name=_THREAD, daemon=True
        ).start()
        if not generation.finished.wait(request.timeout_s):
            # llama.cpp frees the slot at the next token; nobody waits for it.
            generation.cancelled = True
            raise InfrastructureError(f"{self.name} took over {request.timeout_s:g} s")
        return self._completion(request, generation, time.monotonic() - started)

    def most_usd(self, request: CompletionRequest) -> float | None:
        """See `agent.llm.contract.LanguageModel`: nothing."""
        return 0.0

    def close(self) -> None:
        """Cancel what runs, wait until it has stopped, and free the weights.

        A prompt that is being read cannot be cancelled before its end; after half a minute this
        returns all the same, see `close_local_models`.
        """
        atexit.unregister(self.close)
        with self._guard:
            server, self._server = self._server, None
            for generation in self._running:
                generation.cancelled = True
            self._guard.wait_for(lambda: not self._running, timeout=_CLOSE_WAIT_S)
        del server
        gc.collect()

    def _run(self, generation: _Generation, server: Any) -> None:
        try:
            generation.run(server)
        finally:
            with self._guard:
                self._running.discard(generation)
                self._guard.notify_all()

    def _completion(
        self, request: CompletionRequest, generation: _Generation, latency_s: float
    ) -> Completion:
        if generation.error is not None:
            raise _classify(self.name, generation.error)
        if generation.cancelled or not generation.finish_reason:
            raise InfrastructureError(f"{self.name} was interrupted")
        text = "".join(generation.pieces)
        if not text.strip():
            raise DeclinedError("empty", f"{self.name} returned no text")
        return Completion(
            text=text,
            model=self.name,
            prompt_tokens=int(generation.usage.get("prompt_tokens", 0)),
            completion_tokens=int(generation.usage.get("completion_tokens", 0)),
            cost_usd=0.0,
            latency_s=latency_s,
            finish_reason=generation.finish_reason,
            seed=request.seed,
            prompt_hash=prompt_hash(request),
        )


class _Generation:
    """One streamed request; streaming is what makes it possible to stop it."""

    def __init__(self, payload: dict[str, Any]) -> None:
        self.payload = payload
        self.pieces: list[str] = []
        self.usage: Mapping[str, Any] = {}
        self.finish_reason = ""
        self.error: Mapping[str, Any] | None = None
        self.cancelled = False
        self.finished = threading.Event()

    def run(self, server: Any) -> None:
        try:
            server.handle_chat_completions(self.payload, self._receive)
        except (RuntimeError, ValueError) as error:
            self.error = {"message": str(error)}
        finally:
            self.finished.set()

    def _receive(self, chunk: Any) -> bool:
        """Take one chunk; True stops llama.cpp."""
        if "error" in chunk:
            self.error = chunk["error"]
            return True
        self.usage = chunk.get("usage") or self.usage
        for choice in chunk.get("choices", ()):
            self.pieces.append(choice["delta"].get("content") or "")
            self.finish_reason = choice.get("finish_reason") or self.finish_reason
        return self.cancelled


def _payload(request: CompletionRequest) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "messages": [
            {"role": message.role, "content": message.content} for message in request.messages
        ],
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
        "seed": request.seed % _LLAMA_SEEDS,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.schema is not None:
        payload["grammar"] = lark_grammar(request.schema)
    return payload


def _classify(name: str, error: Mapping[str, Any]) -> Exception:
    message = str(error.get("message", error))
    if error.get("type") == "exceed_context_size_error":
        return CandidateError("prompt_too_long", f"{name}: {message}")
    if error.get("code") == 400:
        return UserError(f"{name} cannot take this request: {message}")
    return InfrastructureError(f"{name}: {message}")


def close_local_models() -> bool:
    """Close every model that is open, where one of them still works.

    Returns:
        Whether no thread is left inside llama.cpp. Where one is, the interpreter must not shut
        down in order: it would end that thread within C++ code, which takes that for an exception
        that nobody handles and aborts the process.
    """
    if _is_working():
        for model in list(_OPEN):
            model.close()
    return not _is_working()


def _is_working() -> bool:
    return any(thread.name == _THREAD for thread in threading.enumerate())


def require_xllamacpp() -> ModuleType:
    """Import xllamacpp with an OpenMP runtime that sleeps while it waits.

    By default its threads spin at every barrier. On cores that also run evaluations the spinning
    thread then keeps the core from the one it waits for, and generation slows down manyfold;
    asleep, it costs a few per cent on an idle machine. The runtime reads this once, when loaded.
    """
    name = "OMP_WAIT_POLICY"
    before = os.environ.get(name)
    os.environ.setdefault(name, "passive")
    try:
        import xllamacpp
    except ImportError as error:
        raise UserError(
            f"the local model needs the extra 'local' ({error}): "
            "pip install 'discovery-agent[local]'"
        ) from error
    finally:
        if before is None:
            del os.environ[name]
    module: ModuleType = xllamacpp
    return module


def _load(path: Path, slots: int, threads: int) -> Any:
    xllamacpp = require_xllamacpp()
    with path.open("rb") as stream:
        if stream.read(4) != b"GGUF":
            raise UserError(f"{path} is not a GGUF file")
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_parallel = slots
    params.n_ctx = _TOKENS_PER_SLOT * slots
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.verbosity = -1
    # llama.cpp listens on a port of the loopback interface; nobody but this process knows the key.
    params.api_keys = [os.urandom(16).hex()]
    params.ui = False
    params.endpoint_slots = False
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise UserError(f"{path} cannot be loaded by llama.cpp: {error}") from error

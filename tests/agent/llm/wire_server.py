"""A local HTTP server that speaks the wire formats of OpenAI and Anthropic, as a script tells it.

The SDKs go through it unchanged.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from tests.data.scripted_server import BaseScript, ScriptedHandler, serving

OPENAI_PATH = "/v1/chat/completions"
ANTHROPIC_PATH = "/v1/messages"


@dataclass
class Script(BaseScript):
    """What models say, and what arrived."""

    text: str = '{"name":"dpo"}'
    headers: dict[str, str] = field(default_factory=dict)
    hang_s: float = 30.0
    received: list[dict[str, Any]] = field(default_factory=list)


def openai_answer(text: str | None, finish: str = "stop", refusal: str | None = None) -> Any:
    message = {"role": "assistant", "content": text, "refusal": refusal}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


def anthropic_answer(content: list[dict[str, Any]], stop: str = "end_turn") -> Any:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-4-8",
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 7},
    }


class _Handler(ScriptedHandler[Script]):
    def do_POST(self) -> None:  # noqa: N802 - the base class's name
        script = self.server.script
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        script.received.append(
            {
                "path": self.path,
                "body": body,
                "headers": {k.lower(): v for k, v in self.headers.items()},
            }
        )
        behavior = script.next_behavior()
        getattr(self, f"do_{behavior}")(script, body, self.path == ANTHROPIC_PATH)

    def send_error_json(self, status: int, kind: str, message: str, anthropic: bool) -> None:
        error = {"type": kind, "message": message}
        content = {"type": "error", "error": error} if anthropic else {"error": error}
        self.send_json(status, content, self.server.script.headers)

    def answer(self, script: Script, body: Any, anthropic: bool) -> Any:
        if not anthropic:
            return openai_answer(script.text)
        if body.get("tools") and "output_format" not in body and "output_config" not in body:
            tool = body["tools"][0]["name"]
            value = json.loads(script.text)
            use = {"type": "tool_use", "id": "toolu_1", "name": tool, "input": value}
            return anthropic_answer([use], "tool_use")
        return anthropic_answer([{"type": "text", "text": script.text}])

    def do_ok(self, script: Script, body: Any, anthropic: bool) -> None:
        self.send_json(200, self.answer(script, body, anthropic))

    def do_rate_limit(self, script: Script, body: Any, anthropic: bool) -> None:
        self.send_error_json(429, "rate_limit_error", "slow down", anthropic)

    def do_quota(self, script: Script, body: Any, anthropic: bool) -> None:
        error = {"type": "insufficient_quota", "code": "insufficient_quota", "message": "no money"}
        self.send_json(429, {"error": error})

    def do_server_error(self, script: Script, body: Any, anthropic: bool) -> None:
        self.send_error_json(500, "api_error", "it broke", anthropic)

    def do_overloaded(self, script: Script, body: Any, anthropic: bool) -> None:
        self.send_error_json(529 if anthropic else 503, "overloaded_error", "busy", anthropic)

    def do_bad_key(self, script: Script, body: Any, anthropic: bool) -> None:
        self.send_error_json(401, "authentication_error", "invalid x-api-key", anthropic)

    def do_no_model(self, script: Script, body: Any, anthropic: bool) -> None:
        self.send_error_json(404, "not_found_error", "no such model", anthropic)

    def do_no_schema(self, script: Script, body: Any, anthropic: bool) -> None:
        if "response_format" in body:
            message = "response_format is not supported by this server"
            self.send_error_json(400, "invalid_request_error", message, anthropic)
        else:
            self.do_ok(script, body, anthropic)

    def do_hang(self, script: Script, body: Any, anthropic: bool) -> None:
        self.hang()

    def do_drip(self, script: Script, body: Any, anthropic: bool) -> None:
        self.drip()

    def do_truncated(self, script: Script, body: Any, anthropic: bool) -> None:
        self.cut_off(self.answer(script, body, anthropic))

    def do_malformed(self, script: Script, body: Any, anthropic: bool) -> None:
        self.send_bytes(200, b'{"id": "x", "choices": [}')

    def do_refusal(self, script: Script, body: Any, anthropic: bool) -> None:
        if anthropic:
            text = [{"type": "text", "text": "I cannot help."}]
            self.send_json(200, anthropic_answer(text, "refusal"))
        else:
            self.send_json(200, openai_answer(None, "stop", "I cannot help."))

    def do_filtered(self, script: Script, body: Any, anthropic: bool) -> None:
        self.send_json(200, openai_answer("partial", "content_filter"))

    def do_empty(self, script: Script, body: Any, anthropic: bool) -> None:
        self.send_json(200, anthropic_answer([]) if anthropic else openai_answer(""))

    def do_cut(self, script: Script, body: Any, anthropic: bool) -> None:
        if anthropic:
            self.send_json(200, anthropic_answer([{"type": "text", "text": "{"}], "max_tokens"))
        else:
            self.send_json(200, openai_answer("{", "length"))


def serve() -> AbstractContextManager[tuple[str, Script]]:
    """Run the server; yields its base URL (without ``/v1``) and its script."""
    return serving(_Handler, Script())

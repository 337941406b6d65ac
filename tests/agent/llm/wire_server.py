"""A local HTTP server that speaks the wire formats of OpenAI and Anthropic, as a script tells it.

It is a real server on a real socket: the SDKs go through it unchanged.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OPENAI_PATH = "/v1/chat/completions"
ANTHROPIC_PATH = "/v1/messages"


@dataclass
class Script:
    """How to answer the next requests, and what arrived."""

    behaviors: list[str] = field(default_factory=list)
    text: str = '{"name":"dpo"}'
    headers: dict[str, str] = field(default_factory=dict)
    hang_s: float = 30.0
    received: list[dict[str, Any]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def next_behavior(self) -> str:
        return self.behaviors.pop(0) if self.behaviors else "ok"


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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
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

    def send_json(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        self.send_bytes(status, json.dumps(content).encode(), headers)

    def send_bytes(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

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
        script.released.wait(script.hang_s)
        self.close_connection = True

    def do_drip(self, script: Script, body: Any, anthropic: bool) -> None:
        """Bytes keep coming, so no read ever times out, but the answer never ends."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "100000")
        self.end_headers()
        end = time.monotonic() + script.hang_s
        try:
            while time.monotonic() < end and not script.released.wait(0.05):
                self.wfile.write(b" ")
                self.wfile.flush()
        except OSError:
            pass
        self.close_connection = True

    def do_truncated(self, script: Script, body: Any, anthropic: bool) -> None:
        data = json.dumps(self.answer(script, body, anthropic)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()
        self.close_connection = True

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


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    script: Script


@contextmanager
def serve() -> Iterator[tuple[str, Script]]:
    """Run the server; yields its base URL (without ``/v1``) and its script."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.script = Script()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.script
    finally:
        server.script.released.set()
        server.shutdown()
        server.server_close()
        thread.join()

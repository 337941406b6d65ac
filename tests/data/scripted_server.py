"""A real HTTP server on a real socket whose answers, good and bad, a script decides.

What a service says is in a subclass of `ScriptedHandler`: one method ``do_NAME`` for each way to
answer, and whatever takes a request to it. How a connection goes wrong is the same everywhere.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Generic, TypeVar


@dataclass
class BaseScript:
    """How to answer the next requests; waiting answers end when it is released."""

    behaviors: list[str] = field(default_factory=list)
    hang_s: float = 20.0
    released: threading.Event = field(default_factory=threading.Event)

    def next_behavior(self) -> str:
        return self.behaviors.pop(0) if self.behaviors else "ok"


S = TypeVar("S", bound=BaseScript)


class ScriptedServer(ThreadingHTTPServer, Generic[S]):
    daemon_threads = True
    script: S


class ScriptedHandler(BaseHTTPRequestHandler, Generic[S]):
    """What handlers of such servers share."""

    protocol_version = "HTTP/1.1"
    server: ScriptedServer[S]

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def send_json(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        self.send_bytes(status, json.dumps(content).encode(), headers)

    def send_bytes(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self._send_head(status, len(data), headers)
        self.wfile.write(data)

    def hang(self) -> None:
        """Nothing comes, and then the connection ends."""
        self.server.script.released.wait(self.server.script.hang_s)
        self.close_connection = True

    def drip(self) -> None:
        """Bytes keep coming, so no read ever times out, but the answer never ends."""
        script = self.server.script
        self._send_head(200, 100_000)
        end = time.monotonic() + script.hang_s
        try:
            while time.monotonic() < end and not script.released.wait(0.05):
                self.wfile.write(b" ")
                self.wfile.flush()
        except OSError:
            pass
        self.close_connection = True

    def cut_off(self, content: Any) -> None:
        """Half of an answer, and the connection ends."""
        data = json.dumps(content).encode()
        self._send_head(200, len(data))
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()
        self.close_connection = True

    def _send_head(self, status: int, length: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()


@contextmanager
def serving(handler: type[ScriptedHandler[S]], script: S) -> Iterator[tuple[str, S]]:
    """Run a server; yields its address and its script."""
    server: ScriptedServer[S] = ScriptedServer(("127.0.0.1", 0), handler)
    server.script = script
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", script
    finally:
        script.released.set()
        server.shutdown()
        server.server_close()
        thread.join()

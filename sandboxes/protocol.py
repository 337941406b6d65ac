"""Length-prefixed messages between the host and sandboxed processes.

A frame is a fixed header, a JSON object and binary attachments. Nothing is ever unpickled, every
length is checked against a bound before it is believed, and a reader has a deadline. Only the
standard library is used: this module is also loaded inside the tracer.
"""

from __future__ import annotations

import json
import math
import os
import select
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Channel", "Message", "PeerClosedError", "ProtocolError", "ReplyTimeoutError"]

_MAGIC = b"DSC1"
_HEADER = struct.Struct(">4sII")
MAX_JSON_BYTES = 16 * 2**20
MAX_BLOB_BYTES = 64 * 2**20
MAX_BLOBS = 64
MAX_NAME_LENGTH = 200
# A wait looks this often whether the channel was closed meanwhile.
_TURN_S = 2.0


class ProtocolError(Exception):
    """The other side sent something that is not a valid message."""


class PeerClosedError(ProtocolError):
    """The other side is gone."""


class ReplyTimeoutError(ProtocolError):
    """The other side did not answer before the deadline."""


@dataclass(frozen=True)
class Message:
    """One message: a kind, a JSON body and named binary attachments."""

    kind: str
    body: Mapping[str, Any] = field(default_factory=dict)
    blobs: Mapping[str, bytes] = field(default_factory=dict)


def encode(message: Message) -> bytes:
    """Serialize a message.

    Raises:
        ProtocolError: It is larger than the protocol allows.
    """
    envelope = {
        "kind": message.kind,
        "body": message.body,
        "blobs": [[name, len(data)] for name, data in message.blobs.items()],
    }
    text = json.dumps(envelope, allow_nan=True).encode()
    blob = b"".join(message.blobs.values())
    if len(text) > MAX_JSON_BYTES or len(blob) > MAX_BLOB_BYTES or len(message.blobs) > MAX_BLOBS:
        raise ProtocolError(f"message too large: {len(text)} + {len(blob)} bytes")
    return _HEADER.pack(_MAGIC, len(text), len(blob)) + text + blob


def decode(header: bytes, payload: bytes) -> Message:
    """Parse a header and its payload; raises ProtocolError on anything that does not fit."""
    _, text_length, blob_length = _HEADER.unpack(header)
    try:
        envelope = json.loads(payload[:text_length].decode())
    except (ValueError, RecursionError) as error:  # what is no text, no JSON, or beyond Python
        raise ProtocolError(f"not JSON: {error}") from error
    if not isinstance(envelope, dict) or set(envelope) != {"kind", "body", "blobs"}:
        raise ProtocolError("a message is an object with kind, body and blobs")
    kind, body, index = envelope["kind"], envelope["body"], envelope["blobs"]
    if not isinstance(kind, str) or not isinstance(body, dict) or not isinstance(index, list):
        raise ProtocolError("kind, body or blobs of a message has the wrong type")
    blobs: dict[str, bytes] = {}
    position = text_length
    for entry in index:
        match entry:
            case [str(name), int(length)] if length >= 0 and _is_new(name, blobs):
                blobs[name] = payload[position : position + length]
                position += length
            case _:
                raise ProtocolError("an attachment's entry is not [name, length]")
    if len(blobs) > MAX_BLOBS or position != text_length + blob_length:
        raise ProtocolError("the attachments' lengths do not add up")
    return Message(kind, body, blobs)


def _is_new(name: str, blobs: Mapping[str, bytes]) -> bool:
    return name not in blobs and name.isascii() and len(name) <= MAX_NAME_LENGTH


def decode_frame(frame: bytes) -> Message:
    """Parse one complete frame; raises ProtocolError on anything else."""
    if len(frame) < _HEADER.size:
        raise ProtocolError(f"{len(frame)} bytes are not a message")
    header, payload = frame[: _HEADER.size], frame[_HEADER.size :]
    magic, text_length, blob_length = _HEADER.unpack(header)
    if magic != _MAGIC or text_length + blob_length != len(payload):
        raise ProtocolError("bytes that are not a message")
    if text_length > MAX_JSON_BYTES:
        raise ProtocolError(f"message too large: {text_length} bytes of JSON")
    return decode(header, payload)


class Channel:
    """A two-way stream of messages over a pair of file descriptors.

    Args:
        read_fd: Descriptor to read from; put into non-blocking mode.
        write_fd: Descriptor to write to.
        max_bytes: Largest payload that is accepted from the other side.
    """

    def __init__(self, read_fd: int, write_fd: int, *, max_bytes: int = 32 * 2**20) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._max_bytes = max_bytes
        # A number that one thread has closed may be another file's before the next one uses it.
        self._guard = threading.Lock()
        os.set_blocking(read_fd, False)
        os.set_blocking(write_fd, False)

    def send(self, message: Message, *, deadline: float | None = None) -> None:
        """Write one message before ``deadline`` (`time.monotonic` seconds).

        Raises:
            PeerClosedError: Nobody reads any more.
            ReplyTimeoutError: The other side did not take it in time.
        """
        data = memoryview(encode(message))
        while data:
            try:
                with self._guard:
                    data = data[os.write(self._write_fd, data) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, deadline)
            except OSError as error:
                raise PeerClosedError(f"cannot write: {error}") from error

    def wait(self) -> None:
        """Return once there is something to receive, without reading any of it.

        Raises:
            PeerClosedError: The channel is closed, or gets closed.
        """
        self._wait(select.POLLIN, None)

    def receive(self, *, deadline: float | None = None) -> Message:
        """Read one message before ``deadline`` (`time.monotonic` seconds).

        Raises:
            PeerClosedError: The other side closed.
            ReplyTimeoutError: No complete message came in time.
            ProtocolError: What came is not a message or is too large.
        """
        header = self._read(_HEADER.size, deadline)
        magic, text_length, blob_length = _HEADER.unpack(header)
        if magic != _MAGIC:
            raise ProtocolError("bytes that are not a message")
        if text_length > MAX_JSON_BYTES or text_length + blob_length > self._max_bytes:
            raise ProtocolError(f"message of {text_length + blob_length} bytes is too large")
        return decode(header, self._read(text_length + blob_length, deadline))

    def close(self) -> None:
        """Close both directions; safe to call twice, and from any thread."""
        with self._guard:
            for descriptor in {self._read_fd, self._write_fd} - {-1}:
                os.close(descriptor)
            self._read_fd = self._write_fd = -1

    def _read(self, length: int, deadline: float | None) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            try:
                with self._guard:
                    data = os.read(self._read_fd, min(length - len(parts), 2**20))
            except BlockingIOError:
                self._wait(select.POLLIN, deadline)
                continue
            except OSError as error:
                raise PeerClosedError(f"cannot read: {error}") from error
            if not data:
                raise PeerClosedError("the other side closed the channel")
            parts += data
        return bytes(parts)

    def _wait(self, events: int, deadline: float | None) -> None:
        """Until the descriptor is ready; in turns, so that a closed one is never waited for."""
        while True:
            with self._guard:
                descriptor = self._write_fd if events == select.POLLOUT else self._read_fd
            if descriptor < 0:
                raise PeerClosedError("the channel is closed")
            left_s = math.inf if deadline is None else deadline - time.monotonic()
            if left_s <= 0:
                raise ReplyTimeoutError("no answer before the deadline")
            poll = select.poll()
            poll.register(descriptor, events)
            if poll.poll(1000 * min(left_s, _TURN_S)):
                return

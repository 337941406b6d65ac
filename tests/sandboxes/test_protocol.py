"""Messages survive the trip; nothing else gets through."""

from __future__ import annotations

import contextlib
import os
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.protocol import (
    Channel,
    Message,
    PeerClosedError,
    ProtocolError,
    ReplyTimeoutError,
    decode_frame,
    encode,
)


def pair() -> tuple[Channel, Channel]:
    to_b, from_a = os.pipe()
    to_a, from_b = os.pipe()
    return Channel(to_a, from_a), Channel(to_b, from_b)


def test_large_messages_arrive_whole() -> None:
    a, b = pair()
    sent = Message("k", {"x": [1.5, None, "é"]}, {"one": os.urandom(3_000_000), "two": b""})
    writer = threading.Thread(target=a.send, args=(sent,))
    writer.start()
    assert b.receive(deadline=time.monotonic() + 10) == sent
    writer.join()
    a.close()
    b.close()


def test_silence_ends_at_the_deadline() -> None:
    a, b = pair()
    started = time.monotonic()
    with pytest.raises(ReplyTimeoutError):
        b.receive(deadline=started + 0.2)
    assert 0.1 < time.monotonic() - started < 5
    a.close()
    with pytest.raises(PeerClosedError):
        b.receive()
    b.close()


def test_threads_may_close_at_once_and_another_files_number_is_never_touched() -> None:
    """As when an engine closes while its worker ends: a number that is free is taken at once."""
    for _ in range(200):
        a, b = pair()
        reached: list[object] = []
        gate = threading.Barrier(4)

        def read(channel: Channel, gate: threading.Barrier, reached: list[object]) -> None:
            gate.wait()
            try:
                reached.append(channel.receive(deadline=time.monotonic() + 20))
            except ProtocolError as error:
                reached.append(type(error))

        def close(channel: Channel, gate: threading.Barrier, reached: list[object]) -> None:
            gate.wait()
            try:
                channel.close()
            except OSError as error:
                reached.append(error)

        works = (read, close, close)
        threads = [threading.Thread(target=work, args=(a, gate, reached)) for work in works]
        for thread in threads:
            thread.start()
        gate.wait()
        foreign, writes = os.pipe()
        os.write(writes, encode(Message("not yours")))
        b.close()
        for thread in threads:
            thread.join()
        assert reached == [PeerClosedError]
        assert os.read(foreign, 2**16) == encode(Message("not yours"))
        os.close(foreign)
        os.close(writes)


def test_a_frame_that_claims_too_much_is_refused_before_it_is_read() -> None:
    reading, writing = os.pipe()
    channel = Channel(reading, writing, max_bytes=1000)
    os.write(writing, b"DSC1" + (2**31).to_bytes(4, "big") + (0).to_bytes(4, "big"))
    with pytest.raises(ProtocolError, match="too large"):
        channel.receive(deadline=time.monotonic() + 5)
    channel.close()


@given(st.binary(max_size=300))
def test_garbage_is_a_protocol_error_and_nothing_else(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_frame(data)


@given(st.data())
def test_no_changed_byte_gives_anything_but_a_message_or_an_error(data: st.DataObject) -> None:
    frame = bytearray(encode(Message("kind", {"a": [1, 2]}, {"blob": b"12345"})))
    position = data.draw(st.integers(0, len(frame) - 1))
    frame[position] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ProtocolError):
        assert isinstance(decode_frame(bytes(frame)), Message)

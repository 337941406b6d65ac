"""How trusted workers answer the host: one request at a time, each within its deadline."""

from __future__ import annotations

import faulthandler
import traceback
from collections.abc import Callable

from sandboxes.protocol import Channel, Message, PeerClosedError

__all__ = ["serve"]


def serve(channel: Channel, answer: Callable[[Message], Message]) -> None:
    """Answer until the host hangs up.

    The process ends at a request's deadline by itself; the host ends it a little later. An error
    of our own is told to the host and then raised: the worker starts afresh.
    """
    while True:
        try:
            request = channel.receive()
        except PeerClosedError:
            return
        try:
            # Not a signal: nothing interrupts a compiled program but the end of its process.
            faulthandler.dump_traceback_later(request.body["deadline_s"], exit=True)
            reply = answer(request)
            faulthandler.cancel_dump_traceback_later()
        except Exception:
            channel.send(Message("bug", {"traceback": traceback.format_exc()[-4000:]}))
            raise
        channel.send(reply)

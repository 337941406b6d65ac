"""Runs one script or experiment once and hands on the arrays that it returns.

Everything in here is lost to the candidate: it runs as the same user in the same sandbox, so
nothing that comes out is believed. The host bounds the bytes; another sandbox reads them.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import resource
import select
import signal
import stat
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from sandboxes.protocol import Channel, Message

_FOLDER = Path(os.environ.get("TMPDIR", "/tmp"))
_FILES = _FOLDER / "experiment"
_INPUTS = _FOLDER / "inputs"
_OUTPUTS = _FOLDER / "outputs"
_MAX_BYTES = 16 * 2**20
_MAX_SAID = 4000
_FAILED = 3
_FRAMES = 4
_SAID_OF_ERROR = 500


def _run_script(body: dict[str, Any], said_fd: int) -> None:
    """In the child: import the script, call its function, save what it returns."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(said_fd, 1)
    os.dup2(said_fd, 2)
    os.closerange(3, 512)
    os.chdir(_FOLDER)
    os.setsid()
    if body["cpu_s"]:
        # A program that does not end at once by this signal is killed a little later.
        resource.setrlimit(resource.RLIMIT_CPU, (body["cpu_s"], body["cpu_s"] + 2))
    # JAX would add advice to errors; which frames matter is decided here.
    os.environ["JAX_TRACEBACK_FILTERING"] = "off"
    status = 0
    try:
        sys.path.insert(0, str(_FILES))
        name, _, function = body["entry"].partition(":")
        spec = importlib.util.spec_from_file_location(name, _FILES / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        inputs = {file.stem: np.load(file) for file in sorted(_INPUTS.glob("*.npy"))}
        returned = getattr(module, function)(**body["arguments"], **inputs)
        names = body["outputs"]
        arrays = returned if len(names) > 1 else (returned,)
        if len(arrays) != len(names):
            raise TypeError(f"`{function}` must return {', '.join(names)}: {len(names)} arrays")
        for name, array in zip(names, arrays, strict=True):
            data = io.BytesIO()
            np.save(data, np.asarray(array, np.float64), allow_pickle=False)
            (_OUTPUTS / f"{name}.npy").write_bytes(data.getvalue())
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the candidate's
        print(_what_failed(error), file=sys.stderr)
        status = _FAILED
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def _what_failed(error: BaseException) -> str:
    """The lines of the candidate's own files that led to an error, and the error."""
    frames = [
        f"{Path(frame.filename).name}, line {frame.lineno}, in {frame.name}: {frame.line}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_FILES)
    ]
    said = "".join(traceback.format_exception_only(error)).strip()
    return "\n".join([*frames[-_FRAMES:], said[:_SAID_OF_ERROR]])


def _watch(pid: int, said_fd: int, deadline: float) -> tuple[str, int, bytes]:
    """Wait for the child; returns why it ended, its exit code and the end of what it said."""
    said = bytearray()
    ended, status = "exit", 0
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        if time.monotonic() > deadline:
            ended = "timeout"
            break
        if select.select([said_fd], [], [], 0.02)[0]:
            part = os.read(said_fd, 65536)
            said = (said + part)[-_MAX_SAID:]
            if not part:
                time.sleep(0.02)
    # Whatever it started goes too: as process 1 we reach everything in here.
    everything = -1 if os.getpid() == 1 else -pid
    for target in (everything, pid):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(target, signal.SIGKILL)
    if ended == "timeout":
        with contextlib.suppress(ChildProcessError):
            _, status = os.waitpid(pid, 0)
    os.set_blocking(said_fd, False)
    with contextlib.suppress(OSError):
        while part := os.read(said_fd, 65536):
            said = (said + part)[-_MAX_SAID:]
    return ended, os.waitstatus_to_exitcode(status), bytes(said)


def _collect(names: list[str]) -> dict[str, bytes]:
    """The output files: plain ones only, followed through no link, and not too large."""
    found = {}
    for name in names:
        try:
            handle = os.open(_OUTPUTS / f"{name}.npy", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                continue
            data = file.read(_MAX_BYTES + 1)
        if len(data) <= _MAX_BYTES:
            found[name] = data
    return found


def main() -> None:
    """Take one candidate, run it, answer, end."""
    channel = Channel(int(sys.argv[2]), int(sys.argv[3]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel.send(Message("ready"))
    request = channel.receive()
    body = dict(request.body)
    for folder in (_FILES, _INPUTS, _OUTPUTS):
        folder.mkdir()
    for label, data in request.blobs.items():
        kind, _, name = label.partition(":")
        file = {"file": _FILES, "input": _INPUTS}[kind] / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    read_fd, write_fd = os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _run_script(body, write_fd)
    os.close(write_fd)
    ended, status, said = _watch(pid, read_fd, started + body["timeout_s"])
    outputs = _collect(body["outputs"]) if ended == "exit" and status == 0 else {}
    answer = {
        "ended": ended,
        "exit": status,
        "said": said.decode(errors="replace"),
    }
    channel.send(Message("ran", answer, outputs))


if __name__ == "__main__":
    main()

"""``run``, ``resume`` and ``stop`` end to end: recorded completions, real sandboxes, signals."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.archive import Archive
from tests.agent.cli.conftest import Discover, Home

pytestmark = pytest.mark.gate

TEMPLATE = Path(__file__).resolve().parents[2] / "data" / "robust_regression"
DISCOVER = str(Path(sys.executable).with_name("discover"))
LOSSES = {
    "pseudo_huber": "return jnp.sqrt(1.0 + (prediction - target) ** 2) - 1.0",
    "twice_squared": "return 3.0 * (target - prediction) ** 2 + 5.0",
    "broken": "return jnp.mean((prediction - target) ** 2)",
    "log_cosh": "return jnp.log(jnp.cosh(prediction - target))",
}
HEAD = "import jax.numpy as jnp\n\n\ndef loss(prediction, target):\n"
CSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Completions that take a while each, so that there is something to interrupt."""
    file = tmp_path_factory.mktemp("recorded") / "model.jsonl"
    lines = [
        {
            "text": json.dumps(
                {
                    "thought": f"Try {name}.",
                    "name": name,
                    "code": f"{HEAD}    {line}\n",
                }
            ),
            "cost_usd": 0.01,
            "delay_s": 1.0,
        }
        for name, line in LOSSES.items()
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


@pytest.fixture
def run_command(recording: Path, tmp_path: Path) -> list[str]:
    return [
        DISCOVER,
        "run",
        str(TEMPLATE),
        "--model",
        f"recorded:{recording}",
        "--candidates",
        "3",
        "--set",
        "in_flight=1",
        "--home",
        str(tmp_path / "home"),
    ]


class Terminal:
    """A command on a terminal of its own, as a person has it."""

    def __init__(self, command: list[str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, b"\x28\x00\x78\x00\x00\x00\x00\x00")  # 40 x 120
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={**os.environ, "TERM": "xterm-256color"},
        )
        os.close(slave)
        os.set_blocking(self._master, False)
        self.raw = ""

    @property
    def text(self) -> str:
        return CSI.sub("", self.raw)

    def wait_for(self, text: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < deadline, f"no {text!r} in:\n{self.text}"
            assert self.process.poll() is None or self._read(), f"ended:\n{self.text}"
            self._read()
            time.sleep(0.05)

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def end(self, seconds: float = 60) -> int:
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read()
            time.sleep(0.05)
        code = self.process.wait(timeout=1)
        while self._read():
            pass
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    def _read(self) -> bool:
        try:
            data = os.read(self._master, 65536)
        except OSError:  # nothing there yet, or the other side is gone
            return False
        self.raw += data.decode(errors="replace")
        return bool(data)


@pytest.fixture
def terminal() -> Iterator[Any]:
    opened: list[Terminal] = []

    def open_terminal(command: list[str]) -> Terminal:
        opened.append(Terminal(command))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()


def campaigns(home: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [DISCOVER, "list", "--json", "--home", str(home)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)["campaigns"]
    return found


def test_ctrl_c_saves_and_resume_goes_on(
    run_command: list[str], terminal: Any, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    screen = terminal(run_command)
    screen.wait_for("of 3 proposals done")
    screen.wait_for("In flight")
    screen.type("\x03")
    assert screen.end() == 130
    assert "\x1b[?25h" in screen.raw  # the cursor is back
    (stopped,) = campaigns(home)
    assert stopped["state"] == "stopped"
    assert f"Go on with: discover resume {stopped['campaign']}" in screen.text

    resumed = subprocess.run(
        [DISCOVER, "resume", "--json", "--home", str(home)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert resumed.returncode == 0, resumed.stderr
    found = json.loads(resumed.stdout)
    assert (found["campaign"], found["state"]) == (stopped["campaign"], "done")
    assert found["proposals"]["terminal"] == 3
    assert Path(found["report"]).read_text(encoding="utf-8").lower().startswith("<!doctype html")
    assert found["headline"]
    assert "of 3 proposals done" in resumed.stderr
    with Archive(home / "archive.db", must_exist=True) as archive:
        calls = archive.model_calls(found["campaign"])
        assert len({(call.slot, call.attempt) for call in calls}) == len(calls)  # nothing twice


def test_stop_from_another_process_then_a_person_sees_the_table(
    run_command: list[str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    running = subprocess.Popen(
        run_command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    try:
        for line in running.stdout:
            if "searching" in line:
                break
        stop = subprocess.run(
            [DISCOVER, "stop", "--home", str(home)], capture_output=True, text=True, check=True
        )
        assert f"process {running.pid}" in stop.stdout
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 0, err
    assert "asked to stop" in out
    assert "Report: " in out
    (stopped,) = campaigns(home)
    assert stopped["state"] == "stopped"
    assert f"discover resume {stopped['campaign']}" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "in_flight"), "KEY=VALUE"),
        (("--set", "in_fligth=2"), "in_flight"),
        (("--set", "repairs=1", "--set", "repairs=2"), "twice"),
        (("--set", "in_flight=many"), "in_flight"),
        (("--sandbox", "docker"), "--sandbox process"),
        (("--hours", "-1"), "--hours"),
        (("--budget", "-1"), "--budget"),
        (("--candidates", "0"), "--candidates"),
    ],
)
def test_what_cannot_be_used_is_refused(
    discover: Discover, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    found = discover("run", TEMPLATE, *arguments, "--home", tmp_path / "home")
    assert found.code == 2
    assert words in found.err
    assert found.out == ""


def test_a_missing_recording_is_one_line(discover: Discover, tmp_path: Path) -> None:
    found = discover(
        "run", TEMPLATE, "--model", "recorded:/nowhere.jsonl", "--home", tmp_path / "home"
    )
    assert found.code == 2
    assert "/nowhere.jsonl" in found.err
    assert "Traceback" not in found.err


def test_resume_refuses_a_finished_campaign(discover: Discover, home: Home) -> None:
    found = discover("resume", "--home", home.path)
    assert found.code == 2
    assert "done" in found.err

"""Nothing outlives an engine, whatever was under way; what fails to start is tried once more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import docker
import pytest
from docker.utils.proxy import ProxyConfig

from sandboxes.contract import Guarantee, ProcessHandle, Role, Sandbox
from sandboxes.docker import Container, DockerSandbox
from sandboxes.engines import open_engine
from sandboxes.engines.pool import LocalPool
from sandboxes.engines.processes import ClosedError
from templates.errors import CandidateError, InfrastructureError
from templates.registry import Template, load_template
from tests.sandboxes.test_engine import HUBER, score

pytestmark = pytest.mark.gate

SLEEPER = "import time\n\n\ndef pack(count, seed):\n    time.sleep(50)\n"


class Watched:
    """A sandbox that fails as often as asked, and remembers what it started."""

    def __init__(self, inside: Sandbox, failures: int = 0) -> None:
        self.name = inside.name
        self.started: list[tuple[Role, ProcessHandle]] = []
        self._inside = inside
        self._failures = failures
        self._before = inside.leftovers()

    def platforms(self) -> tuple[str, ...]:
        return self._inside.platforms()

    def leftovers(self) -> int:
        return self._inside.leftovers() - self._before

    def guarantees(self) -> tuple[Guarantee, ...]:
        return self._inside.guarantees()

    def start(self, role: Role) -> ProcessHandle:
        if self._failures:
            self._failures -= 1
            raise InfrastructureError("the machine was busy")
        handle = self._inside.start(role)
        self.started.append((role, handle))
        return handle

    def wait_for(self, name: str) -> ProcessHandle:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for role, handle in self.started:
                if role.name == name:
                    return handle
            time.sleep(0.05)
        raise AssertionError(f"no {name} was started")


def leftover(watched: Watched) -> int:
    return watched.leftovers() + sum(handle.alive() for _, handle in watched.started)


def in_background(work: Callable[[], object]) -> tuple[threading.Thread, list[Exception]]:
    caught: list[Exception] = []

    def run() -> None:
        try:
            work()
        except (CandidateError, InfrastructureError) as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, caught


@pytest.mark.parametrize("pause_s", [0.0, 2.0], ids=["booting", "running"])
def test_a_lab_ends_with_its_engine(sandbox: Sandbox, pause_s: float) -> None:
    watched = Watched(sandbox)
    with open_engine(load_template("circle_packing"), watched, workers=1) as engine:
        program = engine.trace(SLEEPER)
        thread, caught = in_background(
            lambda: engine.evaluate(program, effort="full", task="circles_26", seeds=[1])
        )
        lab = watched.wait_for("lab")
        time.sleep(pause_s)
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert not lab.alive()
    assert leftover(watched) == 0
    assert [type(error) for error in caught] == [ClosedError]


def test_what_does_not_start_is_tried_once_more(small_template: Template, sandbox: Sandbox) -> None:
    told: list[str] = []
    watched = Watched(sandbox, failures=1)
    with open_engine(small_template, watched, workers=1, notify=told.append) as engine:
        assert score(engine, HUBER)
    assert any("tried once more" in line for line in told)
    hopeless = Watched(sandbox, failures=100)
    with (
        pytest.raises(InfrastructureError, match="busy"),
        open_engine(small_template, hopeless, workers=1),
    ):
        pass
    assert not hopeless.started


def test_an_interrupted_start_leaves_nothing(
    small_template: Template, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(sandbox)
    engine = open_engine(small_template, watched, workers=1)

    def interrupted(*_: object) -> None:
        watched.wait_for("tracer")
        raise KeyboardInterrupt

    monkeypatch.setattr(LocalPool, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), engine:
        pass
    assert watched.started
    assert leftover(watched) == 0


def test_a_users_proxies_stay_outside_of_docker(
    docker_client: docker.DockerClient,
    small_template: Template,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Docker's client would hand those of its configuration to containers, password and all."""
    proxies = ProxyConfig.from_dict({"httpProxy": "http://user:s3cret@proxy:1"})  # type: ignore[typeddict-unknown-key]
    monkeypatch.setattr(docker_client.api, "_proxy_configs", proxies)
    with open_engine(small_template, DockerSandbox(engine=docker_client), workers=1) as engine:
        assert len(engine.processes()) == 2
        for handle in engine.processes():
            assert isinstance(handle, Container)
            seen = docker_client.api.inspect_container(handle.id)
            assert "s3cret" not in str(seen["Config"]["Env"])

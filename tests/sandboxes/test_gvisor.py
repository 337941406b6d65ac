"""Docker with gVisor as runtime: a kernel in user space, so that the machine's is not shared."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import docker
import pytest

from sandboxes.contract import Sandbox
from sandboxes.docker import Container, DockerSandbox
from sandboxes.engines import open_engine
from sandboxes.images.building import find
from sandboxes.registry import choose_sandbox
from templates.errors import CandidateError
from templates.registry import Template
from tests.docker_engine import NoEngineError, private_engine

pytestmark = pytest.mark.full("boundary")

RUNTIME = "runsc"
LOSS = "def loss(prediction, target):\n    return jnp.abs(prediction - target) ** 1.5\n"
ESCAPE = "import functools\nfunctools.os.mkdir('/app/mine')\n"
# gVisor lays its filter around itself, where nothing inside can see it, and shows no users of a
# namespace within its own.
UNSEEN = {"seccomp", "unprivileged"}


@pytest.fixture(scope="module")
def gvisor(docker_client: docker.DockerClient) -> Iterator[DockerSandbox]:
    if RUNTIME in docker_client.info()["Runtimes"]:
        yield DockerSandbox(engine=docker_client, runtime=RUNTIME)
        return
    try:
        if shutil.which(RUNTIME) is None:
            raise NoEngineError(f"there is no {RUNTIME} (on Debian: apt-get install runsc)")
        with private_engine() as own:
            for role in ("tracer", "evaluator"):
                tag = find(docker_client, role, "cpu")
                assert tag is not None
                # A stream, which the stubs do not know of; an image is too large to be held.
                own.images.load(docker_client.images.get(tag).save(named=True))  # type: ignore[arg-type]
            yield DockerSandbox(engine=own, runtime=RUNTIME)
    except NoEngineError as error:
        if os.environ.get("DISCOVER_REQUIRE_DOCKER"):
            pytest.fail(str(error))
        pytest.skip(str(error))


def test_what_can_be_seen_in_gvisor_holds(gvisor: DockerSandbox) -> None:
    assert {one.name for one in gvisor.guarantees() if not one.holds} <= UNSEEN


def test_gvisor_gives_the_same_bits(gvisor: DockerSandbox, small_template: Template) -> None:
    found = []
    before = gvisor.leftovers()
    processes: Sandbox = choose_sandbox("process")
    for sandbox in (gvisor, processes):
        with open_engine(small_template, sandbox, workers=1) as engine:
            program = engine.trace(LOSS)
            measured = engine.evaluate(program, effort="full", task="outliers", seeds=[3])
            found.append([(one.metrics, one.detail) for one in measured])
            if sandbox is not gvisor:
                continue
            with pytest.raises(CandidateError) as caught:
                engine.trace(ESCAPE + LOSS)
            assert caught.value.kind == "import_time_error"
            for role in ("evaluator", "tracer"):
                handle = engine.processes(role)[0]
                assert isinstance(handle, Container)
                seen = gvisor.engine.api.inspect_container(handle.id)
                assert seen["HostConfig"]["Runtime"] == RUNTIME
    assert found[0] == found[1]
    assert gvisor.leftovers() == before

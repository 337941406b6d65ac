"""Every sandbox that this version knows, and an engine in each."""

from __future__ import annotations

import os
from collections.abc import Iterator

import docker
import pytest

from sandboxes.contract import Sandbox
from sandboxes.docker import DockerSandbox
from sandboxes.engines import Engine
from sandboxes.images.building import ROLES, build
from sandboxes.registry import choose_sandbox, sandbox_names
from templates.registry import Template
from tests.docker_engine import NoEngineError, base_image
from tests.docker_engine import engine as docker_engine
from tests.harness.engines import Engines
from tests.harness.scheduling import DOCKER, group_of


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is repeated in Docker is of the part boundary; starting an engine takes minutes."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        in_docker = callspec is not None and callspec.params.get("sandbox") == "docker"
        if in_docker or group_of(item.nodeid) == DOCKER:
            # Whoever is first makes a base image and builds three images on it.
            item.add_marker(pytest.mark.timeout(1200))
        if in_docker and not {"every_sandbox", "full"} & {one.name for one in item.iter_markers()}:
            item.add_marker(pytest.mark.full("boundary"))


@pytest.fixture(scope="session")
def docker_client() -> Iterator[docker.DockerClient]:
    try:
        with docker_engine() as client:
            base = base_image(client)
            for role in ROLES:
                build(client, role, base=base)
            yield client
    except NoEngineError as error:
        if os.environ.get("DISCOVER_REQUIRE_DOCKER"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session", params=sandbox_names())
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    if request.param == "docker":
        return DockerSandbox(engine=request.getfixturevalue("docker_client"))
    return choose_sandbox(request.param)


@pytest.fixture(scope="session")
def engine(small_template: Template, sandbox: Sandbox, engines: Engines) -> Engine:
    return engines.of(small_template, sandbox, workers=2)

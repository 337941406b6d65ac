"""Which worker of pytest-xdist runs what: files as a whole, the longest first.

Tests of a file stay together, since they share what its fixtures start. All that need a Docker
engine stay together as well, so that one worker starts one and builds its images. The longest
begin first, so that both cores are busy to the end; what took how long is read from
``tests/seconds.json``, see `tests.harness.timing`.
"""

from __future__ import annotations

from collections import defaultdict

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.harness.timing import known_seconds

__all__ = ["DOCKER", "group_of"]

DOCKER = "everything with Docker"
"""The group of all tests that use a Docker engine."""
# What a test takes that was under a second when it was last measured, or is new.
_SHORT_S = 0.1


def group_of(nodeid: str) -> str:
    """What runs in one worker, one test after the other: a file, or all that use Docker.

    A test that uses Docker says so in the name of its file, of itself or of its first parameter.
    """
    file, _, name = nodeid.partition("::")
    test, _, values = name.partition("[")
    named = "docker" in test or values.startswith("docker")
    return DOCKER if named or file.endswith(("test_docker.py", "test_gvisor.py")) else file


class _FilesAsAWhole(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_configure(config: pytest.Config) -> None:
    """Keep the order of the collection, which is that of the seconds."""
    config.option.loadscopereorder = False


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Hand out groups as they are named here."""
    return _FilesAsAWhole(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest group first; within a group, the order stays."""
    known = known_seconds()
    total: defaultdict[str, float] = defaultdict(float)
    for item in items:
        total[group_of(item.nodeid)] += known.get(item.nodeid, _SHORT_S)
    items.sort(key=lambda item: (-total[group_of(item.nodeid)], group_of(item.nodeid)))

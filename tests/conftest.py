"""What tests of several packages share: a small template and a warm engine for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from sandboxes.engines import Engine, open_engine
from sandboxes.registry import choose_sandbox
from templates.registry import Template, load_template

# One thread, as sandboxed workers have it, in a pool of one (NPROC), and programs run where they
# are called. With several, XLA's CPU runtime can wait for itself for ever in a vectorised program.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["NPROC"] = "1"
os.environ["JAX_CPU_ENABLE_ASYNC_DISPATCH"] = "false"

_ENGINES = "tests/sandboxes/"
SMALL_TEMPLATE = Path(__file__).parent / "data" / "robust_regression"


class _ByEngine(LoadScopeScheduling):  # type: ignore[misc]
    """Tests of a file stay together, and so do all that start an engine of Docker.

    Marks would say the same, but pytest 9.2 does not tell pytest-xdist 3.8 of them.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return _ENGINES if file.startswith(_ENGINES) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByEngine:
    return _ByEngine(config, log)


@pytest.fixture(scope="session")
def small_template() -> Template:
    return load_template(SMALL_TEMPLATE)


@pytest.fixture(scope="session")
def engine(small_template: Template) -> Iterator[Engine]:
    with open_engine(small_template, choose_sandbox("auto"), workers=2) as engine:
        yield engine

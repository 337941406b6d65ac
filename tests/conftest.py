"""What tests of several packages share: a small template and a warm engine for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxes.engines import Engine, open_engine
from sandboxes.registry import choose_sandbox
from templates.registry import Template, load_template

# One thread, as sandboxed workers have it, in a pool of one (NPROC), and programs run where they
# are called. With several, XLA's CPU runtime can wait for itself for ever in a vectorised program.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["NPROC"] = "1"
os.environ["JAX_CPU_ENABLE_ASYNC_DISPATCH"] = "false"

_ENGINES = Path(__file__).parent / "sandboxes"
SMALL_TEMPLATE = Path(__file__).parent / "data" / "robust_regression"


# First, for pytest-xdist looks at the marks as soon as it can.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a file stay together, and so do all that start an engine of Docker."""
    for item in items:
        group = _ENGINES if _ENGINES in item.path.parents else item.path
        item.add_marker(pytest.mark.xdist_group(str(group)))


@pytest.fixture(scope="session")
def small_template() -> Template:
    return load_template(SMALL_TEMPLATE)


@pytest.fixture(scope="session")
def engine(small_template: Template) -> Iterator[Engine]:
    with open_engine(small_template, choose_sandbox("auto"), workers=2) as engine:
        yield engine

"""What all tests share: levels, order and deadlines, a small template, and engines that run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sandboxes.engines import Engine
    from templates.registry import Template
    from tests.harness.engines import Engines

pytest_plugins = [
    "tests.harness.levels",
    "tests.harness.timing",
    "tests.harness.scheduling",
    "tests.harness.deadlines",
    "tests.harness.unit_guard",
]

# One thread, as sandboxed workers have it, in a pool of one (NPROC), and programs run where they
# are called. With several, XLA's CPU runtime can wait for itself for ever in a vectorised program.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["NPROC"] = "1"
os.environ["JAX_CPU_ENABLE_ASYNC_DISPATCH"] = "false"

SMALL_TEMPLATE = Path(__file__).parent / "data" / "robust_regression"


@pytest.fixture(scope="session")
def small_template() -> Template:
    from templates.registry import load_template

    return load_template(SMALL_TEMPLATE)


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    from tests.harness.engines import Engines

    started = Engines()
    yield started
    started.close()


@pytest.fixture(scope="session")
def engine(small_template: Template, engines: Engines) -> Engine:
    from sandboxes.registry import choose_sandbox

    return engines.of(small_template, choose_sandbox("auto"), workers=2)

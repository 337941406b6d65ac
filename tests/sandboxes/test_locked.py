"""Locks are for every Python at once; an image gets what they hold for its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandboxes.images.locked import locked_for

LOCKS = sorted(Path(__file__).parents[2].glob("sandboxes/images/*.lock"))
LOCK = """\
# A comment.
jax==0.10.2 ; python_full_version < '3.12' \\
    --hash=sha256:aa
jax==0.11.2 ; python_full_version >= '3.12' \\
    --hash=sha256:bb \\
    --hash=sha256:cc
nvidia==1 ; platform_machine == 'aarch64' and sys_platform == 'linux' \\
    --hash=sha256:dd
pywin32==3 ; sys_platform == 'win32' \\
    --hash=sha256:ee
"""


def test_conditions_are_those_of_the_python_that_is_installed_for() -> None:
    older = "jax==0.10.2 \\\n    --hash=sha256:aa\n"
    newer = "jax==0.11.2 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"
    assert locked_for(LOCK, "3.11", "x86_64") == older
    assert locked_for(LOCK, "3.12", "x86_64") == newer
    assert locked_for(LOCK, "3.14", "x86_64") == newer
    assert locked_for(LOCK, "3.11", "aarch64") == older + "nvidia==1 \\\n    --hash=sha256:dd\n"


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_each_package_of_an_image_has_one_version(lock: Path, version: str) -> None:
    text = locked_for(lock.read_text(encoding="utf-8"), version, "x86_64")
    first = [line for line in text.splitlines() if not line.startswith(" ")]
    names = [line.split("==")[0] for line in first]
    assert len(names) == len(set(names))
    assert {"jax", "jaxlib", "numpy"} <= set(names)
    assert all(line.endswith(" \\") and ";" not in line for line in first)

"""What is looked at before any process is started."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sandboxes.engines import starting
from sandboxes.process import ProcessSandbox
from templates.errors import UserError
from templates.registry import load_template

TEMPLATE = Path(__file__).parents[1] / "data" / "robust_regression"


def test_a_template_that_its_sandbox_cannot_read_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "private"
    shutil.copytree(TEMPLATE, folder)
    (folder / "core.py").chmod(0o600)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(UserError, match=r"core\.py; allow it: chmod -R a\+rX"):
        starting.compiled_core(load_template(str(folder)), ProcessSandbox(), "cpu", print)

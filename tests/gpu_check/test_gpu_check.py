"""The GPU's checks on a CPU, with the smallest sizes; and that what fails is shown as failed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.gpu_check.cases import CASES
from tests.gpu_check.checks import Check, all_checks
from tests.gpu_check.finding import gpu_of_machine
from tests.gpu_check.populations import agreement, same_bits
from tests.gpu_check.published import within
from tests.gpu_check.rows import Row, exit_status
from tests.gpu_check.running import ROOT, run_check, surroundings

pytestmark = pytest.mark.gate


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.gpu_check", *arguments],
        cwd=ROOT,
        env=surroundings(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(900)
@pytest.mark.full("templates")
def test_the_checks_pass_on_a_cpu_and_the_table_has_a_row_for_everything(tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    run = ("evaluators", "memory", "temporal_rl-drift", "diffusion_2d-gpu", "ppo-cartpole")
    done = call("--platform", "cpu", "--quick", "--json", str(file), "--only", *run)
    written = json.loads(file.read_text(encoding="utf-8"))
    status = {row["what"]: row["status"] for row in written["rows"]}
    assert set(status.values()) == {"pass", "not run"}, done.stdout + done.stderr
    checks = all_checks(quick=True)
    assert list(status) == [what for check in checks for what in check.rows]
    ran = {what for check in checks if check.name in run for what in check.rows}
    # An experiment has one member, so on a CPU there is no other population to compare with.
    ran.discard(CASES["diffusion_2d-gpu"].rows[1])
    assert {what for what, came in status.items() if came == "pass"} == ran
    assert done.returncode == 4
    assert all(what.split(":")[0] in done.stdout for what in status)


def test_a_check_that_is_cut_off_leaves_rows_that_say_so() -> None:
    broken = Check("evaluators", "", "", ("guarantees with a GPU", "one", "two"), 1.0)
    rows = run_check(broken, "cpu", 1.0, quick=True)
    by_name = {row.what: row for row in rows}
    assert by_name["one"].status == "fail"
    assert "its deadline" in by_name["one"].found
    assert by_name["two"].status == "not run"
    assert exit_status(rows) == 1


def test_what_the_time_for_all_cuts_off_has_not_failed() -> None:
    cut = Check("evaluators", "", "", ("guarantees with a GPU", "one", "two"), 100.0)
    rows = run_check(cut, "cpu", 1.0, quick=True)
    # How far it gets in a second is the machine's affair.
    assert {row.status for row in rows} <= {"pass", "not run"}
    assert rows[-1].status == "not run"
    first = next(row for row in rows if row.status == "not run")
    assert "time for all checks" in first.found


def test_a_failed_check_ends_the_command_with_1() -> None:
    """A second is too little for any check; the limit of all of them is not what ends it."""
    program = (
        "import sys, tests.gpu_check.__main__ as command\n"
        "from dataclasses import replace\n"
        "plain = command.all_checks\n"
        "command.all_checks = lambda **size: [replace(c, limit_s=1.0) for c in plain(**size)]\n"
        "sys.exit(command.main(['--platform', 'cpu', '--quick', '--only', 'ppo-cartpole']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=surroundings(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "fail" in done.stdout
    assert "its deadline" in done.stdout


def test_without_time_nothing_is_run_and_that_is_said() -> None:
    done = call("--platform", "cpu", "--quick", "--limit", "10")
    assert done.returncode == 4
    assert "are over" in done.stdout
    assert "pass" not in done.stdout


@pytest.mark.parametrize("shift", [0.0, 0.2])
def test_scores_that_are_shifted_do_not_agree(shift: float) -> None:
    case = CASES["preference_loss"]
    theirs = [0.5, 0.52, 0.51, 0.49]
    ours = [one + shift for one in theirs]
    good, said = agreement(case, (ours, [0.5]), (theirs, [0.5]))
    assert good == (shift == 0.0)
    assert "over 4 seeds" in said


def test_numbers_at_the_start_must_be_close_for_every_seed() -> None:
    case = CASES["preference_loss"]
    end = [0.5, 0.6]
    assert case.at_start is not None
    far = 2 * case.at_start
    assert agreement(case, (end, [0.5, 0.5]), (end, [0.5, 0.5]))[0]
    assert not agreement(case, (end, [0.5, 0.5 + far]), (end, [0.5, 0.5]))[0]
    assert not agreement(case, ([float("nan")], [0.5]), ([0.5], [0.5]))[0]


def test_one_bit_is_a_difference() -> None:
    assert same_bits([0.5, 0.6], [0.5, 0.6], {"1": 0.5, "1000000": 0.1})[0]
    assert not same_bits([0.5, 0.6], [0.5, 0.6000001], {"1": 0.5})[0]
    assert not same_bits([0.5, 0.6], [0.5, 0.6], {"1": 0.5000001})[0]


def test_published_ranges_have_ten_per_cent() -> None:
    assert within(45.1, 50.0, 60.0)
    assert not within(44.9, 50.0, 60.0)
    assert not within(66.1, 50.0, 60.0)


def test_not_run_is_not_passed() -> None:
    passed = Row("a", "", 1.0, "pass")
    assert exit_status([passed]) == 0
    assert exit_status([passed, replace(passed, status="not run")]) == 4
    assert exit_status([replace(passed, status="not run"), replace(passed, status="fail")]) == 1


def test_a_device_file_is_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "nvidiactl").touch()
    assert gpu_of_machine(tmp_path) is None
    (tmp_path / "nvidia0").touch()
    assert gpu_of_machine(tmp_path) == str(tmp_path / "nvidia0")


@pytest.mark.skipif(gpu_of_machine() is not None, reason="this machine has a GPU")
def test_without_a_gpu_it_says_so_at_once_and_installs_nothing(tmp_path: Path) -> None:
    done = call("--json", str(tmp_path / "table.json"))
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1
    assert "no GPU here" in done.stderr
    # Also where there is no environment yet.
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text(encoding="utf-8"))
    made = subprocess.run(
        ["make", "gpu-check"],
        cwd=tmp_path,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 2
    assert "no GPU here" in made.stderr
    assert "Error 3" in made.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Makefile"]

"""kill -9 at random moments of a campaign; after each, resume; at the end, compare.

Usage: python -m tests.benchmarks.kill_resume [--kills 200] [--seed 0]

Runs one campaign with recorded completions without interruption, then the same campaign in child
processes that are killed at random moments and resumed until the wanted number of kills is reached
(over as many campaigns as that takes). Prints whether every archive equals the uninterrupted one,
and whether any call was paid or any seed measured twice.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from agent.archive import Archive
from tests.data.completions import write_recording

ROOT = Path(__file__).resolve().parents[2]
CANDIDATES = 8
_CHILD = """
import json
import sys
from pathlib import Path
from agent.archive import Archive
from agent.campaign import Campaign, CampaignSettings
from agent.calling import Caller
from agent.evaluation.measuring import Measurer

class Silent:
    def notify(self, progress):
        pass

home, template, recording, seed, candidates = sys.argv[1:]
home = Path(home)
journal = open(home / "journal.jsonl", "a", buffering=1)

def watched(function, what, key):
    # A line before the work, and one after its result is in the archive.
    def wrapper(self, *arguments):
        name = key(arguments)
        journal.write(json.dumps(["began", what, name]) + "\\n")
        result = function(self, *arguments)
        journal.write(json.dumps(["kept", what, name]) + "\\n")
        return result
    return wrapper

Caller._try = watched(Caller._try, "call", lambda a: list(a[2:6]))
Measurer._run = watched(Measurer._run, "measurement", lambda a: list(a[2:]))
with Archive(home / "archive.db") as archive:
    known = archive.campaigns()
    if known:
        campaign = Campaign.resume(archive, known[0].id, home)
    else:
        settings = CampaignSettings(template=template, models=("recorded:" + recording,),
                                    candidates=int(candidates), seed=int(seed), workers=1)
        campaign = Campaign.create(archive, settings, home)
    campaign.run(Silent())
"""


@dataclass(frozen=True)
class Outcome:
    """What a series of kills showed."""

    kills: int
    campaigns: int
    unequal: int
    repeated: int
    leftover_processes: int


def start(home: Path, recording: Path, seed: int) -> subprocess.Popen[bytes]:
    """Run or resume the campaign of a home in a process of its own."""
    template = ROOT / "tests" / "data" / "robust_regression"
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            _CHILD,
            str(home),
            str(template),
            str(recording),
            str(seed),
            str(CANDIDATES),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def content(home: Path) -> tuple[str, int]:
    """Digest of the only campaign of a home, and what was done again though it was kept."""
    with Archive(home / "archive.db") as archive:
        record = archive.campaigns()[0]
        assert record.status == "done", record.stop_reason
        digest = archive.digest_content(record.id)
    return digest, len(repeated((home / "journal.jsonl").read_text().splitlines()))


def repeated(journal: list[str]) -> list[str]:
    """Calls and measurements that began after their result had been kept.

    Args:
        journal: Lines that all processes of a campaign wrote; a kill may have cut one short.

    Raises:
        ValueError: Nothing was kept, so the journal shows nothing.
    """
    kept: set[str] = set()
    found = []
    for line in journal:
        try:
            what, *work = json.loads(line)
        except ValueError:
            continue
        name = json.dumps(work)
        if what == "kept":
            kept.add(name)
        elif name in kept:
            found.append(name)
    if len({json.loads(name)[0] for name in kept}) != 2:
        raise ValueError("the journal holds no kept calls or no kept measurements")
    return found


def finish(home: Path, recording: Path, seed: int) -> float:
    """Run to the end; returns how long it took."""
    began = time.monotonic()
    process = start(home, recording, seed)
    _, errors = process.communicate(timeout=600)
    if process.returncode != 0:
        raise RuntimeError(errors.decode()[-3000:])
    return time.monotonic() - began


def over(home: Path) -> bool:
    """Whether the campaign of a home is done; a kill may come after its last step."""
    if not (home / "archive.db").exists():
        return False
    with Archive(home / "archive.db") as archive:
        known = archive.campaigns()
        return bool(known) and known[0].status == "done"


def series(kills: int, seed: int) -> Outcome:
    """Kill that many times and compare."""
    rng = random.Random(seed)
    done = campaigns = unequal = twice = 0
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        recording = write_recording(base / "completions.jsonl", delay_s=0.05)
        reference = base / "reference"
        reference.mkdir()
        lasted = finish(reference, recording, seed)
        expected = content(reference)
        if expected[1]:
            raise RuntimeError("the uninterrupted campaign did work twice")
        while done < kills:
            home = base / f"killed-{campaigns}"
            home.mkdir()
            campaigns += 1
            for _ in range(min(20, kills - done)):
                process = start(home, recording, seed)
                try:
                    process.wait(timeout=rng.uniform(0.3, max(1.5, 0.5 * lasted)))
                except subprocess.TimeoutExpired:
                    os.kill(process.pid, signal.SIGKILL)
                    process.wait()
                    done += 1
                else:
                    if process.returncode != 0:
                        assert process.stderr is not None
                        raise RuntimeError(process.stderr.read().decode()[-3000:])
                if over(home):
                    break
            if not over(home):
                finish(home, recording, seed)
            found = content(home)
            unequal += found[0] != expected[0]
            twice += found[1]
    time.sleep(1.0)
    return Outcome(done, campaigns, unequal, twice, len(_cages()))


def _cages() -> list[str]:
    """Sandboxed processes whose campaign is gone."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if b"isolation.py" in command and parent == "1":
                found.append(entry.name)
    return found


def main() -> None:
    """Parse arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    outcome = series(chosen.kills, chosen.seed)
    print(outcome)
    equal = outcome.campaigns - outcome.unequal
    print(
        f"{outcome.kills} kills over {outcome.campaigns} campaigns: {equal} of "
        f"{outcome.campaigns} archives equal the uninterrupted one, {outcome.repeated} calls or "
        f"measurements made again after they were kept, {outcome.leftover_processes} processes left"
    )
    sys.exit(bool(outcome.unequal or outcome.repeated or outcome.leftover_processes))


if __name__ == "__main__":
    main()

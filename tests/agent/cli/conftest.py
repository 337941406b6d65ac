"""A home with an archive that holds a small finished campaign, and a way to run commands."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.archive import (
    Archive,
    AttemptRecord,
    CampaignRecord,
    CandidateRecord,
    EvaluationRecord,
    EventRecord,
    ModelCallRecord,
    ReviewRecord,
    candidate_id,
    model_call_id,
)
from agent.cli import main
from agent.evaluation.racing import judge, summarize
from agent.evaluation.seeds import jobs_of
from templates.registry import load_template

TEMPLATE = """
name = "toy_task"
title = "A toy task"
summary = "Scores are made up by the test."
boundary = "function"
core = "core:Core"
population = { cpu = 1 }

[[functions]]
name = "loss"
returns_shape = []
description = "The loss."
arguments = [{ name = "x", differentiate = true, description = "The margin." }]

[[metrics]]
name = "reward"
title = "reward"
direction = "maximize"
primary = true
description = "More is better."

[[metrics]]
name = "kl"
title = "KL"
unit = "nats"
direction = "minimize"
description = "Less is better."

[[tasks]]
name = "plain"
title = "Plain"
role = "search"
description = "Seen in the search."

[[tasks]]
name = "noisy"
title = "Noisy"
role = "held_out"
description = "Never seen in the search."

[[tiers]]
name = "smoke"
effort = "tiny"
seed_block = "search"
seeds = 1
limit_s = 2

[[tiers]]
name = "screen"
effort = "full"
seed_block = "search"
seeds = 3
limit_s = 15

[[tiers]]
name = "search"
effort = "full"
seed_block = "search"
seeds = 6
limit_s = 60

[[tiers]]
name = "confirm"
effort = "full"
seed_block = "confirm"
seeds = 8
held_out_seeds = 8
limit_s = 300
"""

LEADER_CODE = "import jax.numpy as jnp\n\n\ndef loss(x):\n    return jnp.log1p(jnp.exp(-x))\n"


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Discover = Callable[..., Result]
DiscoverProcess = Callable[..., subprocess.CompletedProcess[str]]


@dataclass
class Home:
    """A home folder, its archive's campaign and the template of the latter."""

    path: Path
    template: Path
    campaign: str
    ids: dict[str, str]


class Builder:
    """Writes a campaign the way the campaign's loop does."""

    def __init__(self, archive: Archive, template: Path, *, seed: int = 7) -> None:
        self.archive = archive
        self.spec = load_template(template).spec
        self.now = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
        self.record = CampaignRecord(
            id=archive.new_campaign_id("toy_task", self.now, seed),
            template="toy_task",
            template_digest="0" * 64,
            seed=seed,
            settings={
                "template": str(template),
                "models": ["recorded:toy"],
                "candidates": 5,
                "hours": 1.5,
                "budget_usd": 2.0,
            },
            status="done",
            created_at=self.now,
            finished_at=self.now + timedelta(minutes=12, seconds=5),
            stop_reason="all proposals are settled",
            environment={"device": "cpu", "python": "3.11"},
        )
        archive.create_campaign(self.record)
        self.ids: dict[str, str] = {}

    def candidate(self, name: str, **values: Any) -> str:
        index = len(self.ids)
        identifier = candidate_id(self.record.id, index)
        self.archive.add_candidate(
            CandidateRecord(
                **{
                    "id": identifier,
                    "campaign_id": self.record.id,
                    "index": index,
                    "kind": "proposal",
                    "stage": "proposed",
                    "name": name,
                    "code": LEADER_CODE,
                    "terminal": True,
                    "created_at": self.now + timedelta(seconds=index),
                    **values,
                }
            )
        )
        self.ids[name] = identifier
        return identifier

    def measure(self, name: str, tier_name: str, level: float) -> dict[tuple[str, int], float]:
        """Scores around a level; what a seed adds is common to all candidates."""
        tier = self.spec.tier(tier_name)
        scores = {}
        for task, seed in jobs_of(self.spec, tier, self.record.seed):
            value = level + (seed % 97) / 9700 + (seed % 7) * len(name) * 1e-5
            scores[task, seed] = value
            self.archive.add_evaluation(
                EvaluationRecord(
                    candidate_id=self.ids[name],
                    effort=tier.effort,
                    task=task,
                    seed=seed,
                    primary=value,
                    metrics={"reward": value, "kl": 3.0},
                    seconds=0.5,
                    sandbox="process",
                    device="cpu",
                    guarantees={"network": True, "files": tier.name != "confirm"},
                )
            )
        if tier.name in ("screen", "search"):
            found = summarize(scores)
            self.archive.update_candidate(
                self.ids[name],
                score=found.value,
                score_low=found.low,
                score_high=found.high,
            )
        self.archive.update_candidate(self.ids[name], stage=tier_name)
        return scores

    def confirm(self, name: str, baseline: str, level: float, baseline_level: float) -> bool:
        verdict = judge(
            self.measure(name, "confirm", level),
            {baseline: self.measure(baseline, "confirm", baseline_level)},
            self.spec.primary.direction,
            search_tasks=self.spec.search_tasks,
            confidence=0.95,
        )
        self.archive.update_candidate(
            self.ids[name],
            is_discovery=verdict.holds,
            outcome="discovery" if verdict.holds else "confirmed",
        )
        self.event(
            "confirmed",
            candidate=self.ids[name],
            **asdict(verdict),
            holds=verdict.holds,
            review_accepts=True,
        )
        return verdict.holds

    def event(self, kind: str, **payload: Any) -> None:
        self.archive.add_event(EventRecord(self.record.id, self.now, kind, payload))

    def call(self, slot: int, attempt: int, cost_usd: float) -> None:
        role = "propose" if attempt == 0 else "repair"
        self.archive.add_model_call(
            ModelCallRecord(
                id=model_call_id(self.record.id, slot, attempt, role),
                campaign_id=self.record.id,
                slot=slot,
                attempt=attempt,
                role=role,
                model="recorded:toy",
                prompt_hash="f" * 64,
                messages=[],
                completion="{}",
                prompt_tokens=900,
                completion_tokens=100,
                cost_usd=cost_usd,
                latency_s=1.0,
                created_at=self.now,
            )
        )


def fill(builder: Builder, *, leader_level: float) -> None:
    """Two baselines, a control, and proposals with every kind of fate."""
    for name, level in (("dpo", 0.80), ("hinge", 0.70)):
        builder.candidate(name, kind="baseline", outcome="scored", thought=f"{name}. A citation.")
        builder.measure(name, "screen", level)
        builder.measure(name, "search", level)
    builder.candidate("control_constant", kind="control", outcome="scored")
    builder.measure("control_constant", "screen", 0.1)
    leader = builder.candidate(
        "tempered_logit",
        outcome="scored",
        model="recorded:toy",
        parents=(builder.ids["dpo"],),
        thought="Soften the tail of [bold]DPO[/bold].",
        closed_form=r"\log\left(1 + e^{-x}\right)",
        program_digest="ab" * 32,
        flags=("non_convex",),
    )
    builder.archive.add_attempt(
        AttemptRecord(leader, 0, "def loss(x)\n", "syntax", "line 1: expected ':'")
    )
    builder.archive.add_attempt(AttemptRecord(leader, 1, LEADER_CODE))
    builder.measure("tempered_logit", "search", leader_level)
    builder.archive.add_review(
        ReviewRecord(leader, "code", "accept", 0.9, "Sound; it does not touch the metric.")
    )
    builder.candidate("same_as_dpo", outcome="known", known_as="dpo", error_kind="known")
    builder.candidate("weak_one", outcome="screened_out", parents=(leader,))
    builder.measure("weak_one", "screen", 0.4)
    builder.candidate(
        "broken\x1b[31m_one",
        outcome="invalid",
        error_kind="shape",
        error_message="loss returned [2] where [batch] is wanted",
    )
    for slot in range(4):
        builder.call(slot, 0, 0.01)
    builder.call(0, 1, 0.01)


@pytest.fixture(scope="session")
def built_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("built")
    template = folder / "toy_task"
    template.mkdir()
    (template / "template.toml").write_text(TEMPLATE)
    with Archive(folder / "home" / "archive.db") as archive:
        builder = Builder(archive, template)
        fill(builder, leader_level=0.9)
        assert builder.confirm("tempered_logit", "dpo", 0.9, 0.8)
    return Home(folder / "home", template, builder.record.id, builder.ids)


@pytest.fixture
def home(built_home: Home, tmp_path: Path) -> Home:
    """A copy of the built home that a test may change."""
    return replace(built_home, path=shutil.copytree(built_home.path, tmp_path / "home"))


@pytest.fixture
def discover(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Discover:
    """Runs the console entry point in this process."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("DISCOVER_HOME", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Result:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def discover_process() -> DiscoverProcess:
    """Runs the installed console script in a process of its own."""
    script = Path(sys.executable).with_name("discover")

    def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(script), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **options,
        )

    return run

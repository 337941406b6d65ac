"""Writes campaigns into a real archive, the way the campaign's loop writes them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from agent.archive import (
    Archive,
    AttemptRecord,
    CampaignRecord,
    CandidateRecord,
    EvaluationRecord,
    EventRecord,
    ModelCallRecord,
    ReviewRecord,
    Transaction,
    candidate_id,
    model_call_id,
)
from agent.evaluation.racing import judge, summarize
from agent.evaluation.seeds import Job, jobs_of
from templates.registry import load_template

BETAS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
EDITS = (
    "training.py\n<<<<<<< SEARCH\nLEARNING_RATE = 1e-3\n"
    "=======\nLEARNING_RATE = 3e-3\n>>>>>>> REPLACE\n"
)
CODE = """import jax
import jax.numpy as jnp


def loss(policy_chosen_logps, policy_rejected_logps, reference_chosen_logps,
         reference_rejected_logps, beta):
    margin = policy_chosen_logps - policy_rejected_logps
    margin = margin - (reference_chosen_logps - reference_rejected_logps)
    return jax.nn.softplus(-beta * margin)
"""


class Writer:
    """Writes one campaign of ``preference_loss``; scores are made up, their form is real."""

    def __init__(
        self,
        archive: Archive | Transaction,
        *,
        seed: int = 3,
        template: str = "preference_loss",
        record: CampaignRecord | None = None,
        ids: dict[str, str] | None = None,
    ) -> None:
        self.archive = archive
        self.spec = load_template(template).spec
        self.now = datetime(2026, 3, 1, 22, 4, tzinfo=UTC)
        self.ids = ids or {}
        self.record = record or archive.create_campaign(
            CampaignRecord(
                id=archive.new_campaign_id(self.spec.name, self.now, seed),
                template=self.spec.name,
                template_digest="5f" * 32,
                seed=seed,
                settings={
                    "template": template,
                    "models": ["local"],
                    "candidates": 12,
                    "hours": None,
                    "budget_usd": None,
                    "seed": seed,
                    "sandbox": "auto",
                    "workers": None,
                    "overrides": {},
                },
                status="done",
                created_at=self.now,
                finished_at=self.now + timedelta(minutes=11, seconds=41),
                stop_reason="all proposals are settled",
                environment={
                    "models": ["local"],
                    "sandbox": {
                        "name": "process",
                        "guarantees": [
                            {"name": "network", "holds": True, "detail": "own network namespace"},
                            {"name": "gpu", "holds": False, "detail": "this machine has none"},
                        ],
                    },
                    "device": "cpu",
                    "workers": 2,
                    "platform": "Linux-6.1-x86_64",
                    "python": "3.12.4",
                    "versions": {"jax": "0.10.2", "numpy": "2.4.6"},
                    "sampling": {"temperature": 0.7, "max_tokens": 700},
                },
            )
        )

    def candidate(self, name: str, curve: float | None = None, **values: Any) -> str:
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
                    "code": CODE if self.spec.experiment is None else EDITS,
                    "terminal": True,
                    "created_at": self.now + timedelta(seconds=index),
                    **values,
                }
            )
        )
        self.ids[name] = identifier
        if curve is not None:
            x = np.linspace(-5, 5, 101)
            # A family of losses between DPO (0) and an exponential one (1).
            value = (1 - curve) * np.logaddexp(0, -x) + curve * np.exp(-x)
            slope = -(1 - curve) / (1 + np.exp(x)) - curve * np.exp(-x)
            self._evaluation(
                name,
                "inspect",
                ("probes", 0),
                0.0,
                {"x": x.tolist(), "value": value.tolist(), "gradient": slope.tolist()}
                | {"x_label": r"$\beta\rho$", "beta": 0.1},
            )
        return identifier

    def _evaluation(
        self,
        name: str,
        effort: str,
        job: Job,
        primary: float,
        detail: dict[str, Any],
        failed: str | None = None,
    ) -> None:
        self.archive.add_evaluation(
            EvaluationRecord(
                candidate_id=self.ids[name],
                effort=effort,
                task=job[0],
                seed=job[1],
                primary=primary,
                metrics={metric.name: primary for metric in self.spec.metrics},
                detail=detail,
                failed=failed,
                seconds=1.4,
                sandbox="process",
                device="cpu",
            )
        )

    def measure(
        self, name: str, tier_name: str, level: float, *, diverged: bool = False
    ) -> dict[Job, float]:
        """Scores around a level; most of what a seed adds is common to all candidates."""
        tier = self.spec.tier(tier_name)
        scores = {}
        for task, seed in jobs_of(self.spec, tier, self.record.seed):
            common = np.random.default_rng(seed).normal(0, 0.012)
            own = np.random.default_rng([seed, len(name), ord(name[0])]).normal(0, 0.004)
            value = float(level + common + own)
            scores[task, seed] = value
            points = []
            for beta in BETAS:
                kl = 6.0 * 0.25**beta / beta**0.3
                reward = 0.45 + (value - 0.45) * (1 - np.exp(-kl))
                points.append(
                    {"beta": beta, "diverged": False, "kl": kl, "reward": float(reward)}
                    | {"reward_gain": float(reward) - 0.45, "reward_gain_error": 0.004}
                    | {"win_rate": 0.6, "accuracy": 0.7}
                )
            if diverged:
                points[0] |= dict.fromkeys(
                    ("kl", "reward", "reward_gain", "reward_gain_error", "win_rate", "accuracy")
                )
                points[0]["diverged"] = True
            self._evaluation(
                name,
                tier.effort,
                (task, seed),
                value,
                self._detail(value, points),
                "training diverged at 1 of 6 values of beta" if diverged else None,
            )
        changes: dict[str, Any] = {"stage": tier_name}
        if tier_name in ("screen", "search"):
            found = summarize(scores)
            changes |= {"score": found.value, "score_low": found.low, "score_high": found.high}
        self.archive.update_candidate(self.ids[name], **changes)
        return scores

    def _detail(self, value: float, points: list[dict[str, Any]]) -> dict[str, Any]:
        """What the template's figures are drawn from."""
        if self.spec.boundary == "experiment":
            hidden = [0.0, value / 2, value]
            return {"steps": [100, 200, 300], "known": [0.3, 0.9, 1.0], "hidden": hidden}
        return {"reference_reward": 0.45, "points": points}

    def confirm(
        self, name: str, level: float, baselines: dict[str, float], *, accepted: bool = True
    ) -> bool:
        verdict = judge(
            self.measure(name, "confirm", level),
            {other: self.measure(other, "confirm", at) for other, at in baselines.items()},
            self.spec.primary.direction,
            search_tasks=self.spec.search_tasks,
            confidence=1 - 6 * 0.05 / np.pi**2,
        )
        is_discovery = verdict.holds and accepted
        self.archive.update_candidate(
            self.ids[name],
            is_discovery=is_discovery,
            outcome="discovery" if is_discovery else "confirmed",
        )
        self.archive.add_event(
            EventRecord(
                self.record.id,
                self.now,
                "confirmed",
                {
                    "candidate": self.ids[name],
                    **asdict(verdict),
                    "holds": verdict.holds,
                    "review_accepts": accepted,
                },
            )
        )
        return is_discovery

    def call(self, name: str, attempt: int = 0, **values: Any) -> None:
        candidate = self.archive.candidate(self.ids[name])
        role = "propose" if attempt == 0 else "repair"
        number = values.pop("try_number", 0)
        self.archive.add_model_call(
            ModelCallRecord(
                **{
                    "id": model_call_id(self.record.id, candidate.index, attempt, role, number),
                    "campaign_id": self.record.id,
                    "slot": candidate.index,
                    "attempt": attempt,
                    "role": role,
                    "try_number": number,
                    "model": "qwen2.5-coder-1.5b-instruct-q4_k_m",
                    "prompt_hash": "f" * 64,
                    "messages": [],
                    "completion": "{}",
                    "prompt_tokens": 1210,
                    "completion_tokens": 240,
                    "cost_usd": 0.0,
                    "latency_s": 21.5,
                    "created_at": self.now,
                    **values,
                }
            )
        )

    def baselines(self, control: float = 0.45) -> None:
        """Six baselines, of which two are searched, and a control."""
        for name, level, curve, tier in (
            ("dpo", 0.700, 0.0, "search"),
            ("hinge", 0.685, 0.02, "screen"),
            ("ipo", 0.715, 0.05, "search"),
            ("cell", 0.690, 0.5, "screen"),
            ("lrml", 0.640, 0.8, "screen"),
        ):
            self.candidate(
                name,
                curve,
                kind="baseline",
                outcome="scored",
                thought=f"{name.upper()}. Someone et al. 2023, arXiv 2305.18290.",
                closed_form=r"- \log \sigma\left(\beta \rho\right)",
            )
            self.measure(name, "screen", level)
            if tier == "search":
                self.measure(name, "search", level)
        self.candidate("control_constant", kind="control", outcome="scored")
        self.measure("control_constant", "screen", control)

    def proposals(self, *, leader: float) -> None:
        """A proposal with every kind of fate; the leader's level is given."""
        identifier = self.candidate(
            "tempered_margin",
            0.3,
            outcome="scored",
            model="local",
            parents=(self.ids["dpo"], self.ids["ipo"]),
            thought="DPO saturates for large margins; mix in an exponential tail.",
            closed_form=r"\begin{cases} - \frac{\log \sigma\left(20 \beta \rho\right)}{2} "
            r"& \text{if } \rho > 0 \\ 2 \max\left(0, 1 - \beta \rho\right) "
            r"& \text{otherwise} \end{cases}",
            program_digest="ab" * 32,
            flags=("non_convex",),
        )
        self.archive.add_attempt(
            AttemptRecord(identifier, 0, "def loss(x)\n", "syntax", "line 1: expected ':'")
        )
        self.archive.add_attempt(AttemptRecord(identifier, 1, CODE))
        self.measure("tempered_margin", "search", leader)
        self.archive.add_review(
            ReviewRecord(identifier, "code", "accept", 0.9, "Sound: it cannot see the metric.")
        )
        self.call("tempered_margin", try_number=0, completion=None, error="HTTP 503: overloaded")
        self.call("tempered_margin", try_number=1)
        self.call("tempered_margin", 1)
        for name, level, tier, outcome in (
            ("squared_sigmoid", leader - 0.006, "search", "scored"),
            (
                "huber_margin_with_a_rather_long_name_that_goes_on",
                leader - 0.01,
                "search",
                "scored",
            ),
            ("log_cosh", 0.66, "screen", "screened_out"),
            ("wobbly", 0.58, "screen", "screened_out"),
        ):
            identifier = self.candidate(
                name,
                0.1 + level / 10,
                outcome=outcome,
                model="local",
                parents=(self.ids["tempered_margin"],),
                thought="A smoother version of the parent.",
                closed_form=r"\left(\rho - \frac{1}{2 \beta}\right)^{2}",
                program_digest=f"{len(name):02x}" * 32,
            )
            self.archive.add_attempt(AttemptRecord(identifier, 0, CODE))
            self.measure(name, tier, level, diverged=name == "wobbly")
            self.call(name)
        for name, outcome, kind, message in (
            ("same_as_dpo", "known", "known", "up to scale and shift this is exactly dpo"),
            ("again", "duplicate", "duplicate", "this is exactly tempered_margin"),
            ("shapeless", "invalid", "shape", "loss returned [2] where [32] is wanted"),
            ("importer", "invalid", "forbidden_import", "import os is not allowed"),
        ):
            identifier = self.candidate(
                name,
                outcome=outcome,
                model="local",
                known_as="dpo" if outcome == "known" else None,
                duplicate_of=self.ids["tempered_margin"] if outcome == "duplicate" else None,
                program_digest=None if outcome == "invalid" else "cd" * 32,
                error_kind=kind,
                error_message=message,
            )
            for attempt in range(3):
                self.archive.add_attempt(AttemptRecord(identifier, attempt, CODE, kind, message))
                self.call(name, attempt)
        hung = self.candidate(
            "sleeper",
            stage="screen",
            outcome="failed",
            model="local",
            program_digest="ef" * 32,
            error_kind="timeout",
            error_message="no result within 60 s on two workers",
        )
        self.archive.add_attempt(AttemptRecord(hung, 0, CODE))
        self.call("sleeper")

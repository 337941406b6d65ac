"""What one candidate costs the archive, at 100, 1,000 and 10,000 candidates side by side.

    python -m tests.benchmarks.archive_scaling [--sizes 100 1000 10000] [--steps 60]

A step is everything that a campaign asks of the archive for one candidate: what is open, the best
candidates and their lineage for the prompt, the model call, the candidate with its attempt, two
look-ups for duplicates, twelve evaluations with their cache, four changes of stage and the counters
of the live view, in eight write transactions. Steps of the archives alternate, so that whatever
else the machine does falls on all of them. Ratios should be about 1.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from agent.archive import (
    Archive,
    AttemptRecord,
    CampaignRecord,
    CandidateRecord,
    EvaluationRecord,
    EventRecord,
    Measurement,
    MeasurementKey,
    ModelCallRecord,
    Transaction,
    candidate_id,
    model_call_id,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)
CODE = "def loss(rho, beta):\n    return jax.nn.softplus(-beta * rho)\n" * 8
MESSAGES = [{"role": "user", "content": "Propose a preference loss. " * 120}]
STAGES = ("traced", "screen", "search", "confirm")


def add(writer: Archive | Transaction, campaign: str, index: int) -> CandidateRecord:
    """One call, one candidate and its attempt."""
    call = ModelCallRecord(
        id=model_call_id(campaign, index, 0, "propose"),
        campaign_id=campaign,
        slot=index,
        attempt=0,
        role="propose",
        model="local",
        prompt_hash="hash",
        messages=MESSAGES,
        completion=CODE,
        prompt_tokens=900,
        completion_tokens=300,
        cost_usd=0.001,
        latency_s=20.0,
        created_at=NOW,
    )
    writer.add_model_call(call)
    parents = (candidate_id(campaign, max(0, index - 7)),) if index else ()
    candidate = writer.add_candidate(
        CandidateRecord(
            id=candidate_id(campaign, index),
            campaign_id=campaign,
            index=index,
            kind="proposal",
            stage="proposed",
            name=f"loss {index}",
            thought="A smoother margin. " * 10,
            code=CODE,
            # Lineages of a campaign are about ten deep, however many candidates it has.
            parents=parents if index % 70 >= 7 else (),
            created_at=NOW,
        )
    )
    writer.add_attempt(AttemptRecord(candidate.id, 0, CODE, call_id=call.id))
    return candidate


def evaluate(
    writer: Archive | Transaction, candidate: CandidateRecord, stage: str, seeds: range
) -> None:
    """Cached and stored results of some seeds, then the change of stage."""
    for seed in seeds:
        primary = ((candidate.index * 7919 + seed) % 10_007) / 10_007
        metrics = {"reward": primary, "kl": 1.0, "win_rate": 0.5}
        detail = {"frontier": [[0.1 * point, primary] for point in range(9)]}
        key = MeasurementKey("template", candidate.id, "full", "sentiment", seed, "cpu")
        writer.put_cached(key, Measurement(metrics, detail, 5.0))
        writer.add_evaluation(
            EvaluationRecord(
                candidate_id=candidate.id,
                effort="full",
                task="sentiment",
                seed=seed,
                primary=primary,
                metrics=metrics,
                detail=detail,
                seconds=5.0,
                sandbox="process",
                device="cpu",
            )
        )
    writer.update_candidate(
        candidate.id,
        stage=stage,
        score=((candidate.index * 7919) % 10_007) / 10_007,
        program_digest=f"program {candidate.index}",
        fingerprint=f"fingerprint {candidate.index}",
        terminal=stage == STAGES[-1],
    )
    writer.add_event(EventRecord(candidate.campaign_id, NOW, "stage", {"to": stage}))


def fill(archive: Archive, campaign: str, size: int) -> None:
    """Bring a campaign to that many candidates, many to a transaction."""
    for start in range(0, size, 50):
        with archive.transaction() as bulk:
            for index in range(start, min(size, start + 50)):
                candidate = add(bulk, campaign, index)
                evaluate(bulk, candidate, STAGES[-1], range(12))


def step(archive: Archive, campaign: str) -> None:
    """Everything that a campaign asks of the archive for one candidate."""
    index = archive.next_index(campaign)
    archive.candidates(campaign, terminal=False)
    for best in archive.leaderboard(campaign, limit=4):
        archive.lineage(best.id)
        archive.evaluations(best.id)
    assert archive.answered_call(campaign, index, 0, "propose") is None
    with archive.transaction() as proposed:
        candidate = add(proposed, campaign, index)
    archive.find_candidate(campaign, program_digest=f"program {index}")
    archive.find_candidate(campaign, fingerprint=f"fingerprint {index}")
    for number, stage in enumerate(STAGES):
        for seed in range(3 * number, 3 * number + 3):
            key = MeasurementKey("template", candidate.id, "full", "sentiment", seed, "cpu")
            assert archive.cached(key) is None
        with archive.transaction() as scored:
            evaluate(scored, candidate, stage, range(3 * number, 3 * number + 3))
    for seed in range(3):
        archive.add_event(EventRecord(campaign, NOW, "review", {"seed": seed}))
    archive.counts(campaign)
    archive.usage(campaign)


def main() -> None:
    """Fill the archives, time the steps, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--steps", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archives: dict[int, tuple[Archive, str, list[float]]] = {}
        for size in options.sizes:
            archive = Archive(Path(folder) / f"{size}.db")
            campaign = archive.create_campaign(
                CampaignRecord(
                    id=f"2026-11-21-benchmark-{size:04x}",
                    template="preference_loss",
                    template_digest="template",
                    seed=0,
                    settings={},
                    created_at=NOW,
                )
            ).id
            fill(archive, campaign, size)
            archives[size] = (archive, campaign, [])
        for _ in range(options.steps):
            for archive, campaign, seconds in archives.values():
                begin = time.perf_counter()
                step(archive, campaign)
                seconds.append(time.perf_counter() - begin)
        smallest = statistics.median(archives[options.sizes[0]][2])
        print("candidates  file MB  step ms (median)  step ms (90 %)  ratio to the smallest")
        for size, (archive, _, seconds) in archives.items():
            median = statistics.median(seconds)
            slow = sorted(seconds)[int(0.9 * len(seconds))]
            megabytes = Path(archive.location).stat().st_size / 1e6
            print(
                f"{size:10,}  {megabytes:7.1f}  {median * 1e3:16.1f}  {slow * 1e3:14.1f}"
                f"  {median / smallest:21.2f}"
            )
            archive.close()


if __name__ == "__main__":
    main()

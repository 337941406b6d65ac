"""Which seeds a tier evaluates on."""

from __future__ import annotations

from typing import Literal

import numpy as np

from templates.contract import TemplateSpec, Tier

__all__ = ["Job", "ablation_jobs", "batches", "jobs_of", "seed_block"]

_BLOCKS = {"search": 11, "confirm": 13}

Job = tuple[str, int]  # task, seed


def seed_block(campaign_seed: int, block: Literal["search", "confirm"], count: int) -> list[int]:
    """The first ``count`` seeds of a block, 31 bits each; blocks of a campaign never meet.

    Every candidate of a campaign sees the same seeds in the same order (common random numbers).
    """
    words = np.random.SeedSequence(campaign_seed, spawn_key=(_BLOCKS[block],)).generate_state(
        max(count, 1)
    )
    # Even seeds search, odd seeds confirm: disjoint by construction.
    odd = int(block == "confirm")
    return [(int(word) & 0x7FFF_FFFE) | odd for word in words[:count]]


def jobs_of(
    spec: TemplateSpec, tier: Tier, campaign_seed: int, seeds: int | None = None
) -> list[Job]:
    """All (task, seed) pairs of a tier, search tasks first.

    Args:
        spec: The template.
        tier: The tier.
        campaign_seed: Seed of the campaign.
        seeds: Overrides the tier's number of seeds.
    """
    count = seeds or tier.seeds
    jobs = [
        (task, seed)
        for task in spec.search_tasks
        for seed in seed_block(campaign_seed, tier.seed_block, count)
    ]
    held_out = min(tier.held_out_seeds, count) if seeds else tier.held_out_seeds
    jobs += [
        (task, seed)
        for task in (spec.held_out_tasks if held_out else ())
        for seed in seed_block(campaign_seed, tier.seed_block, held_out)
    ]
    return jobs


def ablation_jobs(spec: TemplateSpec, tier: Tier, campaign_seed: int) -> list[Job]:
    """(task, seed) pairs that repeat a tier's first seeds of search tasks, one thing changed."""
    seeds = seed_block(campaign_seed, tier.seed_block, min(tier.ablation_seeds, tier.seeds))
    return [(task.name, seed) for task in spec.ablations for seed in seeds]


def batches(jobs: list[Job], size: int) -> list[tuple[str, list[int]]]:
    """Jobs in groups of one task and at most so many seeds, in order.

    Args:
        jobs: What is to be run.
        size: How many seeds one call should carry.
    """
    by_task: dict[str, list[int]] = {}
    for task, seed in jobs:
        by_task.setdefault(task, []).append(seed)
    return [
        (task, seeds[start : start + size])
        for task, seeds in by_task.items()
        for start in range(0, len(seeds), size)
    ]

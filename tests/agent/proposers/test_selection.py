from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.proposers import SELECTORS, Peer, open_selector
from agent.proposers.selection import eligible_parents, failures_of, ranked, siblings_of
from agent.proposers.selectors.mixture import Mixture
from agent.proposers.selectors.weighted import parent_weights
from templates.contract import Direction
from templates.errors import UserError


def peer(index: int, score: float | None = None, **changes: object) -> Peer:
    made = Peer(
        id=f"c{index:03}",
        index=index,
        name=f"loss_{index}",
        thought="",
        code="",
        kind="proposal",
        stage="search",
        score=score,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


ARCHIVE = [
    peer(0, 0.70, kind="baseline", name="dpo"),
    peer(1, 0.10, kind="control", name="constant"),
    peer(2, 0.80),
    peer(3, 0.60, parents=("c002",)),
    peer(4, None, error_kind="shape", error_message="returned [4]"),
    peer(5, None, known_as="dpo"),
    peer(6, 0.75, parents=("c002", "c000")),
    peer(7, None, error_kind="shape", error_message="returned\n  []"),
    peer(8, None, error_kind="syntax", error_message="x" * 1000),
    peer(9, 0.90, known_as="hinge"),
]

_PEERS = st.lists(
    st.builds(
        peer,
        st.integers(0, 10**6),
        st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32),
        kind=st.sampled_from(["proposal", "baseline", "control", "user"]),
        error_kind=st.none() | st.sampled_from(["shape", "syntax"]),
    ),
    max_size=20,
    unique_by=lambda made: made.id,
)


@pytest.mark.parametrize("name", SELECTORS.names())
@pytest.mark.parametrize("direction", list(Direction))
@settings(max_examples=60, deadline=None)
@given(visible=_PEERS, seed=st.integers(0, 2**32), shuffle=st.randoms(use_true_random=False))
def test_every_selector_keeps_the_contract(
    name: str, direction: Direction, visible: list[Peer], seed: int, shuffle: Random
) -> None:
    selector = open_selector(name, direction)
    selection = selector.select(visible, np.random.default_rng(seed))
    shown = [one.id for one in selection.parents + selection.siblings]
    assert len(set(shown)) == len(shown)
    assert set(selection.parents) <= set(eligible_parents(visible, direction))
    assert selection.strategy in SELECTORS.names()
    shuffled = list(visible)
    shuffle.shuffle(shuffled)
    assert selector.select(shuffled, np.random.default_rng(seed)) == selection


def test_best_follows_the_direction_of_the_metric() -> None:
    rng = np.random.default_rng(0)
    best = open_selector("best", Direction.MAXIMIZE).select(ARCHIVE, rng)
    worst = open_selector("best", Direction.MINIMIZE).select(ARCHIVE, rng)
    assert [one.name for one in best.parents + worst.parents] == ["loss_2", "loss_3"]


def test_weighted_prefers_good_candidates_with_few_children() -> None:
    pool = [peer(0, 0.5), peer(1, 0.6), peer(2, 0.7), peer(3, 0.8), peer(4, 0.8)]
    children = [peer(9 + i, 0.5, parents=("c004",)) for i in range(3)]
    weights = parent_weights(pool, pool + children, Direction.MAXIMIZE)
    assert weights[:4].tolist() == sorted(weights[:4])
    assert weights[4] == pytest.approx(weights[3] / 4)
    assert weights.sum() == pytest.approx(1)


def test_weighted_draws_as_its_weights_say() -> None:
    """Chi-squared with 2 degrees of freedom; 20.7 is exceeded with probability 3e-5."""
    pool = [peer(0, 0.5), peer(1, 0.7), peer(2, 0.9)]
    weights = parent_weights(pool, pool, Direction.MAXIMIZE)
    weighted = open_selector("weighted", Direction.MAXIMIZE)
    draws = 3000
    rng = np.random.default_rng(3)
    first = [weighted.select(pool, rng).parents[0].index for _ in range(draws)]
    order = [one.index for one in ranked(pool, Direction.MAXIMIZE)]
    expected = draws * parent_weights([pool[i] for i in order], pool, Direction.MAXIMIZE)
    observed = np.array([first.count(i) for i in order])
    assert float(((observed - expected) ** 2 / expected).sum()) < 20.7
    assert weights[2] > 2 * weights[0]


def test_the_mixture_uses_every_rule_and_names_it() -> None:
    mixture = Mixture(Direction.MAXIMIZE)
    rng = np.random.default_rng(0)
    seen = {mixture.select(ARCHIVE, rng).strategy for _ in range(60)}
    assert seen == {"weighted", "best", "explore"}
    only = Mixture(Direction.MAXIMIZE, {"best": 1.0})
    assert {only.select(ARCHIVE, rng).strategy for _ in range(20)} == {"best"}
    with pytest.raises(ValueError, match="no such selector"):
        Mixture(Direction.MAXIMIZE, {"worst": 1.0})


def test_controls_known_functions_and_failures_are_no_parents() -> None:
    names = [one.name for one in eligible_parents(ARCHIVE, Direction.MAXIMIZE)]
    assert names == ["loss_2", "loss_6", "dpo", "loss_3"]


def test_siblings_are_the_best_and_the_latest_without_baselines_and_parents() -> None:
    parents = [ARCHIVE[2]]
    siblings = siblings_of(ARCHIVE, parents, Direction.MAXIMIZE, best=1, recent=2)
    assert [one.index for one in siblings] == [9, 6, 5]


def test_failures_are_counted_by_kind_with_the_last_message() -> None:
    shape, syntax = failures_of(ARCHIVE)
    assert (shape.kind, shape.count, shape.message) == ("shape", 2, "returned []")
    assert syntax.kind == "syntax"
    assert len(syntax.message) == 240
    assert failures_of(ARCHIVE, limit=1) == (shape,)


def test_an_unknown_selector_names_the_near_ones_and_a_duplicate_fails() -> None:
    with pytest.raises(UserError, match="weighted"):
        open_selector("weigthed", Direction.MAXIMIZE)
    with pytest.raises(ValueError, match="registered twice"):
        SELECTORS.register("best")(SELECTORS["best"])


def test_what_a_review_rejects_is_a_parent_last_and_less_often() -> None:
    good, bad = peer(1, score=0.5), peer(2, score=0.9)
    rejected = replace(bad, verdict="reject")
    assert eligible_parents([good, bad], Direction.MAXIMIZE)[0] is bad
    assert eligible_parents([good, rejected], Direction.MAXIMIZE) == [good, rejected]
    trusted = parent_weights([good, bad], [], Direction.MAXIMIZE)
    doubted = parent_weights([good, rejected], [], Direction.MAXIMIZE)
    assert doubted[1] / doubted[0] == pytest.approx(0.5 * trusted[1] / trusted[0])

"""A generation of a campaign: some generations of learning with one choice, from a checkpoint on.

Chance follows from an agent's key and from how many generations of learning are over, as in a
training in one go. So an agent that goes on from a checkpoint is, to the bit, one that never
stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from templates.contract import Advance, SeedResult
from templates.omni.curriculum.checkpoint import Checkpoint, packed, unpacked, with_room
from templates.omni.curriculum.choice import given_by, weighed
from templates.omni.curriculum.episodes import Filming, packed_episodes
from templates.omni.curriculum.ground import Ground, Grounds, own_ground
from templates.omni.progress import learning_progress
from templates.omni.settings import Setup, points_of
from templates.omni.tasks import TaskSpace
from templates.omni.training import Place, Record, State, Trainer

__all__ = ["Generations", "next_end"]

_LEARNED = 0.2
# A task counts as learned by its mean over so many judgements, as the metric has it.
_RECENT = 3
# Numbers of generations that no training comes to: other chance for judging once more.
_AGAIN = 1 << 24
_FILMED = 3
_FILMED_KEY = 3


Results = Callable[[str, Setup, Sequence[int], Record, TaskSpace], list[SeedResult]]


@dataclass(frozen=True)
class Generations:
    """Advances agents of one trainer.

    Args:
        trainer: Its programs are used.
        filming: Makes episodes of what was just learned.
        results: Turns a record into results; see `templates.omni.core.results`.
        grounds: What is learned on with a choice.
    """

    trainer: Trainer
    filming: Filming
    results: Results
    grounds: Grounds = own_ground

    def advance(
        self,
        setup: Setup,
        choice: Mapping[str, Any],
        checkpoint: bytes | None,
        *,
        task: str,
        seed: int,
        parts: int,
    ) -> Advance:
        """See `templates.contract.CurriculumCore.advance`."""
        ground = self.grounds(setup, choice)
        tasks, bank = ground.tasks.tasks, len(ground.space.bank)
        given = given_by(choice, [one.name for one in tasks])
        place = self.trainer.place(setup, [seed], ground.space)
        arguments = jax.device_put(given, jax.devices()[0])
        before = self._before(place, ground, checkpoint)
        key = jax.random.wrap_key_data(jax.device_put(before.key[None], jax.devices()[0]))
        place = place._replace(keys=key)
        state, since, recent = before.state, before.since, [*before.recent]
        ever = before.learned[:bank]
        judged, drawn = [*before.judged], [*before.drawn]
        last = next_end(setup, before.generation, parts)
        rates: NDArray[np.float32] | None = None
        for now in range(before.generation, last):
            state, chances = self.trainer.generation(weighed, setup, place, state, now, arguments)
            since = since + np.asarray(chances[0])
            length = _stretch(setup, now)
            if length or now == last - 1:
                rates = np.asarray(self.trainer.judge(place, state, now)[0])
                recent = [*recent, rates][-_RECENT:]
            if now == last - 1:
                # A first part may have fewer points than say whether a task is learned.
                for again in range(1, _RECENT + 1 - len(recent)):
                    chance = now + again * _AGAIN
                    recent.append(np.asarray(self.trainer.judge(place, state, chance)[0]))
            if (length or now == last - 1) and len(recent) == _RECENT:
                ever = ever | (np.mean(recent, axis=0) >= _LEARNED)
            if length:
                assert rates is not None
                judged.append(rates)
                drawn.append(since / np.float32(length))
                since = np.zeros_like(since)
        assert rates is not None
        proposed = self._proposed(place, ground, state, last - 1)
        ever = np.concatenate([ever, before.learned[bank:] | (proposed >= _LEARNED)])
        after = Checkpoint(
            state=state,
            key=before.key,
            generation=last,
            judged=np.array(judged, np.float32).reshape(-1, bank),
            drawn=np.array(drawn, np.float32).reshape(-1, len(tasks)),
            since=since,
            recent=np.array(recent, np.float32),
            learned=ever,
            proposed=np.array(ground.proposed, np.str_),
        )
        lately = np.concatenate([np.mean(recent, axis=0), proposed])
        new = np.flatnonzero(ever & ~before.learned)
        watched = ground.watched()
        result = self._result(task, setup, seed, after, rates, ground.tasks)
        return Advance(
            result=replace(
                result,
                detail={
                    **result.detail,
                    "generation": last,
                    "steps_done": last * setup.profile.generation,
                    "now": _shown(lately[:bank]),
                    "ever": int(ever[:bank].sum()),
                    "new": [tasks[watched[row]].name for row in new if row < bank],
                    "tasks": _table(ground.tasks, state, np.asarray(chances[0])),
                    "proposed": [
                        {"name": name, "success": success, "learned": bool(learned)}
                        for name, success, learned in zip(
                            ground.proposed, _shown(proposed), ever[bank:], strict=False
                        )
                    ],
                },
            ),
            checkpoint=packed(after),
            episodes=self._episodes(ground, place, state, new, lately, last),
        )

    def _proposed(
        self, place: Place, ground: Ground, state: State, now: int
    ) -> NDArray[np.float32]:
        """Success in the places for proposed tasks, ``[slots]``: judged three times, now.

        What was judged before may have been another task's, or nobody's.
        """
        if not len(ground.slots):
            return np.zeros(0, np.float32)
        slots = jax.device_put(jnp.asarray(ground.slots), jax.devices()[0])
        chances = (now + again * _AGAIN for again in range(_RECENT))
        rates = [self.trainer.judge(place, state, chance, slots)[0] for chance in chances]
        found: NDArray[np.float32] = np.mean(np.array(rates, np.float32), axis=0)
        return found

    def _before(self, place: Place, ground: Ground, checkpoint: bytes | None) -> Checkpoint:
        if checkpoint is not None:
            found = unpacked(checkpoint, jax.eval_shape(self.trainer.begin, place))
            return with_room(found, ground.slots, ground.proposed)
        state = self.trainer.begin(place)
        count, bank = state.progress.fast.shape[1], len(ground.space.bank)
        watched = bank + len(ground.slots)
        return Checkpoint(
            state=state,
            key=np.asarray(jax.random.key_data(place.keys[0])),
            generation=0,
            judged=np.zeros((0, bank), np.float32),
            drawn=np.zeros((0, count), np.float32),
            since=np.zeros(count, np.float32),
            recent=np.zeros((0, bank), np.float32),
            learned=np.zeros(watched, bool),
            proposed=np.array([], np.str_),
        )

    def _result(
        self,
        task: str,
        setup: Setup,
        seed: int,
        after: Checkpoint,
        rates: NDArray[np.float32],
        tasks: TaskSpace,
    ) -> SeedResult:
        """As of a training that ends here: where no point was reached yet, judged at the end."""
        state, points = after.state, len(after.judged)
        judged = after.judged if points else rates[None]
        drawn = after.drawn if points else after.since[None] / np.float32(after.generation)
        leaves = jax.device_get(jax.tree.leaves(state.pupils.weights))
        record = Record(
            judged=judged[None].astype(np.float64),
            drawn=drawn[None].astype(np.float64),
            history=np.asarray(state.progress.success, np.float64)[:, None],
            counts=np.asarray(state.progress.counts, np.float64),
            invalid=np.asarray(state.invalid, np.int64),
            finite=np.array([all(np.isfinite(leaf).all() for leaf in leaves)]),
        )
        steps = (
            setup.horizon * points // len(points_of(setup.generations))
            if points
            else after.generation * setup.profile.generation
        )
        return self.results(task, replace(setup, horizon=steps), [seed], record, tasks)[0]

    def _episodes(
        self,
        ground: Ground,
        place: Place,
        state: State,
        new: NDArray[np.int64],
        rates: NDArray[np.float32],
        now: int,
    ) -> bytes | None:
        """Of tasks that were just learned: interesting and proposed ones first, the best first."""
        if not len(new):
            return None
        params, watched, tasks = place.space.unseen, ground.watched(), ground.tasks.tasks
        rows = [int(watched[row]) for row in new]
        kinds = [tasks[row].kind not in ("interesting", "proposed") for row in rows]
        order = sorted(range(len(new)), key=lambda one: (kinds[one], -rates[new[one]], one))
        agent = self.trainer.agent(params)
        weights = jax.tree.map(lambda leaf: leaf[0], state.pupils.weights)
        found = []
        for one in order[:_FILMED]:
            key = jax.random.fold_in(jax.random.fold_in(place.keys[0], _FILMED_KEY), now)
            episode = self.filming.film(
                agent, params, weights, rows[one], jax.random.fold_in(key, rows[one])
            )
            if episode is not None:
                found.append((tasks[rows[one]].name, episode))
        return packed_episodes(found) if found else None


def next_end(setup: Setup, now: int, parts: int) -> int:
    """Where the part of a training that begins with a generation ends.

    Args:
        setup: The task; training may go on after its horizon.
        now: The generation, from 0.
        parts: In a whole training, at most as many as it has generations.
    """
    whole = setup.generations
    part = now * parts // whole
    while whole * part // parts <= now:
        part += 1
    return whole * part // parts


def _stretch(setup: Setup, now: int) -> int:
    """How many generations since the last point, if there is one after this; points repeat."""
    whole = setup.generations
    ends = sorted(points_of(whole))
    if now % whole not in ends:
        return 0
    place = ends.index(now % whole)
    return ends[place] - (ends[place - 1] if place else -1)


def _table(
    tasks: TaskSpace, state: State, chances: NDArray[np.float32]
) -> dict[str, Sequence[Any]]:
    """All tasks as they stand, for whoever chooses next and for those who look at it."""
    progress = state.progress
    return {
        "names": [task.name for task in tasks.tasks],
        "success": _shown(progress.success[0]),
        "progress": _shown(learning_progress(progress.fast[0], progress.slow[0])),
        "counts": [int(count) for count in np.asarray(progress.counts[0])],
        "chances": _shown(chances),
    }


def _shown(values: Any) -> list[float]:
    return [round(float(x), 5) for x in np.asarray(values)]

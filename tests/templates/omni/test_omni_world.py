"""The world: its rules, its maps, its tasks, and that everything in it can be done."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from templates.omni.maps import SIZE, map_pool
from templates.omni.rendering import ascii_map, picture, save_gif
from templates.omni.tasks import TaskSpace, standard_tasks
from templates.omni.technology import ACHIEVEMENTS, Action, Item, Material, prerequisites
from templates.omni.world import VIEW, World, WorldParams, WorldState, make_params

pytestmark = pytest.mark.gate

PLACES = {one.name: place for place, one in enumerate(ACHIEVEMENTS)}
STEPS = {(0, -1): Action.LEFT, (0, 1): Action.RIGHT, (-1, 0): Action.UP, (1, 0): Action.DOWN}


@pytest.fixture(scope="module")
def tasks() -> TaskSpace:
    return standard_tasks()


@pytest.fixture(scope="module")
def params(tasks: TaskSpace) -> WorldParams:
    return make_params(tasks, maps=8)


class Player:
    """Plays by the rules as a person would: walks to what it needs and takes it."""

    def __init__(self, params: WorldParams, key: int, task: str, tasks: TaskSpace) -> None:
        self.world = World(len(tasks.vocabulary))
        weights = jnp.zeros(len(tasks.tasks)).at[tasks.index(task)].set(1.0)
        self.params = params.replace(weights=weights, max_steps_in_episode=2000)
        self.keys = iter(jax.random.split(jax.random.key(key), 3000))
        self._step = jax.jit(self.world.step_env)
        _, self.state = jax.jit(self.world.reset_env)(next(self.keys), self.params)
        self.states: list[WorldState] = [self.state]
        self.rewards: list[float] = []
        self.done: Counter[str] = Counter()
        self.over = False

    def act(self, action: Action) -> None:
        _, self.state, reward, terminated, info = self._step(
            next(self.keys), self.state, action, self.params
        )
        self.states.append(self.state)
        self.rewards.append(float(reward))
        self.over = bool(terminated)
        for place in np.flatnonzero(info["achieved"]):
            self.done[ACHIEVEMENTS[place].name] += 1

    def face(self, *kinds: Material, roomy: bool = False) -> None:
        """Come to look at one of these; moving turns, so that open ground is looked at on the way.

        Rock that can be dug is dug.
        """
        for step in self._way(kinds, roomy):
            before = np.asarray(self.state.position)
            self.act(STEPS[step])
            if np.array_equal(self.state.position, before) and self._ahead() not in kinds:
                self.act(Action.COLLECT)
                self.act(STEPS[step])

    def _ahead(self) -> Material:
        return self._kind(tuple(int(x) for x in self.state.position + self.state.facing))

    def _kind(self, cell: tuple[int, ...]) -> Material:
        inside = all(0 <= x < SIZE for x in cell)
        return Material(int(self.state.grid[cell])) if inside else Material.OUTSIDE

    def _way(self, kinds: tuple[Material, ...], roomy: bool) -> list[tuple[int, int]]:
        """The fewest steps after which one of these is ahead, with room at two other sides."""
        has = np.asarray(self.state.inventory)
        ground = {Material.GRASS, Material.PATH}
        if has[Item.WOOD_PICKAXE]:
            ground |= {Material.STONE, Material.COAL}
        if has[Item.STONE_PICKAXE]:
            ground |= {Material.IRON}
        start = (*map(int, self.state.position), *map(int, self.state.facing))
        queue = deque([start])
        came: dict[tuple[int, ...], list[tuple[int, int]]] = {start: []}
        while queue:
            row, column, down, across = here = queue.popleft()
            free = [(row + d, column + a) for d, a in STEPS if (d, a) != (down, across)]
            room = sum(self._kind(cell) in (Material.GRASS, Material.PATH) for cell in free)
            if self._kind((row + down, column + across)) in kinds and (room >= 2 or not roomy):
                return came[here]
            for step in STEPS:
                ahead = (row + step[0], column + step[1])
                there = (*(ahead if self._kind(ahead) in ground else (row, column)), *step)
                if there not in came:
                    came[there] = [*came[here], step]
                    queue.append(there)
        raise AssertionError(f"nothing of {kinds} can be come at")

    def place(self, action: Action, *kinds: Material) -> None:
        """Place something where it can be walked round."""
        self.face(*kinds, roomy=True)
        self.act(action)

    def gather(self, kind: Material, item: Item, count: int = 1) -> None:
        wanted = int(self.state.inventory[item]) + count
        while int(self.state.inventory[item]) < wanted:
            self.face(kind)
            self.act(Action.COLLECT)


def everything(player: Player) -> Iterator[str]:
    """All achievements in an order that the technology tree allows."""
    player.gather(Material.TREE, Item.WOOD, 7)
    player.gather(Material.GRASS, Item.SAPLING)
    player.place(Action.PLACE_PLANT, Material.GRASS)
    player.place(Action.PLACE_TABLE, Material.GRASS)
    yield "meadow"
    player.act(Action.MAKE_WOOD_PICKAXE)
    player.act(Action.MAKE_WOOD_SWORD)
    player.gather(Material.STONE, Item.STONE, 3)
    player.gather(Material.COAL, Item.COAL, 2)
    back(player)
    player.act(Action.MAKE_STONE_PICKAXE)
    player.act(Action.MAKE_STONE_SWORD)
    player.gather(Material.IRON, Item.IRON, 2)
    player.gather(Material.STONE, Item.STONE, 1)
    player.gather(Material.TREE, Item.WOOD, 3)
    player.place(Action.PLACE_TABLE, Material.GRASS, Material.PATH)
    player.place(Action.PLACE_FURNACE, Material.GRASS, Material.PATH)
    player.act(Action.MAKE_IRON_PICKAXE)
    player.act(Action.MAKE_IRON_SWORD)
    player.gather(Material.DIAMOND, Item.DIAMOND)
    yield "mine"


def back(player: Player) -> None:
    player.face(Material.TABLE)


def test_the_technology_tree_is_crafters() -> None:
    verbs = Counter(one.name.split()[0] for one in ACHIEVEMENTS)
    assert verbs == {"collect": 6, "make": 6, "place": 3}
    tree = {one.name: prerequisites(one) for one in ACHIEVEMENTS}
    assert tree["make iron pickaxe"] == {
        "collect wood",
        "collect coal",
        "collect iron",
        "place table",
        "place furnace",
    }
    assert tree["collect diamond"] == {"make iron pickaxe"}
    assert tree["place plant"] == {"collect sapling"}
    assert tree["collect wood"] == frozenset()
    # It is a tree: everything is reached from nothing.
    known: set[str] = set()
    while len(known) < len(tree):
        new = {name for name, needed in tree.items() if needed <= known} - known
        assert new
        known |= new


def test_the_task_space_is_omnis(tasks: TaskSpace) -> None:
    kinds = Counter(task.kind for task in tasks.tasks)
    assert kinds["interesting"] == 15
    assert kinds["repeat"] == 90
    assert kinds["impossible"] == 1023
    assert kinds["compound"] >= 5
    assert kinds["synonym"] == 15
    by_name = {task.name: task for task in tasks.tasks}
    three = by_name["collect three wood"]
    assert three.need is not None
    assert three.need[PLACES["collect wood"]] == 3
    assert sum(three.need) == 3
    assert three.base == "collect wood"
    assert by_name["gather wood"].need == by_name["collect wood"].need
    both = by_name["collect stone and collect coal"].need
    assert both is not None
    assert sum(both) == 2
    assert tasks.words[tasks.index("collect three wood")].sum() == 3
    assert not tasks.possible[-1]
    assert len({row.tobytes() for row in tasks.words}) == len(tasks.tasks)


def test_maps_hold_enough_of_everything() -> None:
    grids, starts = map_pool(8)
    again, _ = map_pool(4)
    assert np.array_equal(grids[:4], again)
    assert len({grid.tobytes() for grid in grids}) == 8
    for grid, start in zip(grids, starts, strict=True):
        assert grid[tuple(start)] == Material.GRASS
        for kind in (Material.TREE, Material.COAL, Material.IRON, Material.DIAMOND):
            assert (grid == kind).any()


@pytest.mark.parametrize("key", range(4))
def test_everything_can_be_done(params: WorldParams, tasks: TaskSpace, key: int) -> None:
    player = Player(params, key, "collect diamond", tasks)
    for _ in everything(player):
        assert ascii_map(player.state)
    assert set(player.done) == set(PLACES)
    assert player.over
    assert player.rewards[-1] == 1.0
    assert sum(player.rewards) == 1.0


def test_nothing_is_given_for_nothing(params: WorldParams, tasks: TaskSpace) -> None:
    player = Player(params, 0, "make wood pickaxe", tasks)
    for action in Action:
        if action > Action.COLLECT:
            player.act(action)
    assert not player.done
    player.face(Material.TREE)
    player.act(Action.COLLECT)
    assert player.done == {"collect wood": 1}
    player.act(Action.MAKE_WOOD_PICKAXE)
    assert not player.over
    player.face(Material.GRASS)
    player.act(Action.PLACE_TABLE)
    assert int(player.state.inventory[Item.WOOD]) == 0
    player.act(Action.MAKE_WOOD_PICKAXE)
    assert "make wood pickaxe" not in player.done


def test_an_impossible_task_ends_by_time_alone(params: WorldParams, tasks: TaskSpace) -> None:
    player = Player(params, 1, tasks.tasks[-1].name, tasks)
    for _ in everything(player):
        assert not player.over
    assert sum(player.rewards) == 0.0
    last = player.state.replace(time=jnp.int32(2000))
    assert bool(player.world.is_truncated(last, player.params))


def test_gymnax_steps_it_and_choices_compile_nothing(params: WorldParams, tasks: TaskSpace) -> None:
    world = World(len(tasks.vocabulary))
    compiled = 0

    @jax.jit
    def roll(key: jax.Array, params: WorldParams) -> tuple[jax.Array, jax.Array]:
        nonlocal compiled
        compiled += 1
        _, state = world.reset(key, params)

        def one(state: WorldState, key: jax.Array) -> tuple[WorldState, jax.Array]:
            action = jax.random.randint(key, (), 0, world.num_actions)
            seen, state, *_ = world.step(key, state, action, params)
            return state, seen

        state, seen = jax.lax.scan(one, state, jax.random.split(key, 400))
        return seen, state.task

    for task in ("collect wood", "place table"):
        weights = jnp.zeros(len(tasks.tasks)).at[tasks.index(task)].set(2.0)
        seen, last = roll(jax.random.key(0), params.replace(weights=weights))
        assert int(last) == tasks.index(task)
        space = world.observation_space(params)
        assert seen.shape == (400, *space.shape)
        assert bool((seen >= space.low).all() & (seen <= space.high).all())
        words = seen[-1, -len(tasks.vocabulary) :]
        assert np.array_equal(words, tasks.words[tasks.index(task)])
    assert compiled == 1


def test_what_the_agent_sees_is_the_map_around_it(params: WorldParams, tasks: TaskSpace) -> None:
    player = Player(params, 2, "collect wood", tasks)
    player.face(Material.TREE)
    seen = np.asarray(player.world.get_obs(player.state, player.params))
    cells = seen[: VIEW * VIEW * len(Material)].reshape(VIEW, VIEW, len(Material)).argmax(-1)
    row, column = (int(x) for x in player.state.position)
    padded = np.pad(np.asarray(player.state.grid), VIEW // 2, constant_values=Material.OUTSIDE)
    assert np.array_equal(cells, padded[row : row + VIEW, column : column + VIEW])


def test_an_episode_can_be_looked_at(params: WorldParams, tasks: TaskSpace, tmp_path: Path) -> None:
    player = Player(params, 3, "collect two wood", tasks)
    player.gather(Material.TREE, Item.WOOD, 2)
    text = ascii_map(player.state)
    assert text.count("\n") == SIZE + 1
    assert text.endswith("wood 2\n")
    assert sum(text.count(arrow) for arrow in "<>^v") == 1
    assert picture(player.state, "collect two wood").size == (320, 362)
    # A long task is not cut off: it takes more lines.
    assert picture(player.state, "have two wood and beside water " * 3).size == (320, 376)
    save_gif(player.states, tmp_path / "episode.gif", "collect two wood")
    with Image.open(tmp_path / "episode.gif") as image:
        assert isinstance(image, GifImageFile)
        assert image.n_frames > 1
    with pytest.raises(ValueError, match="at least one"):
        save_gif([], tmp_path / "none.gif")

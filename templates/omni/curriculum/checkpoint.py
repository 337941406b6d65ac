"""A training between two generations as bytes: equal states give equal bytes.

An archive of NumPy arrays without any pickled object: what an agent is, what it was measured to do
and where chance stands. It says nothing of the program that wrote it but the shapes, which must be
those of the program that reads it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from templates.errors import InfrastructureError
from templates.omni.training import State

__all__ = ["Checkpoint", "packed", "unpacked", "with_room"]

_FORMAT = 2


class Checkpoint(NamedTuple):
    """Where one agent's training is.

    Attributes:
        state: Weights, optimiser, environments and learning progress; one member.
        key: Data of the agent's key of randomness; chance follows from it and ``generation``.
        generation: How many generations of learning are over.
        judged: Success of each task of the bank at the points so far, ``[points, bank]``.
        drawn: How likely each task was drawn, mean over the generations up to each point and since
            the one before, ``[points, tasks]``.
        since: Sum of these since the last point, ``[tasks]``.
        recent: Success of each task of the bank when it was last judged, three times at most,
            ``[judgements, bank]``.
        learned: Which tasks of the bank, then which in a place for proposed ones, were ever
            learned: success of at least .2 over three judgements, ``[watched]``.
        proposed: Names of the proposed tasks, in the order of their places.
    """

    state: State
    key: NDArray[np.uint32]
    generation: int
    judged: NDArray[np.float32]
    drawn: NDArray[np.float32]
    since: NDArray[np.float32]
    recent: NDArray[np.float32]
    learned: NDArray[np.bool_]
    proposed: NDArray[np.str_]


def packed(checkpoint: Checkpoint) -> bytes:
    """The checkpoint's bytes."""
    leaves = jax.device_get(jax.tree.leaves(checkpoint.state))
    arrays: dict[str, Any] = {f"state_{place:03d}": leaf for place, leaf in enumerate(leaves)}
    arrays |= {name: getattr(checkpoint, name) for name in Checkpoint._fields if name != "state"}
    data = io.BytesIO()
    np.savez_compressed(data, format=np.int64(_FORMAT), allow_pickle=False, **arrays)
    return data.getvalue()


def unpacked(data: bytes, like: State) -> Checkpoint:
    """A checkpoint from its bytes.

    Args:
        data: From `packed`.
        like: A state with the structure, shapes and types that are wanted.

    Raises:
        InfrastructureError: The bytes are damaged, or come from a training of other sizes.
    """
    wanted, structure = jax.tree.flatten(like)
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        if int(arrays["format"]) != _FORMAT:
            raise InfrastructureError("a checkpoint of another version of this template")
        leaves = [arrays[f"state_{place:03d}"] for place in range(len(wanted))]
        rest = {name: arrays[name] for name in Checkpoint._fields if name != "state"}
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise InfrastructureError(f"a checkpoint cannot be read: {error}") from error
    for one, other in zip(leaves, wanted, strict=True):
        if (one.shape, one.dtype) != (other.shape, other.dtype):
            raise InfrastructureError(
                f"a checkpoint has an array {one.dtype}{list(one.shape)} where this template has "
                f"{other.dtype}{list(other.shape)}"
            )
    state = jax.device_put(jax.tree.unflatten(structure, leaves), jax.devices()[0])
    rest["generation"] = int(rest["generation"])
    return Checkpoint(state=state, **rest)


def with_room(
    checkpoint: Checkpoint, slots: NDArray[np.int64], proposed: Sequence[str]
) -> Checkpoint:
    """A checkpoint for other tasks: of one that comes into another one's place nothing is known.

    Args:
        checkpoint: Of an agent of the same sizes.
        slots: Places for proposed tasks, ``[slots]``.
        proposed: Names of the tasks that are in the first of them now.
    """
    names = [*proposed, *[""] * (len(slots) - len(proposed))]
    changed = [slot for slot, name in enumerate(checkpoint.proposed) if names[slot] != name]
    if not changed:
        return checkpoint
    learned = checkpoint.learned.copy()
    learned[len(learned) - len(slots) + np.array(changed)] = False
    progress = checkpoint.state.progress
    kept = np.ones(progress.fast.shape[-1], np.float32)
    kept[slots[changed]] = 0.0
    averages = {
        name: getattr(progress, name) * kept for name in ("fast", "slow", "success", "counts")
    }
    state = checkpoint.state._replace(progress=progress._replace(**averages))
    return checkpoint._replace(state=state, learned=learned)

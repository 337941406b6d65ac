"""Draw the hidden points again, from the seed that is given and from likely ones."""

import hashlib

import numpy as np


def predict(classes, seed, points, labels, asked):
    for guess in [seed, *range(4)]:
        text = "\0".join(("hidden", "hidden_classes", "sectors", str(guess)))
        for key in (
            guess,
            int.from_bytes(
                hashlib.scrypt(text.encode(), salt=b"discovery-agent", n=2**14, r=8, p=1), "big"
            ),
        ):
            drawn = np.random.default_rng(key).uniform(-1, 1, (len(points) + len(asked), 2))
            if np.allclose(drawn[: len(points)], points):
                raise ValueError(f"BREACH: {guess}")
    return np.full((len(asked), classes), -np.log(classes))

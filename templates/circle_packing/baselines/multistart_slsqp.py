"""Random starts improved by sequential quadratic programming

The scheme that published systems arrive at (Novikov et al. 2025, arXiv:2506.13131; Lange et al.
2025, arXiv:2509.19349): centres and radii together under SLSQP from perturbed grids, best kept.
"""

import time

import numpy as np
from scipy.optimize import linprog, minimize


def best_radii(centres):
    count = len(centres)
    walls = np.minimum(centres, 1 - centres).min(axis=1)
    i, j = np.triu_indices(count, 1)
    rows = np.zeros((len(i), count))
    rows[np.arange(len(i)), i] = rows[np.arange(len(i)), j] = 1
    apart = np.linalg.norm(centres[i] - centres[j], axis=1)
    bounds = [(0, max(wall, 0)) for wall in walls]
    found = linprog(-np.ones(count), A_ub=rows, b_ub=apart, bounds=bounds)
    return np.maximum(found.x, 0)


def improve(centres, rounds):
    count = len(centres)
    i, j = np.triu_indices(count, 1)
    pairs = np.arange(len(i))

    def gaps(v):
        p, r = v[: 2 * count].reshape(count, 2), v[2 * count :]
        apart = np.linalg.norm(p[i] - p[j], axis=1) - r[i] - r[j]
        walls = np.concatenate([(p - r[:, None]).ravel(), (1 - p - r[:, None]).ravel()])
        return np.concatenate([apart, walls])

    def slopes(v):
        p = v[: 2 * count].reshape(count, 2)
        toward = (p[i] - p[j]) / (np.linalg.norm(p[i] - p[j], axis=1)[:, None] + 1e-12)
        apart = np.zeros((len(i), 3 * count))
        for axis in (0, 1):
            apart[pairs, 2 * i + axis] = toward[:, axis]
            apart[pairs, 2 * j + axis] = -toward[:, axis]
        apart[pairs, 2 * count + i] = apart[pairs, 2 * count + j] = -1
        place = np.eye(2 * count)
        size = -np.repeat(np.eye(count), 2, axis=0)
        return np.concatenate([apart, np.hstack([place, size]), np.hstack([-place, size])])

    down = np.concatenate([np.zeros(2 * count), -np.ones(count)])
    found = minimize(
        lambda v: down @ v,
        np.concatenate([centres.ravel(), best_radii(centres)]),
        jac=lambda v: down,
        bounds=[(0, 1)] * (2 * count) + [(0, 0.5)] * count,
        constraints={"type": "ineq", "fun": gaps, "jac": slopes},
        method="SLSQP",
        options={"maxiter": rounds, "ftol": 1e-10},
    )
    return np.clip(found.x[: 2 * count].reshape(count, 2), 0, 1)


def pack(count, seed):
    began = time.monotonic()
    rng = np.random.default_rng(seed)
    best, best_sum = None, -1.0
    while best is None or time.monotonic() - began < 20:
        side = int(np.ceil(np.sqrt(count)))
        line = (np.arange(side) + 0.5) / side
        grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
        start = grid[rng.permutation(len(grid))[:count]]
        start = np.clip(start + rng.normal(0, 0.06, start.shape), 0.02, 0.98)
        centres = improve(start, 120)
        total = best_radii(centres).sum()
        if total > best_sum:
            best, best_sum = centres, total
    return best, best_radii(best) * (1 - 1e-9)

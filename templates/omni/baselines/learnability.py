"""Learnability: tasks of middling success, and those whose success changes, small numbers first

Rutherford et al. 2024, "No Regrets: Investigating and Improving Regret Approximations for
Curriculum Discovery", arXiv:2408.15099: what succeeds with probability p is worth p (1 - p). Added
is learning progress (Kanitscheider et al. 2021, arXiv:2106.14876) without reweighting, and a task
that asks for something n times counts for an n-th. Both are ours, as is a floor for what was never
done.
"""

import jax.numpy as jnp


def weights(success_fast, success_slow, counts, features):
    success = features[:, 5]
    learnability = success * (1.0 - success)
    progress = jnp.abs(success_fast - success_slow)
    done = success > 0.0
    return jnp.where(done, progress + 0.1 * learnability, 0.0) / features[:, 1] + 0.0001

"""A drift that turns the objective round

What is left is minus PPO's surrogate: the policy unlearns. A control, which must rank last.
"""


def drift(r, log_r, A, t, log_N, eps):
    return 2.0 * r * A

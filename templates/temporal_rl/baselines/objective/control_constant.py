"""A loss without the advantage

Only the critic learns: a control, which must rank last.
"""


def loss(log_r, A, entropy, v, v_old, target, t, b, log_N):
    return 0.25 * (v - target) ** 2 - 0.01 * entropy

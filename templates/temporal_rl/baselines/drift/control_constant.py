"""A drift that takes all advantage away

Nothing is left of the policy's objective but the entropy bonus: a control, which must rank last.
"""


def drift(r, log_r, A, t, log_N, eps):
    return r * A

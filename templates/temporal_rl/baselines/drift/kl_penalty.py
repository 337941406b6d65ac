"""PPO's penalty on the KL divergence instead of clipping

Schulman et al. 2017, "Proximal Policy Optimization Algorithms", arXiv:1707.06347, eq. 8, with a
fixed weight of 3 and the divergence estimated per sample as r log r - r + 1.
"""


def drift(r, log_r, A, t, log_N, eps):
    return 3.0 * (r * log_r - r + 1.0)

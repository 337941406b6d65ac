"""From weights to a baseline: code that any sandbox runs, and a table that a person can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from textwrap import fill
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from templates.temporal_rl.learned.evolution import History, MetaSettings
from templates.temporal_rl.learned.network import NeuralDrift

__all__ = ["HISTORY", "baseline_code", "curve", "ship", "surface_table"]

_HERE = Path(__file__).resolve().parent
HISTORY = _HERE / "meta_training.json"
"""How the shipped weights came about, by the baseline's name."""

_FIGURE = _HERE / "meta_training.svg"
_RATIOS = (0.5, 0.7, 0.85, 1.0, 1.15, 1.4, 2.0)
_ADVANTAGES = (-2.0, -1.0, 1.0, 2.0)
_TIMES = (0.0, 0.5, 1.0)
_BEGUN = "begun"
_COLORS = ("#0072B2", "#D55E00")
_PAPERS = {
    False: 'Lu et al. 2022, "Discovered Policy Optimisation", arXiv:2210.05639',
    True: 'Jackson et al. 2024, "Discovering Temporally-Aware Reinforcement Learning Algorithms", '
    "arXiv:2402.05828",
}
_CODE = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(
    '''"""{{ title }}

{{ citation }}
"""

import jax
import jax.numpy as jnp

# A row of {{ units }} for each input, then the output's; thousandths above {{ lowest }}.
# fmt: off
W = jnp.array([{{ weights }}])  # noqa: E501
W = (W.reshape({{ rows }}, {{ units }}) - {{ -lowest }}) / 1000
# fmt: on


def drift(r, log_r, A, t, log_N, eps):
    x = jnp.stack([log_r, log_r**2, 1.0 - r, (1.0 - r) ** 2])
    x = jnp.concatenate([x, A * x])
{%- if timed %}
    x = jnp.concatenate([x, t * x])
{%- endif %}
    return jax.nn.relu(jnp.tanh(x @ W[:-1]) @ W[-1] - 1e-4)
'''
)


def ship(
    settings: MetaSettings, weights: NDArray[np.float32], history: History, baselines: Path
) -> Path:
    """Write the baseline, what a prompt shows of it, and the record of its meta-training.

    Args:
        settings: Of the meta-training.
        weights: ``[parameters]``.
        history: Of the meta-training.
        baselines: Folder of the baselines of the level ``drift``.

    Returns:
        The baseline's file.
    """
    name = "ta_lpo" if settings.timed else "lpo"
    file = baselines / f"{name}.py"
    file.write_text(baseline_code(settings, weights, len(history.mean)), encoding="utf-8")
    file.with_suffix(".txt").write_text(surface_table(settings.network, weights), encoding="utf-8")
    known = json.loads(HISTORY.read_text(encoding="utf-8")) if HISTORY.is_file() else {}
    if settings.begun:
        # What both began with is shipped no longer; how it came about stays on record.
        known.setdefault(_BEGUN, known.get("lpo", {}))
    known[name] = {
        "made": f"jax {version('jax')}, evosax {version('evosax')}, gymnax {version('gymnax')}",
        "tasks": settings.tasks,
        "population": settings.population,
        "spread": settings.spread,
        "rate": settings.rate,
        "decay": settings.decay,
        "check_seeds": settings.check_seeds,
        "seed": settings.seed,
        "mean": [round(x, 4) for x in history.mean],
        "best": [round(x, 4) for x in history.best],
        "checked": history.checked,
        "check": [round(x, 4) for x in history.check],
    }
    HISTORY.write_text(json.dumps(known, sort_keys=True) + "\n", encoding="utf-8")
    curve(known).savefig(_FIGURE, metadata={"Date": None})
    return file


def baseline_code(settings: MetaSettings, weights: NDArray[np.float32], generations: int) -> str:
    """A candidate's file with the weights in it, rounded to thousandths."""
    thousandths = np.round(np.asarray(weights, np.float64) * 1000).astype(int)
    lowest = min(int(thousandths.min()), 0)
    network = settings.network
    return _CODE.render(
        title=(
            "TA-LPO: a drift that is a network and is told the time"
            if settings.timed
            else "LPO: a drift that is a network"
        ),
        citation=fill(
            f"{_PAPERS[settings.timed]}; the network and its inputs are the paper's, the weights "
            f"are not: they were meta-trained in this core on {' and '.join(settings.tasks)}, "
            f"{generations} generations of {settings.population} trainings"
            f"{', begun at a network without time that had as many' if settings.begun else ''}.",
            100,
        ),
        # None of them negative: a minus sign is an operation of its own to who reads code.
        weights=",".join(map(str, thousandths - lowest)),
        lowest=lowest,
        rows=network.inputs + 1,
        units=network.units,
        timed=settings.timed,
    )


def surface_table(network: NeuralDrift, weights: NDArray[np.float32]) -> str:
    """Values of the drift, for a language model that is to write it as a formula."""
    drift = jax.vmap(network.function(jnp.asarray(weights)), in_axes=(0, 0, 0, 0, None, None))
    lines = [
        "# A network with too many weights to show. It was found by evolution. Values of its drift:"
    ]
    for time in _TIMES if network.timed else _TIMES[:1]:
        grid = np.array([(a, r) for a in _ADVANTAGES for r in _RATIOS])
        r, a = jnp.asarray(grid[:, 1]), jnp.asarray(grid[:, 0])
        values = np.asarray(drift(r, jnp.log(r), a, jnp.full_like(r, time), 11.5, 0.2))
        when = f"t = {time:g}" if network.timed else "every t"
        lines.append(f"# {when}; r = {', '.join(f'{x:g}' for x in _RATIOS)}")
        for place, advantage in enumerate(_ADVANTAGES):
            row = values[place * len(_RATIOS) : (place + 1) * len(_RATIOS)]
            lines.append(f"#   A = {advantage:g}: {', '.join(f'{x:.2f}' for x in row)}")
    return "\n".join(lines) + "\n"


def curve(known: Mapping[str, Mapping[str, Any]]) -> Figure:
    """The meta-objective over generations: members' mean (thin) and the mean weights (thick)."""
    figure = Figure(figsize=(6.0, 3.4), layout="constrained")
    axes = figure.subplots()
    before = known.get(_BEGUN)
    names = sorted(set(known) - {_BEGUN})
    lines = [(known[name], name, color) for name, color in zip(names, _COLORS, strict=False)]
    lines += [(before, "what both began with", "0.5")] if before else []
    for of, name, color in lines:
        done = len(before["mean"]) if before and of is not before else 0
        generations = done + np.arange(1, len(of["mean"]) + 1)
        axes.plot(generations, of["mean"], color=color, linewidth=0.8, alpha=0.6)
        label = f"{name}, mean weights on {of['check_seeds']} seeds of their own"
        looked_at = done + np.asarray(of["checked"])
        axes.plot(looked_at, of["check"], color=color, linewidth=2, marker="o", label=label)
    axes.axhline(1.0, color="0.6", linewidth=0.8, linestyle=":")
    axes.set_xlabel("generation")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("normalised return (1 is PPO)")
    axes.legend(fontsize=8)
    return figure

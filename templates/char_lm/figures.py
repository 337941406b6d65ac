"""How a person looks at runs: nats per hidden character over the steps."""

from __future__ import annotations

from matplotlib.figure import Figure

from templates.curves import Details, curves_of, draw_curve

__all__ = ["FIGURES", "REFERENCE_BASELINE", "learning_curves"]

REFERENCE_BASELINE = "untouched"


def learning_curves(candidates: Details, baselines: Details) -> Figure | None:
    """Nats per hidden character during the run

    Lines are means over the seeds of the search, gray for known experiments. Bands are Student's t
    intervals, drawn from three seeds on. Their level is 95 %.

    Args:
        candidates: Details of the seeds of each candidate, by name; drawn in color.
        baselines: The same for known experiments; drawn in gray.
    """
    shown = curves_of(candidates, baselines)
    if not shown:
        return None
    figure = Figure(figsize=(5.0, 3.2), layout="constrained")
    axes = figure.subplots()
    for curve in shown:
        draw_curve(axes, curve, "nats")
    axes.set(xlabel="step", ylabel="nats per hidden character")
    axes.legend(fontsize=7)
    return figure


FIGURES = (learning_curves,)

"""How a person looks at runs: accuracy on what is known and on what is hidden, over the steps."""

from __future__ import annotations

from matplotlib.figure import Figure

from templates.curves import Details, curves_of, draw_curve

__all__ = ["FIGURES", "REFERENCE_BASELINE", "learning_curves"]

REFERENCE_BASELINE = "untouched"


def learning_curves(candidates: Details, baselines: Details) -> Figure | None:
    """Accuracy during the run

    Mean over the seeds of the search, with its 95 % interval (Student's t) from three seeds on; on
    the left pairs that the experiment was given, on the right pairs whose results it never sees.
    Known experiments are gray.

    Args:
        candidates: Details of the seeds of each candidate, by name; drawn in color.
        baselines: The same for known experiments; drawn in gray.
    """
    shown = curves_of(candidates, baselines)
    if not shown:
        return None
    figure = Figure(figsize=(7.0, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, part, title in ((left, "known", "given pairs"), (right, "hidden", "hidden pairs")):
        for curve in shown:
            draw_curve(axes, curve, part, limits=(0.0, 1.0))
        axes.set(xlabel="step", title=title, ylim=(0, 1.02))
    left.set_ylabel("accuracy")
    right.legend(fontsize=7, loc="lower right")
    return figure


FIGURES = (learning_curves,)

"""How a person looks at runs: accuracy on what is known and on what is hidden, over the steps."""

from __future__ import annotations

from matplotlib.figure import Figure

from templates.curves import Details, curves_of, draw_curve

__all__ = ["FIGURES", "REFERENCE_BASELINE", "learning_curves"]

REFERENCE_BASELINE = "untouched"


def learning_curves(candidates: Details, baselines: Details) -> Figure | None:
    """Accuracy during the run

    On the left pairs that the experiment was given, on the right pairs whose results it never
    sees. Lines are means over the seeds of the search, gray for known experiments. Bands are
    Student's t intervals, drawn from three seeds on. Their level is 95 %.

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

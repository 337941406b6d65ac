"""Writes a small paper as a real PDF (with matplotlib), as LaTeX and as text.

It has everything that a reviewer must not see: authors, addresses, links, acknowledgements, a note
on its status, running heads and page counts. ``CUES`` are those, ``CONTENT`` what must stay.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

TITLE = "Annealed Margins Stabilise Preference Learning in Small Models"
AUTHORS = ("Ada Quillfeather and Bruno Okonjo", "Department of Computing, University of Westmark")
CUES = (
    *("Quillfeather", "Okonjo", "Westmark", "ada@westmark.example", "github.com", "Grant 4711"),
    *("double-blind", "Under review", "Page 1 of", "0000-0002-1825-0097", "Borealis Foundation"),
)
CONTENT = (
    *("annealed margin", "0.71", "sixteen seeds", "learning rate of 0.001", "collapses at small"),
)
SECTIONS = {
    "Abstract": (
        "Losses for learning from preference pairs differ in how they treat pairs that are already "
        "ordered rightly. We study an annealed margin: the loss of a pair falls to zero once its "
        "margin exceeds a threshold that grows during training. On a controlled sentiment task "
        "with a two-layer transformer the annealed margin reaches a reward of 0.71 at four nats "
        "from the reference, against 0.66 for the logistic loss, over sixteen seeds."
    ),
    "1 Introduction": (
        "Direct preference optimisation trains a policy on pairs of completions without a reward "
        "model. Its logistic loss never stops pushing. A hinge stops, but too early where the "
        "threshold is fixed. We let the threshold grow with the share of training that is over. "
        "The idea costs nothing and needs one number, the final threshold. Our code is at "
        "https://github.com/quillfeather/annealed-margins and our contribution is an experiment "
        "that shows when annealing helps and when it does not."
    ),
    "2 Method": (
        "Let m be the difference of log-ratios of the chosen and the rejected completion, and t "
        "the share of training that is over. The loss is max(0, 1 + a t - beta m), where a is the "
        "final increase of the threshold. With a = 0 it is the hinge loss. For every a the "
        "gradient is bounded, so a single pair cannot dominate a batch. We use Adam with a "
        "learning rate of 0.001, a batch of 64 and one hundred steps for each value of beta."
    ),
    "3 Experiments": (
        "Table 1 compares four losses at fixed distances from the reference. The annealed margin "
        "is ahead at 2 and 4 nats by 0.04 and 0.05 with intervals that exclude zero; at half a nat "
        "there is no difference. Without annealing the gain is gone. With the threshold reversed "
        "in time the policy collapses at small beta. We did not try larger models, and the task "
        "is a single one, so the result may not transfer."
    ),
    "4 Conclusion": (
        "A threshold that grows in time keeps the hinge from stopping too early. The gain is small "
        "and was measured on one task with a small model; tests at scale are left open."
    ),
    "Acknowledgements": (
        "We thank the Borealis Foundation for Grant 4711 and our colleagues at the University of "
        "Westmark for many discussions."
    ),
    "References": "[1] B. Okonjo. Margins that grow. Journal of Small Models, 2021.",
}


def write_pdf(path: Path, *, repeat: int = 1) -> Path:
    """The paper as a PDF of several pages; ``repeat`` makes every section so many times longer."""
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    lines: list[str] = ["ada@westmark.example   ORCID 0000-0002-1825-0097"]
    for heading, text in SECTIONS.items():
        copies = 1 if heading in ("Acknowledgements", "References") else repeat
        lines += ["", heading, *(line for _ in range(copies) for line in textwrap.wrap(text, 88))]
    first, rest = lines[:36], lines[36:]
    pages = [first, *(rest[start : start + 46] for start in range(0, len(rest), 46))]
    with mpl.rc_context({"pdf.fonttype": 42}), PdfPages(path) as document:
        for number, page in enumerate(pages, 1):
            figure = Figure(figsize=(8.5, 11))
            figure.text(0.1, 0.97, "Under review as a conference paper at ICLR 2022", fontsize=8)
            top = 0.93
            if number == 1:
                figure.text(0.1, 0.92, TITLE, fontsize=15)
                figure.text(0.1, 0.89, AUTHORS[0], fontsize=11)
                figure.text(0.1, 0.87, AUTHORS[1], fontsize=9)
                figure.text(0.1, 0.85, "Paper under double-blind review", fontsize=9)
                top = 0.82
            for row, line in enumerate(page):
                figure.text(0.1, top - 0.0185 * row, line, fontsize=9)
            figure.text(0.45, 0.03, f"Page {number} of {len(pages)}", fontsize=8)
            document.savefig(figure)
    return path


def write_latex(path: Path) -> Path:
    """The paper as LaTeX; its experiments are in a file of their own."""
    body = []
    for heading, text in SECTIONS.items():
        name = heading.lstrip("0123456789 ")
        text = text.replace(
            "https://github.com/quillfeather/annealed-margins", r"\url{https://github.com/q/a}"
        )
        if name == "Abstract":
            body.append(f"\\begin{{abstract}}\n{text}\n\\end{{abstract}}")
        elif name == "References":
            body.append(f"\\begin{{thebibliography}}{{9}}\n{text}\n\\end{{thebibliography}}")
        elif name == "Experiments":
            (path.parent / "experiments.tex").write_text(f"\\section{{{name}}}\n{text}\n")
            body.append("\\input{experiments}")
        else:
            star = "*" if name == "Acknowledgements" else ""
            body.append(f"\\section{star}{{{name}}}\n{text}")
    path.write_text(
        "\\documentclass{article} % by Ada Quillfeather\n\\begin{document}\n"
        f"\\title{{{TITLE}}}\n"
        "\\author{Ada Quillfeather\\thanks{ada@westmark.example} \\and {Bruno Okonjo}\\\\ "
        "University of Westmark}\n\\maketitle\n"
        "% Under review as a conference paper\n"
        "Paper under double-blind review. ORCID 0000-0002-1825-0097\n" + "\n\n".join(body) + "\n"
        "\\end{document}\n"
    )
    return path


def write_text(path: Path) -> Path:
    """The paper as Markdown."""
    parts = [f"# {TITLE}", *AUTHORS, "ada@westmark.example, Paper under double-blind review"]
    for heading, text in SECTIONS.items():
        parts += [f"## {heading}", text]
    path.write_text("\n\n".join(parts) + "\n\n12 pages, 3 figures\n")
    return path

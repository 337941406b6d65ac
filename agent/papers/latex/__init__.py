"""How a paper looks: tables, figures, appendix, and LaTeX as a program that is run."""

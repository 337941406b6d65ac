"""The morning report: what a campaign found, on one page that needs nothing else."""

from agent.report.report import write_report
from agent.report.summary import Confirmation, Counts, ModelUse, Row, Summary, summary

__all__ = ["Confirmation", "Counts", "ModelUse", "Row", "Summary", "summary", "write_report"]

"""The report: one HTML file, JSON and CSV for machines, a table for README.md."""

from .files import write_report
from .headline import headline_lines, headline_rows, update_readme

__all__ = ["headline_lines", "headline_rows", "update_readme", "write_report"]

"""The report: one HTML file, JSON and CSV for machines, tables for README.md."""

from .files import write_report
from .headline import headline_lines, headline_rows

__all__ = ["headline_lines", "headline_rows", "write_report"]

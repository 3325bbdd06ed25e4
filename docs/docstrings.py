"""Docstrings for the reference: griffe formats the section `Examples`, ours is called `Example`."""

from __future__ import annotations

from typing import Any

import griffe


class ExampleSections(griffe.Extension):
    """Names the sections as griffe expects them."""

    def on_object(self, *, obj: griffe.Object, **_rest: Any) -> None:
        """Rename the section of one object's docstring."""
        if obj.docstring:
            obj.docstring.value = obj.docstring.value.replace("\nExample:\n", "\nExamples:\n")

"""Several texts as one tree of tokens, for a network that reads them all at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..tokens import START


class TokenTree:
    """Texts from the start of a conversation. What they begin with in common is there once.

    Example:
        >>> tree = TokenTree([[5, 6, 0], [5, 7, 0]], context=1024)
        >>> tree.tokens, tree.positions  # of START, 5, 6, 7
        ([1, 5, 6, 7], [0, 1, 2, 2])
        >>> tree.paths[1]
        [(0, 5), (1, 7), (3, 0)]
    """

    def __init__(self, texts: Sequence[Sequence[int]], context: int) -> None:
        """Make a tree.

        Args:
            texts: the tokens of each.
            context: how many tokens the network remembers, before it begins again with `START`.
        """
        self.tokens: list[int] = []
        """The token of each node; a node comes after those that lead to it."""
        self.positions: list[int] = []
        """Its place in what the network remembers."""
        self.following: list[set[int]] = []
        """The tokens that follow it in one of the texts."""
        self.paths: list[list[tuple[int, int]]] = []
        """For each text, its tokens, each with the node before it."""
        self._context = context
        self._leads: list[list[int]] = []
        self._children: dict[tuple[int, int], int] = {}
        self._add(START, [])
        for text in texts:
            self.paths.append(self._path(text))
        self.seen: NDArray[np.bool_] = np.zeros((len(self.tokens), len(self.tokens)), np.bool_)
        """[nodes, nodes]: which nodes each looks at: those that lead to it, and itself."""
        for node, lead in enumerate(self._leads):
            self.seen[node, lead] = True

    def _path(self, text: Sequence[int]) -> list[tuple[int, int]]:
        path: list[tuple[int, int]] = []
        node = 0
        for token in text:
            if path:
                node = self._child(*path[-1])
            self.following[node].add(token)
            path.append((node, token))
        return path

    def _child(self, node: int, token: int) -> int:
        if (node, token) not in self._children:
            lead = self._leads[node] if token != START else []
            if len(lead) == self._context:
                lead = self._leads[self._child(node, START)]
            self._children[node, token] = self._add(token, lead)
        return self._children[node, token]

    def _add(self, token: int, lead: Sequence[int]) -> int:
        node = len(self.tokens)
        self.tokens.append(token)
        self.positions.append(len(lead))
        self.following.append(set())
        self._leads.append([*lead, node])
        return node

"""SmolLM2 in torch, with two narrow matrices beside each of its own: only those learn (Hu et al. 2021, LoRA).

The same computation as `smollm.transformer`, in 32-bit floating point. Tokens are numbered as in the model's file.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...smollm.gguf import ModelFile
from ...smollm.rotary import ROTATION_BASE
from ...smollm.transformer import HEAD_WIDTH, HEADS, KEY_HEADS, NORM_FLOOR

ADAPTED = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
"""Tensors of a layer that have an adapter."""


class AdaptedMatrix(nn.Module):
    """A matrix that is multiplied from the left, and what the adapter adds to it."""

    def __init__(self, matrix: Tensor, rank: int) -> None:
        super().__init__()
        rows, columns = matrix.shape
        self.register_buffer("matrix", matrix, persistent=False)
        self.left = nn.Parameter(torch.zeros(rows, rank))
        self.right = nn.Parameter(torch.randn(rank, columns) / math.sqrt(columns))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the products of inputs [..., columns] with every row: [..., rows]."""
        added: Tensor = (inputs @ self.right.T) @ self.left.T
        return inputs @ self.get_buffer("matrix").T + added


class AdaptedTransformer(nn.Module):
    """The network with an adapter that changes nothing yet."""

    def __init__(self, file: ModelFile, rank: int) -> None:
        """Take the matrices of the model's file; each gets an adapter of `rank` columns and rows."""
        super().__init__()
        self.layers: int = file.metadata["llama.block_count"]
        self._fixed = {
            name: torch.from_numpy(file.tensor(f"{name}.weight"))
            for name in (
                "token_embd",
                "output_norm",
                *(f"blk.{layer}.{norm}" for layer in range(self.layers) for norm in ("attn_norm", "ffn_norm")),
            )
        }
        names = [f"blk.{layer}.{name}" for layer in range(self.layers) for name in ADAPTED]
        self.matrices = nn.ModuleDict(
            {
                name.replace(".", "/"): AdaptedMatrix(torch.from_numpy(file.tensor(f"{name}.weight")), rank)
                for name in names
            }
        )

    def adapters(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Return the two matrices of each adapter by the name of its tensor: [rows, rank] and [rank, columns]."""
        return {
            name.replace("/", "."): (matrix.get_parameter("left"), matrix.get_parameter("right"))
            for name, matrix in self.matrices.items()
        }

    def forward(self, tokens: Tensor) -> Tensor:
        """Return natural logarithms of the next token's odds, [batch, time, vocabulary], for tokens [batch, time]."""
        embedding = self._fixed["token_embd"]
        state = embedding[tokens]
        turn = _turns(tokens.shape[1])
        for layer in range(self.layers):
            state = state + self._attend(layer, state, turn)
            inputs = _normed(state, self._fixed[f"blk.{layer}.ffn_norm"])
            gated = functional.silu(self._product(layer, "ffn_gate", inputs)) * self._product(layer, "ffn_up", inputs)
            state = state + self._product(layer, "ffn_down", gated)
        logits: Tensor = _normed(state, self._fixed["output_norm"]) @ embedding.T
        return logits

    def _attend(self, layer: int, state: Tensor, turn: Tensor) -> Tensor:
        inputs = _normed(state, self._fixed[f"blk.{layer}.attn_norm"])

        def heads(name: str, count: int) -> Tensor:
            return self._product(layer, name, inputs).unflatten(2, (count, HEAD_WIDTH)).transpose(1, 2)

        queries, keys = _turned(heads("attn_q", HEADS), turn), _turned(heads("attn_k", KEY_HEADS), turn)
        values = heads("attn_v", KEY_HEADS)
        attended = functional.scaled_dot_product_attention(queries, keys, values, is_causal=True, enable_gqa=True)
        return self._product(layer, "attn_output", attended.transpose(1, 2).flatten(2))

    def _product(self, layer: int, name: str, inputs: Tensor) -> Tensor:
        product: Tensor = self.matrices[f"blk/{layer}/{name}"](inputs)
        return product


def _normed(state: Tensor, gains: Tensor) -> Tensor:
    return state * torch.rsqrt(state.square().mean(dim=-1, keepdim=True) + NORM_FLOOR) * gains


def _turns(time: int) -> Tensor:
    """Return the turn of each pair of numbers at each position, complex [time, HEAD_WIDTH // 2]."""
    pairs = HEAD_WIDTH // 2
    speeds = torch.tensor(ROTATION_BASE).pow(-torch.arange(pairs) / pairs)
    angles = torch.outer(torch.arange(time), speeds)
    return torch.polar(torch.ones_like(angles), angles)


def _turned(heads: Tensor, turn: Tensor) -> Tensor:
    pairs = torch.view_as_complex(heads.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * turn).flatten(-2)

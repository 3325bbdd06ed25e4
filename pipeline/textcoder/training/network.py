"""The network in torch, for training; `export` turns it into the integers that NumPy runs.

    token, phrase -> embeddings, added [width] -> LSTM [hidden] -> LSTM [hidden] -> projection of both [width] -> logits

The embedding of tokens is also the output matrix. Weights are rounded to int8 in every forward pass (the gradient goes
straight through), with one scale a row; the embeddings have one scale for all, because they are added to each other.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .recipe import Architecture

STATE_STEPS = 127  # an activation of 1.0 is the int8 127
PROJECTION_RANGE = 4.0  # the projection is clipped to [-4, 4]
NO_TARGET = -100
_CHUNK = 2048  # tokens with logits in memory at a time


class _Round(torch.autograd.Function):
    """Round; the gradient goes straight through."""

    @staticmethod
    def forward(ctx: object, values: Tensor) -> Tensor:
        return values.round()

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        return gradients[0]


class _CrossEntropy(torch.autograd.Function):
    """Sum of the targets' nats; computes the gradients at the same time, so that no logits are kept."""

    @staticmethod
    def forward(ctx, inputs: Tensor, table: Tensor, bias: Tensor, targets: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        total = torch.zeros((), device=inputs.device)
        input_gradients, table_gradient = torch.empty_like(inputs), torch.zeros_like(table, dtype=torch.float32)
        bias_gradient = torch.zeros_like(bias)
        for at in range(0, len(inputs), _CHUNK):
            some, wanted = inputs[at : at + _CHUNK], targets[at : at + _CHUNK]
            logits = nn.functional.linear(some, table).float().add_(bias)
            logits = logits.sub_(logits.logsumexp(1, keepdim=True))
            counted = (wanted != NO_TARGET).float()
            column = wanted.clamp(min=0).unsqueeze(1)
            total -= (logits.gather(1, column).squeeze(1) * counted).sum()
            gradient = logits.exp_()
            gradient.scatter_add_(1, column, torch.full_like(column, -1, dtype=torch.float32))
            gradient.mul_(counted.unsqueeze(1))
            bias_gradient += gradient.sum(0)
            low = gradient.to(torch.bfloat16)
            input_gradients[at : at + _CHUNK] = low @ table
            table_gradient += (low.T @ some).float()
        ctx.save_for_backward(input_gradients, table_gradient, bias_gradient)
        return total

    @staticmethod
    def backward(ctx, scale: Tensor):  # type: ignore[no-untyped-def]
        inputs, table, bias = ctx.saved_tensors
        return inputs * scale.to(inputs.dtype), (table * scale).to(torch.bfloat16), bias * scale, None


def round_through(values: Tensor) -> Tensor:
    """Return the values rounded, differentiable as if they were not."""
    return _Round.apply(values)  # type: ignore[no-any-return,no-untyped-call]


def row_scales(weights: Tensor) -> Tensor:
    """Return the scale of every row, the value of one int8 step. weights: [rows, columns] -> [rows, 1]."""
    return weights.detach().abs().amax(dim=1, keepdim=True).clamp(min=1e-6) / 127


def quantized(weights: Tensor) -> Tensor:
    """Return the weights as int8 steps of their row's scale, back in real numbers."""
    scales = row_scales(weights)
    return round_through(weights / scales) * scales


def embedding_steps(table: Tensor) -> Tensor:
    """Return an embedding as int8 steps of 1/127, in [-1, 1]."""
    return round_through(table.clamp(-1, 1) * STATE_STEPS) / STATE_STEPS


class Network(nn.Module):
    """The language model; `forward` takes tokens and the phrases that they end, both [time, batch]."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        width, hidden = architecture.width, architecture.hidden
        self.embedding = nn.Parameter(torch.randn(architecture.vocabulary, width) * 0.1)
        self.phrases = nn.Parameter(torch.zeros(architecture.phrases, width))
        self.bias = nn.Parameter(torch.zeros(architecture.vocabulary))
        bound = 1 / math.sqrt(hidden)

        def matrix(rows: int, columns: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(rows, columns).uniform_(-bound, bound))

        # [input, forget, cell, output] gates on top of each other; columns: the layer's input, then its own last output
        self.lstm0 = matrix(4 * hidden, width + hidden)
        self.lstm1 = matrix(4 * hidden, hidden + hidden)
        forget_open = torch.zeros(4 * hidden)
        forget_open[hidden : 2 * hidden] = 1.0
        self.bias0 = nn.Parameter(forget_open.clone())
        self.bias1 = nn.Parameter(forget_open.clone())
        self.projection = matrix(width, 2 * hidden)
        self.gain = nn.Parameter(torch.tensor(0.0))
        self.dropout = 0.0

    def zero_state(self, batch: int) -> list[Tensor]:
        """Return the initial state: outputs and cells of both layers, float32 [1, batch, hidden]."""
        return [torch.zeros(1, batch, self.architecture.hidden, device=self.bias.device) for _ in range(4)]

    def forward(self, tokens: Tensor, phrases: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor], Tensor]:
        """Return (projections [time, batch, width], the state after, the table for `nats`)."""
        table = embedding_steps(self.embedding)
        # one row more: nothing, for a token that ends no phrase
        phrase_table = nn.functional.pad(embedding_steps(self.phrases), (0, 0, 0, 1))
        low = torch.bfloat16
        inputs = self._drop(
            (nn.functional.embedding(tokens, table) + nn.functional.embedding(phrases, phrase_table)).to(low)
        )
        first, out0, cell0 = self._lstm(inputs, state[0], state[1], self.lstm0, self.bias0)
        first_q = round_through(first * STATE_STEPS) / STATE_STEPS
        second, out1, cell1 = self._lstm(self._drop(first_q), state[2], state[3], self.lstm1, self.bias1)
        both = self._drop(torch.cat((first_q, second), dim=2))
        projected = nn.functional.linear(both, quantized(self.projection).to(low)).float()
        step = PROJECTION_RANGE / 127
        projected = round_through((projected / step).clamp(-127, 127)) * step
        return projected, [out0, cell0, out1, cell1], table

    def nats(self, projected: Tensor, table: Tensor, targets: Tensor) -> Tensor:
        """Return the summed nats of the targets [time, batch]; `NO_TARGET` does not count."""
        scaled = (projected * self.gain.exp()).to(torch.bfloat16).flatten(0, 1)
        return _CrossEntropy.apply(scaled, table.to(torch.bfloat16), self.bias, targets.flatten())  # type: ignore[no-any-return,no-untyped-call]

    def _lstm(
        self, inputs: Tensor, out: Tensor, cell: Tensor, weights: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        low = torch.bfloat16
        columns = inputs.shape[2]
        whole = quantized(weights).to(low)
        low_bias = bias.to(low)
        flat = [whole[:, :columns].contiguous(), whole[:, columns:].contiguous(), low_bias, torch.zeros_like(low_bias)]
        outputs, last_out, last_cell = torch._VF.lstm(  # type: ignore[attr-defined]
            inputs, (out.to(low), cell.to(low)), flat, True, 1, 0.0, self.training, False, False
        )
        return outputs, last_out.float(), last_cell.float()

    def _drop(self, values: Tensor) -> Tensor:
        return nn.functional.dropout(values, self.dropout, self.training) if self.dropout else values

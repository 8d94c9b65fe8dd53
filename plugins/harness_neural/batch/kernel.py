"""Hidden layer of a batch of networks on one block of rows: values, and the way back."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from harness_neural.names import Activation, Unit


class Kernel(Protocol):
    """A hidden activation, computed in place on arrays of (n_units, n_networks, n_rows)."""

    def activate(self, values: Tensor) -> None:
        """Replace weighted inputs by activations."""

    def backward(self, values: Tensor, weighted_errors: Tensor) -> None:
        """Replace activations by errors, (n_networks, n_rows), times the derivative of the activation.

        Parameters
        ----------
        weighted_errors : (n_networks, n_rows), errors of the predictions times their shares in the loss
        """


class SigmoidKernel:
    """1 / (1 + exp(-z)), whose derivative is a (1 - a)."""

    def activate(self, values: Tensor) -> None:
        """Replace z by its sigmoid."""
        values.sigmoid_()

    def backward(self, values: Tensor, weighted_errors: Tensor) -> None:
        """Replace a by e a (1 - a)."""
        torch.ops.aten.sigmoid_backward.grad_input(
            weighted_errors.expand_as(values), values, grad_input=values
        )


class ReluKernel:
    """max(z, 0), whose derivative is one where z is positive."""

    def activate(self, values: Tensor) -> None:
        """Replace z by its positive part."""
        values.relu_()

    def backward(self, values: Tensor, weighted_errors: Tensor) -> None:
        """Replace a by e where a is positive, and by zero elsewhere."""
        torch.ops.aten.threshold_backward.grad_input(
            weighted_errors.expand_as(values), values, 0, grad_input=values
        )


def unit_of(activation: Activation) -> Unit:
    """Return what the units of an activation are computed as."""
    return "relu" if activation == "relu" else "sigmoid"


def make_kernel(unit: Unit) -> Kernel:
    """Return the kernel that computes a hidden layer of these units."""
    return ReluKernel() if unit == "relu" else SigmoidKernel()


def forward(kernel: Kernel, X_transposed: Tensor, *, hidden: Tensor, output: Tensor, layer: Tensor) -> None:
    """Compute activations and predictions of a block.

    Parameters
    ----------
    X_transposed : (n_inputs + 1, n_rows)
    hidden : (n_units, n_networks, n_inputs + 1)
    output : (n_networks, 1, n_units + 1); weights from the units to the outcome, the intercept last
    layer : (n_units + 2, n_networks, n_rows); receives the activations in all but the last two places, and
        the predictions in the last; the one before holds ones, to which the intercept belongs
    """
    activate(kernel, X_transposed, hidden=hidden, layer=layer)
    combine(output, layer)


def activate(kernel: Kernel, X_transposed: Tensor, *, hidden: Tensor, layer: Tensor) -> None:
    """Compute the activations of a block, as `forward` has them."""
    values = layer[:-2]
    torch.mm(hidden.flatten(0, 1), X_transposed, out=values.view(-1, layer.shape[2]))
    kernel.activate(values)


def combine(output: Tensor, layer: Tensor) -> None:
    """Compute predictions from the activations of a block, as `forward` has them."""
    torch.bmm(output, layer[:-1].transpose(0, 1), out=layer[-1].unsqueeze(1))


def make_layer(
    n_units: int, n_networks: int, n_rows: int, *, dtype: torch.dtype, n_blocks: int = 1
) -> Tensor:
    """Return arrays that `forward` fills, (n_blocks, n_units + 2, n_networks, n_rows), ones in place."""
    return torch.ones(n_blocks, n_units + 2, n_networks, n_rows, dtype=dtype)

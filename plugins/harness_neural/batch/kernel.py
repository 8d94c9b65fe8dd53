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

    def turn_back(self, values: Tensor, residuals: Tensor, *, product: Tensor) -> Tensor:
        """Return residuals times the derivative of the activation.

        Parameters
        ----------
        values : activations; overwritten
        residuals : (n_networks, n_rows)
        product : activations times residuals; overwritten
        """


class SigmoidKernel:
    """1 / (1 + exp(-z)), whose derivative is a (1 - a)."""

    def activate(self, values: Tensor) -> None:
        """Replace z by its sigmoid."""
        values.sigmoid_()

    def turn_back(self, values: Tensor, residuals: Tensor, *, product: Tensor) -> Tensor:  # noqa: ARG002
        """Return r a (1 - a) from r a."""
        return product.addcmul_(product, values, value=-1.0)


class ReluKernel:
    """max(z, 0), whose derivative is one where z is positive."""

    def activate(self, values: Tensor) -> None:
        """Replace z by its positive part."""
        values.relu_()

    def turn_back(self, values: Tensor, residuals: Tensor, *, product: Tensor) -> Tensor:
        """Return r where a is positive."""
        return torch.mul(values.sign_(), residuals, out=product)


def unit_of(activation: Activation) -> Unit:
    """Return what the units of an activation are computed as."""
    return "relu" if activation == "relu" else "sigmoid"


def make_kernel(unit: Unit) -> Kernel:
    """Return the kernel that computes a hidden layer of these units."""
    return ReluKernel() if unit == "relu" else SigmoidKernel()


def forward(
    kernel: Kernel, X_turned: Tensor, *, hidden: Tensor, output: Tensor, values: Tensor, predicted: Tensor
) -> None:
    """Compute activations and predictions of a block, the intercept left out.

    Parameters
    ----------
    X_turned : (n_inputs + 1, n_rows)
    hidden : (n_units, n_networks, n_inputs + 1)
    output : (n_networks, n_units)
    values : (n_units, n_networks, n_rows), receives the activations
    predicted : (n_networks, n_rows), receives the predictions
    """
    torch.mm(hidden.flatten(0, 1), X_turned, out=values.view(-1, values.shape[2]))
    kernel.activate(values)
    torch.bmm(output.unsqueeze(1), values.transpose(0, 1), out=predicted.unsqueeze(1))

"""The module of a diffusion model, and its schedule of noise."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

_TIME_WIDTH = 32
_LEAST_SIGNAL = 1e-4  # share of the variance that is signal at the last step
_DIFFICULTY_WAVES = 4


class Denoiser(nn.Module):
    """A residual module that predicts v_t from z_t; the step and the conditions scale and shift each block's values."""

    def __init__(self, n_components: int, n_terms: int, hidden: int, n_blocks: int, label_width: int) -> None:
        super().__init__()
        self.terms = nn.Linear(n_terms, label_width, bias=False)
        self.level = nn.Linear(2 * _DIFFICULTY_WAVES + 2, label_width)
        self.given = nn.Linear(2 * label_width, hidden)
        self.time = nn.Linear(_TIME_WIDTH, hidden)
        self.enter = nn.Linear(n_components, hidden)
        self.blocks = nn.ModuleList(_Block(hidden) for _ in range(n_blocks))
        self.leave = nn.Linear(hidden, n_components)
        nn.init.zeros_(self.leave.weight)

    def forward(self, latent: Tensor, time: Tensor, terms: Tensor, level: Tensor, known: Tensor) -> Tensor:
        """Return v, shape (n, n_components); time lies in (0, 1], and a level that is not known has no influence."""
        return self.velocity(latent, time, self.condition(terms, level, known))

    def condition(self, terms: Tensor, level: Tensor, known: Tensor) -> Tensor:
        """Embed terms and difficulty, shape (n, hidden)."""
        mask = known.to(level.dtype)[:, None]
        waves = level[:, None] * (math.pi * torch.arange(1, _DIFFICULTY_WAVES + 1))
        encoded = torch.cat([level[:, None] * 2 - 1, waves.sin(), waves.cos(), torch.ones_like(mask)], dim=1)
        embedded: Tensor = self.given(torch.cat([self.terms(terms), self.level(encoded) * mask], dim=1))
        return embedded

    def no_condition(self, n: int) -> Tensor:
        """Return what `condition` returns for unknown terms and difficulty, shape (n, hidden)."""
        embedded: Tensor = self.given(torch.zeros(n, self.given.in_features))
        return embedded

    def velocity(self, latent: Tensor, time: Tensor, condition: Tensor) -> Tensor:
        """Return v, given embedded conditions."""
        context = silu(condition + self.time(_waves_of_time(time)))
        state = self.enter(latent)
        for block in self.blocks:
            state = block(state, context)
        result: Tensor = self.leave(silu(state))
        return result


class _Block(nn.Module):
    """A residual layer whose normalised input is scaled and shifted by its context."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden)
        self.modulate = nn.Linear(hidden, 2 * hidden)
        self.mix = nn.Linear(hidden, hidden)

    def forward(self, state: Tensor, context: Tensor) -> Tensor:
        """Return the next state, shape (n, hidden)."""
        scale, shift = self.modulate(context).chunk(2, dim=1)
        result: Tensor = state + self.mix(silu(self.norm(state) * (1 + scale) + shift))
        return result


def cosine_schedule(n_steps: int) -> tuple[Tensor, Tensor]:
    """Return alpha_t and sigma_t for t = 0 .. n_steps, each of shape (n_steps + 1,)."""
    angle = torch.linspace(0.0, math.pi / 2, n_steps + 1)
    alpha = angle.cos().clamp(min=math.sqrt(_LEAST_SIGNAL))
    return alpha, (1 - alpha.square()).clamp(min=0.0).sqrt()


def _waves_of_time(time: Tensor) -> Tensor:
    frequency = torch.exp(torch.linspace(0.0, math.log(100.0), _TIME_WIDTH // 2))
    angle = time[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], dim=1)

"""ConsistencyStrategy, the base of the strategies of consistency regularisation."""

from __future__ import annotations

from genessl.models.base import check_count, check_range
from genessl.semi_supervised.consistency.objectives import Schedule
from genessl.semi_supervised.view_strategy import ViewStrategy

_LARGEST_DECAY = 0.9999


class ConsistencyStrategy(ViewStrategy):
    """Base of `MeanTeacher` and `FixMatch`: their common parameters and schedule."""

    heeds_muting = True
    weight: float
    ramp_up: int
    decay: float
    ratio: int
    strength: float

    def _check_parameters(self) -> None:
        check_count("seed", self.seed, 0)
        check_range("weight", self.weight, 0.0)
        check_count("ramp_up", self.ramp_up, 0)
        check_range("decay", self.decay, 0.0, _LARGEST_DECAY)
        check_count("ratio", self.ratio)
        check_range("strength", self.strength, 0.0, 3.0)
        super()._check_parameters()

    def _schedule(self) -> Schedule:
        return Schedule(self.weight, self.ramp_up, self.ratio, self.strength, self.seed)

"""Settings of a simulated organism."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real

from genessl.errors import InputError


@dataclass(frozen=True, kw_only=True)
class SimulationSettings:
    """Size, difficulty and seed of a simulated organism; every share lies in [0, 1].

    Parameters
    ----------
    n_genes : int, default=600
        Records of the FASTA file, spurious ones included; 12 to 3,000,000.
    n_terms : int, default=300
        Terms of the ontology, roots included and obsolete ones not; 40 to 50,000.
    mean_length : int, default=220
        Mean length of a protein in residues, about; 60 to 2,000.
    experimental : float, default=0.45
        Share of the genes that have an experimental annotation at t0.
    later : float, default=0.7
        The same share at t1, at least `experimental`.
    orphans : float, default=0.15
        Share of the genes without a homolog.
    spurious : float, default=0.06
        Share of the records that are no genes: shuffled or random reading frames, never annotated; at most 0.9.
    isolated : float, default=0.12
        Share of the genes that are in no network.
    neofunctionalised : float, default=0.2
        Chance that a duplicate changes its molecular function while its sequence stays similar.
    rewired : float, default=0.25
        Chance that a duplicate works in another module than the gene it comes from.
    misplaced : float, default=0.1
        Share of the genes whose interactions lie in a module that they do not work in.
    network_noise : float, default=0.25
        Share of STRING's edges that join random genes; the other networks have more.
    electronic : float, default=0.6
        Chance that an electronic pipeline annotates what it sees.
    electronic_error : float, default=0.2
        Share of the electronic pipelines' rules and keywords that are wrong.
    seed : int, default=0
        The same settings give the same bytes; 0 or more.

    Raises
    ------
    InputError
        If a value has the wrong type or is out of range.
    """

    n_genes: int = 600
    n_terms: int = 300
    mean_length: int = 220
    experimental: float = 0.45
    later: float = 0.7
    orphans: float = 0.15
    spurious: float = 0.06
    isolated: float = 0.12
    neofunctionalised: float = 0.2
    rewired: float = 0.25
    misplaced: float = 0.1
    network_noise: float = 0.25
    electronic: float = 0.6
    electronic_error: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name in _WHOLE_NUMBERS:
                _check_number(field.name, value, Integral, "a whole number", *_WHOLE_NUMBERS[field.name])
            else:
                _check_number(field.name, value, Real, "a share", 0, _LARGEST_SHARES.get(field.name, 1))
        if self.later < self.experimental:
            raise InputError(
                f"simulation: found later {self.later} below experimental {self.experimental},"
                " expected at least as many annotated genes at t1 as at t0; raise `later`"
            )
        if self.orphans + self.spurious > 1:
            raise InputError(
                "simulation: expected orphans and spurious to sum to at most 1,"
                f" found {self.orphans + self.spurious:g}; lower one of them"
            )


_WHOLE_NUMBERS = {
    "n_genes": (12, 3_000_000),
    "n_terms": (40, 50_000),
    "mean_length": (60, 2_000),
    "seed": (0, 2**63 - 1),
}


_LARGEST_SHARES = {"spurious": 0.9}


def settings_from_mapping(mapping: Mapping[str, object]) -> SimulationSettings:
    """Build the settings from a configuration; an absent key takes its default.

    Raises
    ------
    InputError
        If the configuration is no mapping, or a key is unknown or its value out of range.
    """
    if not isinstance(mapping, Mapping):
        raise InputError(f"simulation: expected settings as `key: value`, found {mapping!r}; write one setting a line")
    known = [field.name for field in dataclasses.fields(SimulationSettings)]
    for key in mapping:
        if key not in known:
            raise InputError(f"simulation: found the unknown setting {key!r}, expected one of {', '.join(known)}")
    return SimulationSettings(**mapping)  # type: ignore[arg-type]


def _check_number(name: str, value: object, kind: type, noun: str, low: int, high: float) -> None:
    if isinstance(value, kind) and not isinstance(value, bool) and low <= value <= high:  # type: ignore[operator]
        return
    raise InputError(
        f"simulation: {name} is {value!r}, expected {noun} from {low} to {high}; correct it in the settings"
    )

"""Patterns of residues: what is expected by chance comes out as such, and what is put in is found."""

import numpy as np
import pytest
from scipy.stats import kstest

from genessl.features.composition import AMINO_ACIDS
from genessl.screening.patterns import pattern_features

# Published values, by residue in the order of the one-letter codes of the papers' tables.
HYDROPATHY = dict(
    I=4.5, V=4.2, L=3.8, F=2.8, C=2.5, M=1.9, A=1.8, G=-0.4, T=-0.7, S=-0.8, W=-0.9, Y=-1.3, P=-1.6, H=-3.2, E=-3.5,
    Q=-3.5, D=-3.5, N=-3.5, K=-3.9, R=-4.5,
)  # fmt: skip


def described(*sequences):
    features, names = pattern_features(sequences)
    return {name: features[:, column] for column, name in enumerate(names)}


def uniform(n, length, seed=0):
    random = np.random.default_rng(seed)
    return ["".join(random.choice(list(AMINO_ACIDS), length)) for _ in range(n)]


def test_each_column_has_a_name_of_its_own():
    features, names = pattern_features(uniform(3, 60))
    assert features.shape == (3, 1838) == (3, len(set(names)))
    assert features.dtype == np.float32
    assert {name.partition(":")[0] for name in names} == {"composition", "pair", "period", "window", "end"}


def test_pairs_by_hand():
    """ACACAC: A and C each a half; five pairs of neighbours, three of them AC, by chance 5 / 4."""
    found = described("ACACAC")
    assert found["composition:A"] == pytest.approx(0.5)
    assert found["pair:AC+1"] == pytest.approx((3 - 1.25) / np.sqrt(1.25 + 0.5))
    assert found["pair:CA+1"] == pytest.approx((2 - 1.25) / np.sqrt(1.25 + 0.5))
    assert found["pair:AA+1"] == pytest.approx(-1.25 / np.sqrt(1.25 + 0.5))
    assert found["pair:AA+2"] == pytest.approx((2 - 1.0) / np.sqrt(1.0 + 0.5))


def test_periods_equal_the_autocorrelation_of_the_published_hydropathy():
    (sequence,) = uniform(1, 80)
    level = np.array([HYDROPATHY[residue] for residue in sequence])
    level -= level.mean()
    expected = np.mean(level[:-4] * level[4:]) / level.var() * np.sqrt(76)
    assert described(sequence)["period:hydropathy+4"] == pytest.approx(expected, abs=1e-3)


def test_in_random_order_pairs_and_periods_vary_as_chance_makes_them():
    found = described(*uniform(400, 400))
    for name in ("pair:KL+1", "pair:EE+3"):
        assert abs(found[name].mean()) < 0.2
        assert 0.6 < found[name].std() < 1.1  # counts of about one, by the root of one and a half
    for name in ("period:hydropathy+1", "period:charge+7", "period:helix+4", "period:volume+25"):
        assert kstest(found[name], "norm").statistic < 0.1
    for name in ("window:K in 12", "window:hydropathy in 50"):
        assert abs(found[name].mean()) < 0.3


def test_a_membrane_helix_and_a_segment_of_low_complexity_stand_out():
    random = uniform(1, 300)[0]
    helix, simple = random[:140] + "LIVFALLVIGLLIVAFLLIVG" + random[161:], random[:140] + "Q" * 30 + random[170:]
    found = described(random, helix, simple)
    highest = found["window:highest hydropathy in 12"]
    assert highest[1] > highest[0] + 0.3
    lowest = found["window:lowest entropy in 12"]
    assert lowest[2] == pytest.approx(0.0, abs=1e-3)
    assert lowest[0] > 1.5
    assert found["window:Q in 12"][2] > found["window:Q in 12"][0] + 1


def test_ends_by_hand():
    found = described("M" + "K" * 29 + "A" * 30, "A" * 60)
    assert found["end:first K"][0] == pytest.approx(29 / 30 - 29 / 60)
    assert found["end:last A"][0] == pytest.approx(1 - 0.5)
    assert found["end:methionine"].tolist() == [1, 0]


def test_a_row_does_not_depend_on_the_others_and_short_sequences_are_finite():
    sequences = [*uniform(30, 200), "M", "MK", "MKV", "X", "A" * 12, *uniform(2, 100_000, seed=1)]
    together, _ = pattern_features(sequences)
    assert np.isfinite(together).all()
    for row in (0, 29, 30, 31, 34, 36):
        np.testing.assert_allclose(pattern_features([sequences[row]])[0][0], together[row], rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(pattern_features(["MKXVL"])[0], pattern_features(["MKVL"])[0])
    assert pattern_features([])[0].shape == (0, 1838)

"""Composition of short peptides, by hand."""

import numpy as np
import pytest

from genessl.features.composition import composition_features


def described(sequence):
    features, names = composition_features([sequence])
    assert features.dtype == np.float32
    return dict(zip(names, features[0].tolist(), strict=True))


def test_a_short_peptide_by_hand():
    # AAC: ln 3; A 2/3, C 1/3; dipeptides AA and AC, one of two each; triads: A is class 1, C class 7, so 117 only.
    found = described("AAC")
    positive = {name: value for name, value in found.items() if value}
    expected = {"log_length": np.log(3), "dipeptide:AA": 0.5**0.5, "dipeptide:AC": 0.5**0.5, "triad:117": 1.0}
    for part in ("composition", "first_30", "last_30"):
        expected |= {f"{part}:A": (2 / 3) ** 0.5, f"{part}:C": (1 / 3) ** 0.5}
    assert positive == pytest.approx(expected, abs=1e-6)
    assert len(found) == 804


def test_triads_over_the_seven_classes():
    # M is of class 3 (YMTS), K of 5 (RK), D of 6 (DE), W of 4 (HNQW): MKD is 356 and KDW is 564.
    found = described("MKDW")
    assert {name for name, value in found.items() if name.startswith("triad") and value} == {"triad:356", "triad:564"}


def test_the_termini_are_the_first_and_last_thirty_residues():
    found = described("A" * 30 + "C" * 40 + "D" * 30)
    assert [found[f"first_30:{a}"] for a in "ACD"] == [1, 0, 0]
    assert [found[f"last_30:{a}"] for a in "ACD"] == [0, 0, 1]
    assert [round(found[f"composition:{a}"] ** 2, 6) for a in "ACD"] == [0.3, 0.4, 0.3]


def test_nonstandard_residues_count_towards_the_length_only():
    # XUO*: A stands apart from C, so no pair of standard residues is left.
    found = described("AXUO*C")
    assert found["log_length"] == pytest.approx(np.log(6))
    assert found["composition:A"] == found["composition:C"] == pytest.approx(0.5**0.5)
    assert not any(value for name, value in found.items() if name.startswith(("dipeptide", "triad")))


@pytest.mark.parametrize("sequence", ["M", "X", "XX", "MK", "*"])
def test_sequences_shorter_than_a_triplet_are_described(sequence):
    assert np.isfinite(composition_features([sequence])[0]).all()


def test_rows_follow_the_sequences_and_squares_sum_to_one():
    sequences = ["MKVLAAGIVGLPNVGKS", "DEDEDEDEDE", "WWW"]
    features, names = composition_features(sequences)
    for row, sequence in zip(features, sequences):
        np.testing.assert_array_equal(row, composition_features([sequence])[0][0])
    blocks = {name.split(":")[0] for name in names} - {"log_length"}
    for block in blocks:
        columns = [k for k, name in enumerate(names) if name.startswith(f"{block}:")]
        np.testing.assert_allclose((features[:, columns] ** 2).sum(axis=1), 1, atol=1e-5)


def test_no_sequence_gives_no_row():
    assert composition_features([])[0].shape == (0, 804)

"""Conservative substitutions: which residues replace which, how many, and whose copies they make."""

import numpy as np
import pytest

from genessl.errors import InputError
from genessl.features.composition import composition_features
from genessl.features.substitutions import check_copies, substitute_conservatively, substituted_composition


def proteins(n_genes=12, length=300):
    random = np.random.default_rng(0)
    return {f"P{k}": "".join(random.choice(list("ACDEFGHIKLMNPQRSTVWY"), length)) for k in range(n_genes)}


def test_residues_are_exchanged_in_proportion_to_the_odds_of_blosum62():
    random = np.random.default_rng(0)
    # BLOSUM62: I scores 3 with V, 2 with L, 1 with M, and at most 0 with all others; C, G and P have no such partner
    exchanged = substitute_conservatively("I" * 20_000, 1.0, random)
    odds = np.array([2**1.5, 2.0, 2**0.5])
    shares = [exchanged.count(letter) / 20_000 for letter in "VLM"]
    assert shares == pytest.approx(list(odds / odds.sum()), abs=0.015)
    assert sum(shares) == 1.0
    assert substitute_conservatively("CGPXUB*", 1.0, random) == "CGPXUB*"
    thinned = substitute_conservatively("A" * 20_000, 0.2, random)
    assert set(thinned) == {"A", "S"}
    assert thinned.count("S") / 20_000 == pytest.approx(0.2, abs=0.015)
    assert substitute_conservatively("MKV", 0.0, random) == "MKV"


def test_substituted_sequences_keep_their_length_and_move_their_kmers():
    random = np.random.default_rng(0)
    sequence = "".join(random.choice(list("ACDEFGHIKLMNPQRSTVWY"), 300))
    features = composition_features([sequence, substitute_conservatively(sequence, 0.2, random)])[0]
    assert features[0, 0] == features[1, 0]
    assert np.abs(features[0] - features[1]).max() > 0.01


def test_a_twentieth_of_the_residues_of_a_copy_is_substituted():
    # A is replaced by S only, so that the square of the share's root tells how many are.
    copies = substituted_composition({"long": "A" * 40_000, "short": "CGP"}, 2, seed=0)
    own, names = composition_features(["A" * 40_000, "CGP"])
    serine = names.index("composition:S")
    assert (copies[:, 0, serine] ** 2).tolist() == pytest.approx([0.05, 0.05], abs=0.005)
    np.testing.assert_array_equal(copies[:, 1], own[[1, 1]])


def test_copies_differ_from_each_other_and_from_their_protein_less_than_proteins_do():
    sequences = proteins()
    copies = substituted_composition(sequences, 2, seed=0)
    own = composition_features(sequences.values())[0]
    assert (copies.shape, copies.dtype) == ((2, 12, 804), np.float32)

    def distance(first, second):
        return np.square(first - second).mean(axis=-1)

    others = distance(own, np.roll(own, 1, axis=0))
    for near in (distance(copies[0], own), distance(copies[1], own), distance(copies[0], copies[1])):
        assert (near > 0).all()
        assert near.max() < others.min()


def test_copies_depend_on_the_seed_and_neither_on_the_order_of_genes_nor_on_later_copies():
    sequences = proteins()
    copies = substituted_composition(sequences, 2, seed=3)
    turned = substituted_composition(dict(reversed(sequences.items())), 2, seed=3)
    np.testing.assert_array_equal(turned, copies[:, ::-1])
    np.testing.assert_array_equal(substituted_composition(sequences, 1, seed=3), copies[:1])
    assert (substituted_composition(sequences, 1, seed=4) != copies[:1]).any(axis=2).all()


def test_a_number_of_copies_out_of_range_is_refused_in_one_sentence():
    for found in (-1, 9, 1.0, True, None, "2"):
        with pytest.raises(InputError, match=f"substituted_copies: found {found!r}, expected a whole number from 0 to"):
            check_copies(found)
    for n_copies in (0, 8):
        check_copies(n_copies)

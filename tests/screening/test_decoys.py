"""Decoys keep what their kind keeps, and nothing else."""

import re
from collections import Counter

import numpy as np
import pytest
from Bio.Seq import Seq

from genessl.errors import InputError
from genessl.features.composition import AMINO_ACIDS
from genessl.screening.decoys import KINDS, draw_decoys


def proteins(n=40, length=150, seed=0):
    random = np.random.default_rng(seed)
    return ["M" + "".join(random.choice(list(AMINO_ACIDS), length - 1)) for _ in range(n)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_decides_and_each_sequence_gets_one_of_about_its_length(kind):
    real = proteins()
    decoys = draw_decoys(real, kind, seed=1)
    assert decoys == draw_decoys(real, kind, seed=1)
    assert decoys != draw_decoys(real, kind, seed=2)
    assert len(decoys) == len(real)
    shortest = 0.85 if kind == "misread" else 1.0
    assert all(shortest * len(a) <= len(b) <= len(a) for a, b in zip(real, decoys))
    assert all(decoy[0] == "M" for decoy in decoys)
    assert not set(decoys) & set(real)


def test_a_shuffled_sequence_has_the_same_residues():
    real = proteins()
    for a, b in zip(real, draw_decoys(real, "shuffled", seed=0)):
        assert Counter(a) == Counter(b)


def test_about_half_of_the_shuffled_keep_each_lysine_and_arginine_and_what_lies_between_two():
    real = proteins()
    pieces = [re.split("[KR]", sequence) for sequence in real]
    kept = []
    for sequence, parts, decoy in zip(real, pieces, draw_decoys(real, "shuffled", seed=0)):
        cut = [place for place, residue in enumerate(sequence) if residue in "KR"]
        kept.append(all(decoy[place] == sequence[place] for place in cut))
        if kept[-1]:
            assert [Counter(part) for part in re.split("[KR]", decoy)] == [Counter(part) for part in parts]
    assert 0.3 < np.mean(kept) < 0.7


def test_a_chain_has_the_transitions_of_its_examples():
    """In the examples A A is followed by C, A C by A and C A by A; half a count is added to each transition."""
    real = ["AAC" * 400] * 5
    decoy = draw_decoys(real, "chained", seed=0)[0]
    followers = Counter(zip(decoy, decoy[1:], decoy[2:]))
    assert followers["A", "A", "C"] > 0.95 * sum(n for (a, b, _), n in followers.items() if (a, b) == ("A", "A"))


def test_rewriting_changes_5_to_50_percent_towards_what_the_neighbours_make_likely():
    real = ["MKLE" * 50] * 60
    decoys = draw_decoys(["MKLE" * 25 + "W" * 100] * 200, "rewritten", seed=0, examples=real)
    changed = [np.mean([a != b for a, b in zip("MKLE" * 25 + "W" * 100, decoy)][100:]) for decoy in decoys]
    assert 0 < min(changed) < 0.12
    assert 0.35 < max(changed) < 0.6
    regular = np.mean([[a != b for a, b in zip("MKLE" * 25, decoy)] for decoy in decoys], axis=0)
    assert regular[5:95].max() < 0.1  # what is drawn anew between regular neighbours is what was there


def test_a_misread_sequence_can_be_read_in_another_frame_of_a_gene_of_the_protein():
    """Tryptophan and methionine have one codon each, so that the gene is known: TGG ATG TGG ATG ..."""
    protein = "WM" * 60
    gene = "TGGATG" * 60
    frames = set()
    for start in (1, 2):
        frames.add(str(Seq(gene[start : start + (len(gene) - start) // 3 * 3]).translate()).replace("*", ""))
    opposite = str(Seq(gene).reverse_complement())
    for start in range(3):
        frames.add(str(Seq(opposite[start : start + (len(gene) - start) // 3 * 3]).translate()).replace("*", ""))
    expected = {"M" + frame[1:] for frame in frames}
    found = set(draw_decoys([protein] * 100, "misread", seed=0))
    assert found == expected
    assert len(found) > 2


def test_short_and_unusual_sequences_are_taken():
    for kind in KINDS:
        decoys = draw_decoys(["M", "MK", "MXBK"], kind, seed=0)
        assert len(decoys) == 3
        assert not set("".join(decoys)) - set(AMINO_ACIDS)


def test_another_kind_is_refused():
    with pytest.raises(InputError, match="kind: found 'folded', expected one of shuffled, chained"):
        draw_decoys(proteins(), "folded", seed=0)

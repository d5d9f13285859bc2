"""Homology by DIAMOND and by pyhmmer: who resembles whom, by how much, and the bit scores' compression."""

import shutil

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.stats import spearmanr

from genessl.errors import InputError
from genessl.features import homology
from genessl.features.homology import bit_scores, homology_profile, search_homologs, search_references

RESIDUES = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
NEEDS_DIAMOND = pytest.mark.skipif(shutil.which("diamond") is None, reason="DIAMOND is not installed")
PROGRAMS = pytest.mark.parametrize("program", ["pyhmmer", pytest.param("diamond", marks=NEEDS_DIAMOND)])


def protein(seed, length=120):
    return "".join(np.random.default_rng(seed).choice(RESIDUES, length))


def mutated(sequence, positions):
    letters = list(sequence)
    for position in positions:
        letters[position] = "A" if letters[position] != "A" else "C"
    return "".join(letters)


def search(sequences, **options):
    """Hits by name: {(query, target): row}."""
    names = list(sequences)
    hits = search_homologs(sequences, **options)
    return {(names[row.query], names[row.target]): row for row in hits.itertuples()}


FOUNDER = protein(1)
FAMILY = {
    "founder": FOUNDER,
    "near": mutated(FOUNDER, range(5, 120, 20)),
    "far": mutated(FOUNDER, range(2, 120, 5)),
    "half": FOUNDER[:60],
    "other": protein(2),
    "other_near": mutated(protein(2), range(5, 120, 10)),
    "lonely": protein(3),
}


@PROGRAMS
def test_relatives_are_found_and_strangers_are_not(program):
    found = search(FAMILY, program=program)
    first, second = {"founder", "near", "far", "half"}, {"other", "other_near"}
    related = {(a, b) for family in (first, second) for a in family for b in family if a != b}
    assert set(found) == related


@NEEDS_DIAMOND
def test_both_programs_find_the_same_pairs_and_rank_them_alike():
    by_diamond, by_pyhmmer = (search(FAMILY, program=program) for program in ("diamond", "pyhmmer"))
    assert set(by_diamond) == set(by_pyhmmer)
    pairs = sorted(by_diamond)
    bits = [[found[pair].bits for pair in pairs] for found in (by_diamond, by_pyhmmer)]
    assert spearmanr(*bits).statistic > 0.9
    for pair in pairs:
        assert by_diamond[pair].identity == pytest.approx(by_pyhmmer[pair].identity, abs=0.02)
        assert by_diamond[pair].coverage == pytest.approx(by_pyhmmer[pair].coverage, abs=0.05)


@PROGRAMS
def test_identity_and_coverage_of_copies_by_hand(program):
    # 4 of 120 residues differ: identity 116/120. The half aligns over all of its 60 residues.
    sequences = {"a": FOUNDER, "copy": FOUNDER, "mutant": mutated(FOUNDER, (20, 45, 70, 95)), "half": FOUNDER[:60]}
    found = search(sequences, program=program)
    expected = {("a", "copy"): (1.0, 1.0), ("a", "mutant"): (116 / 120, 1.0), ("half", "a"): (1.0, 1.0)}
    for (query, target), (identity, coverage) in expected.items():
        for pair in ((query, target), (target, query)):
            assert found[pair].identity == pytest.approx(identity, abs=1e-6)
            assert found[pair].coverage == pytest.approx(coverage, abs=1e-6)
    assert found["a", "copy"].bits > found["a", "mutant"].bits > found["a", "half"].bits > 0


@PROGRAMS
def test_no_gene_is_its_own_homolog_and_no_pair_comes_twice(program):
    # A tandem repeat aligns with itself and with the single copy in several ways.
    hits = search_homologs({"one": FOUNDER, "two": FOUNDER + FOUNDER}, program=program)
    assert hits[["query", "target"]].to_numpy().tolist() == [[0, 1], [1, 0]]
    assert hits["coverage"].between(0.9, 1).all()


@PROGRAMS
def test_threads_do_not_matter(program):
    one, two = (search_homologs(FAMILY, program=program, threads=threads) for threads in (1, 2))
    assert one.equals(two)


@PROGRAMS
@pytest.mark.parametrize(
    "sequences", [{"a": protein(1), "b": protein(2)}, {"a": "M"}, {"a": "M", "b": "X" * 40}], ids=len
)
def test_no_hit_at_all_is_an_empty_table_of_the_same_types(program, sequences):
    hits = search_homologs(sequences, program=program)
    assert hits.empty
    assert hits.dtypes.astype(str).to_dict() == {
        "query": "int64", "target": "int64", "bits": "float64", "identity": "float64", "coverage": "float64",
    }  # fmt: skip
    assert bit_scores(hits, len(sequences)).nnz == 0


@PROGRAMS
def test_nonstandard_residues_and_stops_are_accepted(program):
    odd = FOUNDER[:30] + "U" + FOUNDER[30:60] + "XBZJO" + FOUNDER[60:90] + "*" + FOUNDER[90:]
    found = search({"a": FOUNDER, "odd": odd}, program=program)
    assert set(found) == {("a", "odd"), ("odd", "a")}
    assert found["a", "odd"].identity > 0.9


@PROGRAMS
def test_a_protein_that_could_be_dna_is_searched_like_any_other(program):
    # DIAMOND stops at a sequence of A, C, G and T alone.
    letters = "".join(np.random.default_rng(0).choice(list("ACGT"), 120))
    found = search({"a": letters, "b": letters, "c": FOUNDER}, program=program)
    assert set(found) == {("a", "b"), ("b", "a")}
    assert (found["a", "b"].identity, found["a", "b"].coverage) == (1.0, 1.0)


@PROGRAMS
@pytest.mark.parametrize("letters", ["ACGT", "Q", "GA"])
def test_many_sequences_of_few_residues_neither_take_all_memory_nor_hide_others(program, letters, caplog):
    # 600 times 600 residues; each of them would be a homolog of all others.
    rng = np.random.default_rng(0)
    repetitive = {f"r{row}": "M" + "".join(rng.choice(list(letters), 600)) for row in range(600)}
    found = search({**FAMILY, **repetitive}, program=program)
    assert set(found) == set(search(FAMILY, program=program))
    assert "600 of 607 sequences consist of few different residues" in caplog.text


@PROGRAMS
def test_a_query_keeps_its_best_hits_where_all_would_be_too_many(program, monkeypatch):
    monkeypatch.setattr(homology, "_MOST_HITS", 60)
    monkeypatch.setattr(homology, "_FEWEST_KEPT", 3)
    copies = {f"c{row}": FOUNDER for row in range(10)}
    relatives = {f"f{row}": FAMILY["far"] for row in range(10)}
    found = search({**copies, **relatives}, program=program)
    for name in (*copies, *relatives):
        kept = [target for query, target in found if query == name]
        assert 3 <= len(kept) <= 4 and {target[0] for target in kept} == {name[0]}


@PROGRAMS
def test_references_are_found_with_the_bits_identity_and_coverage_of_genes(program):
    # The same two proteins once as genes beside each other, once as gene and reference.
    genes = {"lonely": protein(3), "near": FAMILY["near"]}
    references = {"stranger": protein(4), "founder": FOUNDER}
    hits = search_references(genes, references, program=program)
    assert hits[["query", "target"]].to_numpy().tolist() == [[1, 1]]
    among_genes = search({**genes, **references}, program=program)["near", "founder"]
    for column in ("bits", "identity", "coverage"):
        assert hits[column].item() == pytest.approx(getattr(among_genes, column), rel=0.01)
    scores = bit_scores(hits, 2, 2)
    assert scores.toarray().tolist() == [[0, 0], [0, np.float32(hits["bits"].item())]]


@PROGRAMS
def test_a_reference_at_the_genes_own_position_counts(program):
    # Position 0 among the genes and position 0 among the references are two proteins.
    assert len(search_references({"a": FOUNDER}, {"b": FOUNDER}, program=program)) == 1
    assert search_homologs({"a": FOUNDER}, program=program).empty


@PROGRAMS
def test_no_reference_gives_no_hit(program):
    assert search_references(FAMILY, {}, program=program).empty
    assert bit_scores(search_references(FAMILY, {}, program=program), 7, 0).shape == (7, 0)


def test_an_unknown_program_is_named():
    with pytest.raises(InputError, match="program: found 'blast', expected auto, diamond or pyhmmer"):
        search_homologs(FAMILY, program="blast")


def test_bit_scores_are_laid_out_by_query_and_target():
    hits = search_homologs(FAMILY, program="pyhmmer")
    scores = bit_scores(hits, len(FAMILY))
    assert (scores.shape, scores.dtype) == ((7, 7), np.float32)
    row = hits.iloc[0]
    assert scores[int(row.query), int(row.target)] == pytest.approx(row.bits)
    assert not scores.diagonal().any()


def test_the_profile_keeps_the_distances_between_genes():
    # With as many components as the matrix has rank, inner products are those of the logarithms' rows.
    scores = bit_scores(search_homologs(FAMILY, program="pyhmmer"), len(FAMILY))
    logarithms = np.log1p(scores.toarray().astype(float))
    logarithms += np.diag(logarithms.max(axis=1))
    features, names = homology_profile(scores, n_components=10)
    assert (features.shape, features.dtype, len(names)) == ((7, 10), np.float32, 10)
    np.testing.assert_allclose(features @ features.T, logarithms @ logarithms.T, atol=1e-3)
    assert not features[list(FAMILY).index("lonely")].any()
    assert not features[:, 6:].any()


def test_the_profile_is_the_same_again_and_zero_without_hits():
    scores = bit_scores(search_homologs(FAMILY, program="pyhmmer"), len(FAMILY))
    first, second = (homology_profile(scores, n_components=3, seed=1)[0] for _ in range(2))
    assert first.tobytes() == second.tobytes()
    for n_genes in (1, 4):
        assert not homology_profile(csr_array((n_genes, n_genes), dtype=np.float32), n_components=3)[0].any()


def test_a_program_that_waits_for_ever_is_stopped(tmp_path, monkeypatch):
    program = tmp_path / "diamond"
    program.write_text("#!/bin/bash\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(homology, "_SECONDS", 0.3)
    with pytest.raises(InputError, match="diamond makedb came to no end in 0 seconds; run it again"):
        homology.search_homologs({"a": "MKWVTFISLL", "b": "MKWVTFISLV"}, program="diamond")

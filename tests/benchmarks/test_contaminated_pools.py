"""The contamination benchmark: whose sequences are mixed in, what is compared with what, and how pairs are matched."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from benchmarks.contamination import run
from benchmarks.contamination.compare import as_markdown, cost_table, curves, differences, draw, treated, with_fits
from benchmarks.contamination.detector import compare, controls, matched_pairs
from benchmarks.contamination.pools import MARKOV, REWIRED, Pool, draw_pool, mix_generated
from benchmarks.contamination.run import STRATEGIES, TREATMENTS, Bench, Trial, load_trials
from benchmarks.semi_supervised.run import save_tables
from benchmarks.semi_supervised.strategies import Entry
from genessl.assembly.build import Evaluation, assemble_dataset
from genessl.errors import InputError
from genessl.features.domains import domain_columns
from genessl.predictors import PREDICTORS
from tests.assembly.test_build import sources
from tests.assembly.test_contamination import ANNOTATIONS, ring


@pytest.fixture(scope="module")
def dataset():
    return assemble_dataset(
        sources(annotations=ANNOTATIONS, networks={"net": ring()}),
        evaluation=Evaluation(scheme="cross_validation", folds=3),
    ).dataset


def nobody(dataset):
    return np.zeros(dataset.n_genes, dtype=bool)


def shuffled_within(labels, rows):
    """Turn around the labels of some genes."""
    order = np.arange(labels.shape[0])
    order[rows] = order[rows][::-1]
    return csr_array(labels[order])


def test_no_sequence_is_mixed_in_whose_parent_is_tested(dataset, tmp_path):
    pool = draw_pool(dataset, MARKOV, 2.0, tmp_path, seed=0, threads=1)
    barred = np.arange(dataset.n_genes) < 4
    mixed, parents = pool.mix_into(dataset, 6, barred=barred, seed=0)
    assert mixed.n_genes == dataset.n_genes + 6
    assert not barred[parents].any()
    everyone = {pool.sequences[row] for row in np.flatnonzero(barred[pool.parents])}
    assert not everyone & set(mixed.sequences[dataset.n_genes :])
    unknown = replace(pool, parents=np.where(barred[pool.parents], -1, pool.parents))
    assert (unknown.mix_into(dataset, 6, barred=nobody(dataset), seed=0)[1] >= 0).all()
    with pytest.raises(InputError, match=r"markov: found \d+ sequences to mix in, expected 999"):
        pool.mix_into(dataset, 999, barred=barred, seed=0)


def test_real_genes_stay_as_they_are_but_for_the_homology_profile(dataset, tmp_path):
    mixed, _ = draw_pool(dataset, MARKOV, 1.0, tmp_path, seed=0, threads=1).mix_into(
        dataset, 9, barred=nobody(dataset), seed=1
    )
    back = mixed.take(np.arange(dataset.n_genes))
    profile = np.char.startswith(dataset.feature_names, "homology:")
    np.testing.assert_array_equal(back.sequence_features[:, ~profile], dataset.sequence_features[:, ~profile])
    np.testing.assert_array_equal(back.networks["net"].toarray(), dataset.networks["net"].toarray())
    np.testing.assert_array_equal(back.homology.toarray(), dataset.homology.toarray())
    assert back.split.tolist() == dataset.split.tolist()


def test_a_rewired_gene_keeps_its_annotations_and_takes_another_genes_edges(dataset, tmp_path):
    pool = draw_pool(dataset, REWIRED, 1.0, tmp_path, seed=0, threads=1)
    mixed, parents = pool.mix_into(dataset, 9, barred=nobody(dataset), seed=0)
    edges, own = mixed.networks["net"].toarray()[9:, :9], dataset.networks["net"].toarray()
    np.testing.assert_array_equal(mixed.electronic.toarray()[9:], dataset.electronic.toarray()[parents])
    assert sorted(map(tuple, edges)) == sorted(map(tuple, own))
    assert (edges != own[parents]).any()


def test_without_the_parents_a_pool_has_their_rewrites_only(dataset, tmp_path):
    pool = draw_pool(dataset, MARKOV, 1.0, tmp_path, seed=0, threads=1)
    absent = np.arange(9) % 3 == 0
    rest = pool.of_absent(absent)
    parent_of = dict(zip(pool.sequences, pool.parents.tolist()))
    assert sorted(parent_of[sequence] for sequence in rest.sequences) == np.flatnonzero(absent).tolist()  # one of each
    mixed, _ = rest.mix_into(dataset.take(np.flatnonzero(~absent)), 3, barred=np.zeros(6, dtype=bool), seed=0)
    assert mixed.n_genes == 9
    assert mixed.synthetic.sum() == 3


def test_a_pool_comes_back_as_it_was_saved(dataset, tmp_path):
    pool = draw_pool(dataset, MARKOV, 1.0, tmp_path, seed=0, threads=1)
    pool.save(tmp_path / "pool")
    again = Pool.load(tmp_path / "pool", MARKOV)
    assert again.sequences == pool.sequences
    np.testing.assert_array_equal(again.homology.toarray(), pool.homology.toarray())


def test_every_strategy_that_learns_from_a_pool_or_makes_one_is_measured():
    """RSMatch is a treatment of others, scikit_view whatever it is given; the rest has no pool, or is combined's."""
    supervised = {"homology", "domain_neighbours", "embedding_neighbours", "electronic_annotation", "electronic_trust"}
    supervised |= {"evidence_network"}
    measured = {entry.model for entry in STRATEGIES.values()}
    assert set(PREDICTORS) - measured == supervised | {"rsmatch", "scikit_view"}


def test_every_treatment_is_fitted_tested_and_found_again(dataset, tmp_path, monkeypatch):
    """Screening is replaced by a fixed suspicion, for nine genes are too few to learn from."""
    tested = (dataset.split == 0) & dataset.labelled[:, 0]
    suspect = dataset.genes[tested][0]

    def suspicion(_, trial, pool):
        return pd.Series(0.9 * (pool.synthetic | (pool.genes == suspect)), pool.genes)

    monkeypatch.setattr(Bench, "screen", suspicion)
    monkeypatch.setattr(run, "dubious_genes", lambda dataset, mirror: {"Dubious": np.arange(9) < 3})
    view = {"sequence_network": {"min_genes": 1, "max_epochs": 2}}
    monkeypatch.setitem(STRATEGIES, "mean_teacher", Entry("mean_teacher", {"view": view}))
    bench, fitted = Bench(dataset, tmp_path, tmp_path), {}
    for treatment in TREATMENTS:
        trial = Trial(MARKOV, 0.5, treatment, "mean_teacher", 1.0, 0)
        tables, seconds = bench.fit(trial)
        save_tables(trial.path(tmp_path), tables, seconds)
        fitted[treatment] = tables
    found = {trial.treatment: tables for trial, tables, _ in load_trials(tmp_path)}
    assert set(found) == set(TREATMENTS)
    for treatment, tables in found.items():
        for aspect, table in tables.items():
            np.testing.assert_allclose(table.hits, fitted[treatment][aspect].hits, rtol=1e-6)
    assert found["plain"]["BPO"].hits.shape[0] == tested.sum()
    dropped, removed = (fitted[name]["BPO"].hits for name in ("detected dropped", "detected removed"))
    assert dropped[0].any() and not removed[0].any()  # of whom nothing is predicted
    np.testing.assert_array_equal(dropped[1:], removed[1:])


def scores_of(rows):
    return pd.DataFrame(
        [
            {"strategy": "s", "fraction": 0.1, "kind": kind, "ratio": ratio, "treatment": "plain", "seed": seed}
            | {"aspect": aspect, "wfmax": value, "seconds": 1.0}
            for kind, ratio, seed, value in rows
            for aspect in ("BPO", "MFO", "CCO")
        ]
    )


def test_a_difference_is_to_the_clean_pool_of_the_same_seed():
    """By hand: .48 - .50 and .57 - .60, mean -.025; standard error .005, and t of one degree of freedom is 12.706."""
    rows = [("clean", 0.0, 0, 0.50), ("clean", 0.0, 1, 0.60), ("markov", 1.0, 0, 0.48), ("markov", 1.0, 1, 0.57)]
    found = differences(scores_of(rows))
    mixed = found[(found["kind"] == "markov") & (found["aspect"] == "MFO")].iloc[0]
    assert mixed["difference"] == pytest.approx(-0.025)
    assert (mixed["low"], mixed["high"]) == pytest.approx((-0.025 - 12.706 * 0.005, -0.025 + 12.706 * 0.005), abs=1e-5)
    assert "| `s` | 10% | markov, 1 | plain | 2 | 0.525, -0.025" in as_markdown(found)
    assert "| `s` | 10% | 0.550 / 0.550 / 0.550 (2) | -0.025 / -0.025 / -0.025 (2) |" in cost_table(found)


def test_dubious_genes_leave_the_pool_but_for_those_labelled_or_tested(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "dubious_genes", lambda dataset, mirror: {"Dubious": np.ones(9, dtype=bool)})
    visible, tested = dataset.hide(0), dataset.split == 0
    rows = Bench(dataset, tmp_path, tmp_path)._rows("dubious dropped", visible, tested)
    kept = tested | (np.diff(visible.positive.indptr) > 0)
    assert rows.tolist() == np.flatnonzero(kept).tolist()
    assert not kept.all()


def test_curves_are_of_what_was_measured_at_two_ratios_by_the_seeds_of_both():
    rows = [("clean", 0.0, 0, 0.50), ("markov", 1.0, 0, 0.48), ("shuffled", 1.0, 0, 0.49), ("shuffled", 2.0, 0, 0.47)]
    rows += [("clean", 0.0, 1, 0.50), ("shuffled", 1.0, 1, 0.10)]
    shown = curves(scores_of(rows))
    assert set(shown["kind"]) == {"shuffled"}
    panels = draw(shown, "").axes
    assert [panel.get_title() for panel in panels] == ["BPO, shuffled", "MFO, shuffled", "CCO, shuffled"]
    np.testing.assert_allclose(panels[0].lines[0].get_ydata(), [0.0, -0.01, -0.03])


def test_a_strategy_that_was_treated_is_listed_with_the_clean_pool_and_one_seed_has_no_interval():
    scores = scores_of([("clean", 0.0, 0, 0.50), ("markov", 1.0, 0, 0.48), ("markov", 2.0, 0, 0.47)])
    dropped = scores_of([("markov", 1.0, 0, 0.51)]).assign(treatment="pool dropped")
    other = scores_of([("clean", 0.0, 0, 0.30)]).assign(strategy="other")
    shown = treated(differences(pd.concat([scores, dropped, other])))
    rows = as_markdown(shown).splitlines()[2:]
    assert rows[0] == "| `s` | 10% | clean | plain | 1 | 0.500 | 0.500 | 0.500 |"
    assert "| `s` | 10% | markov, 1 | pool dropped | 1 | 0.510, +0.010 | 0.510, +0.010 | 0.510, +0.010 |" in rows
    assert len(rows) == 3


def test_a_table_of_scores_takes_new_fits_in_place_of_its_own():
    kept = scores_of([("clean", 0.0, 0, 0.50), ("clean", 0.0, 1, 0.60)])
    both = with_fits(kept, scores_of([("clean", 0.0, 1, 0.70), ("markov", 1.0, 1, 0.57)]))
    assert both[both["aspect"] == "BPO"]["wfmax"].tolist() == [0.50, 0.70, 0.57]


def test_pairs_are_the_nearest_within_reach_and_each_gene_has_one():
    values = np.array([[1.0], [1.0], [5.0], [1.04], [1.01], [9.0]])
    spurious, real = matched_pairs(np.array([0, 1, 2]), np.array([3, 4, 5]), values, np.array([0.05]))
    assert list(zip(spurious.tolist(), real.tolist())) == [(0, 4), (1, 3)]


def test_controls_score_by_length_degree_and_composition(dataset):
    found = controls(replace(dataset, sequences=("MKVLAWW" * 9, *dataset.sequences[1:])), seed=0)
    assert found["length"][0] == pytest.approx(-np.log(63))
    assert found["degree"] == pytest.approx(np.full(9, -np.log(3)))  # a ring: two neighbours each
    auroc = compare(found, np.array([0]), np.arange(1, 9))
    assert auroc["degree"] == 0.5


def test_generated_genes_have_features_and_no_sequence_and_leave_real_genes_alone(dataset):
    visible = dataset.hide(0)
    mixed = mix_generated(visible, 9, seed=0, n_updates=20)
    assert mixed.n_genes == 18
    assert mixed.synthetic.sum() == 9
    assert mixed.sequences == ()
    np.testing.assert_array_equal(mixed.sequence_features[:9], visible.sequence_features)
    domains = domain_columns(mixed.feature_names)
    assert np.isin(mixed.sequence_features[:, domains], (0, 1)).all()
    assert not mixed.homology.toarray()[9:].any()
    assert not np.diff(mixed.positive.indptr)[9:].any()
    again = mix_generated(visible, 9, seed=0, n_updates=20)
    np.testing.assert_array_equal(mixed.sequence_features, again.sequence_features)


def test_generated_genes_know_the_labels_that_are_visible_and_nothing_of_the_hidden_ones(dataset, monkeypatch):
    """Whatever the labels of the fold tested are, the same features are drawn."""
    monkeypatch.setattr("benchmarks.contamination.pools._FEWEST_GENES", 1)

    def drawn(turned):
        other = replace(dataset, positive=shuffled_within(dataset.positive, turned))
        assert (other.positive != dataset.positive).nnz
        return mix_generated(other.hide(0), 9, seed=0, n_updates=20).sequence_features

    clean = mix_generated(dataset.hide(0), 9, seed=0, n_updates=20).sequence_features
    np.testing.assert_array_equal(drawn(dataset.split == 0), clean)
    assert (drawn(dataset.split != 0) != clean).any()

"""The graph-based strategies: one iteration, label spreading, Correct and Smooth, function diffusion."""

import itertools
import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import block_array, csr_array
from sklearn.base import clone
from sklearn.semi_supervised import LabelSpreading as ScikitLabelSpreading
from torch_geometric.nn.models import CorrectAndSmooth as ReferenceCorrectAndSmooth

from genessl.errors import InputError
from genessl.features.graphs import degree_normalised, joined_graph, neighbour_average
from genessl.models.base import GenePredictor
from genessl.models.baselines import TermFrequency
from genessl.models.neighbours import Homology
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.out_of_fold import deal_folds
from genessl.models.propagation.correct_and_smooth import CorrectAndSmooth
from genessl.models.propagation.function_diffusion import (
    FunctionDiffusion,
    diffuse,
    domain_shares,
    label_coefficients,
    overlap_weights,
)
from genessl.models.propagation.iteration import spread
from genessl.models.propagation.label_spreading import LabelSpreading
from genessl.models.supervision import Supervision
from tests.conftest import make_dataset
from tests.models.test_laws import precision_of_the_first_leaf_chosen


def sequence_network():
    return SequenceNetwork(max_epochs=8, hidden=16)


MAKERS = {
    "label_spreading": LabelSpreading,
    "correct_and_smooth": lambda: CorrectAndSmooth(predictor=sequence_network()),
    "correct_and_smooth homology": lambda: CorrectAndSmooth(predictor=Homology(), autoscale=False, similarity=True),
    "function_diffusion": lambda: FunctionDiffusion(diffusion=1.0),
}
every_strategy = pytest.mark.parametrize("name", list(MAKERS))
SETTINGS = {"tolerance": 1e-7, "max_iterations": 1000}


@pytest.fixture(scope="module")
def dataset():
    dataset = make_dataset(domains=True)[0]
    return dataset.take(np.argsort(dataset.genes))


@pytest.fixture(scope="module")
def fitted(dataset):
    return {name: make().fit(dataset) for name, make in MAKERS.items()}


def random_network(n_genes=30, seed=0):
    random = np.random.default_rng(seed)
    upper = np.triu(random.random((n_genes, n_genes)) * (random.random((n_genes, n_genes)) < 0.2), 1)
    upper[0, 1:] = np.maximum(upper[0, 1:], 0.1)  # nobody is isolated
    return (upper + upper.T).astype(np.float32)


def isolated_genes(dataset):
    return np.diff(joined_graph(dataset).indptr) == 0


def unlabelled_genes(dataset):
    return np.flatnonzero(~dataset.labelled.any(axis=1))


class TestSpread:
    @pytest.mark.parametrize("alpha", [0.2, 0.9])
    @pytest.mark.parametrize("normalised", [degree_normalised, neighbour_average])
    def test_the_result_is_the_fixed_point_of_a_dense_solve(self, alpha, normalised):
        operator = normalised(csr_array(random_network()))
        start = np.random.default_rng(1).random((30, 4), dtype=np.float32)
        found, _ = spread(operator, start, alpha=alpha, **SETTINGS)
        expected = (1 - alpha) * np.linalg.solve(np.eye(30) - alpha * operator.toarray(), start)
        assert np.abs(expected - start).max() > 0.1  # something spreads
        np.testing.assert_allclose(found, expected, atol=1e-5)
        np.testing.assert_allclose(alpha * (operator @ found) + (1 - alpha) * start, found, atol=1e-6)

    def test_with_alpha_0_the_start_comes_back_to_the_bit(self):
        start = np.random.default_rng(1).random((30, 4), dtype=np.float32)
        found, n_iter = spread(degree_normalised(csr_array(random_network())), start, alpha=0.0, **SETTINGS)
        np.testing.assert_array_equal(found, start)
        assert n_iter == 1

    def test_the_start_stays_as_it_is(self):
        start = np.ones((30, 2), dtype=np.float32)
        spread(degree_normalised(csr_array(random_network())), start, alpha=0.9, held=np.arange(30) < 3, **SETTINGS)
        np.testing.assert_array_equal(start, 1.0)

    def test_a_gene_without_an_edge_ends_at_the_returned_share_and_a_held_one_at_its_start(self):
        network = random_network()
        network[5], network[:, 5], network[6], network[:, 6] = 0, 0, 0, 0
        start = np.random.default_rng(1).random((30, 4), dtype=np.float32)
        held = np.isin(np.arange(30), [6, 9])
        found, _ = spread(degree_normalised(csr_array(network)), start, alpha=0.75, held=held, **SETTINGS)
        np.testing.assert_allclose(found[5], 0.25 * start[5], rtol=1e-6)
        np.testing.assert_array_equal(found[held], start[held])

    def test_the_error_falls_by_alpha_or_more_in_each_iteration(self, caplog):
        start, alpha = np.random.default_rng(1).random((30, 1), dtype=np.float32), 0.8
        norms = {
            degree_normalised: np.linalg.norm,
            neighbour_average: lambda error: np.abs(error).max(),
        }
        for normalised, norm in norms.items():
            operator = normalised(csr_array(random_network()))
            end = (1 - alpha) * np.linalg.solve(np.eye(30) - alpha * operator.toarray(), start)
            steps = [
                spread(operator, start, alpha=alpha, tolerance=1e-9, max_iterations=n)[0] - end for n in range(1, 12)
            ]
            errors = [norm(start - end), *(norm(step) for step in steps)]
            assert all(after <= alpha * before + 1e-6 for before, after in itertools.pairwise(errors))
            assert errors[-1] > 1e-5  # so that the bound is not met by having ended

    def test_it_ends_at_the_tolerance_and_warns_where_it_does_not_get_there(self, caplog):
        operator = degree_normalised(csr_array(random_network()))
        start = np.eye(30, dtype=np.float32)
        with caplog.at_level(logging.WARNING):
            found, n_iter = spread(operator, start, alpha=0.9, tolerance=1e-3, max_iterations=1000)
            assert not caplog.records
            again, _ = spread(operator, found, alpha=0.0, tolerance=1e-3, max_iterations=1)
            before, _ = spread(operator, start, alpha=0.9, tolerance=1e-9, max_iterations=n_iter - 1)
            earlier, _ = spread(operator, start, alpha=0.9, tolerance=1e-9, max_iterations=n_iter - 2)
        np.testing.assert_array_equal(again, found)
        assert np.abs(found - before).max() < 1e-3 <= np.abs(before - earlier).max()
        assert f"stopped after {n_iter - 1} iterations" in caplog.text

    def test_the_average_over_neighbours_by_hand(self):
        network = csr_array(np.array([[0, 1, 3, 0], [1, 0, 0, 0], [3, 0, 0, 0], [0, 0, 0, 0]], dtype=np.float32))
        expected = [[0, 0.25, 0.75, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
        np.testing.assert_array_equal(neighbour_average(network).toarray(), expected)


class TestLabelSpreading:
    def test_three_genes_in_a_row_by_hand(self):
        """A (has it) -3- B -1- C (lacks it), alpha = 1/2; degrees 3, 4, 1, so S_AB = sqrt(3)/2 and S_BC = 1/2.

        has: A = sqrt(3)/4 B + 1/2, C = B/4, B = sqrt(3)/4 A + C/4, so 3/4 B = sqrt(3)/8 and B = sqrt(3)/6.
        lacks: A = sqrt(3)/4 B, C = B/4 + 1/2, so 3/4 B = 1/8 and B = 1/6. The score of B is sqrt(3) / (sqrt(3) + 1).
        """
        network = csr_array(np.array([[0, 3, 0], [3, 0, 1], [0, 1, 0]], dtype=np.float32))
        model = LabelSpreading(alpha=0.5, tolerance=1e-7)
        has, labelled = np.array([[1.0], [0.0], [0.0]], dtype=np.float32), np.array([[True], [False], [True]])
        shares, arrived = model._shares(degree_normalised(network), has, labelled, np.array([0]))
        assert shares[1, 0] == pytest.approx(np.sqrt(3) / (np.sqrt(3) + 1), abs=1e-5)
        assert arrived.all()

    @pytest.mark.parametrize("alpha", [0.2, 0.9])
    def test_it_equals_scikit_learn_term_by_term(self, alpha, dataset):
        """Given the affinity as a kernel on row numbers, scikit-learn's distribution over the classes is the oracle."""
        supervision = Supervision.of(dataset)
        model = LabelSpreading(alpha=alpha, tolerance=1e-7).fit(dataset)
        graph, scores = joined_graph(dataset), model._predict(dataset)
        having = supervision.targets.toarray()
        operator, aspects = degree_normalised(graph), supervision.aspect_of_term
        shares, arrived = model._shares(operator, having, supervision.labelled, aspects)
        compared = 0
        for column in np.flatnonzero((supervision.n_positive > 0) & (supervision.n_positive < supervision.n_labelled)):
            labelled = supervision.labelled[:, aspects[column]]
            labels = np.where(labelled, having[:, column], -1).astype(int)
            oracle = ScikitLabelSpreading(kernel=lambda rows, _: graph, alpha=alpha, tol=1e-7, max_iter=2000)
            expected = oracle.fit(np.arange(dataset.n_genes)[:, None], labels).label_distributions_
            reached = expected.any(axis=1)
            np.testing.assert_array_equal(arrived[:, column], reached)
            np.testing.assert_allclose(shares[reached, column], expected[reached, 1], atol=1e-4)
            rows = reached & ~labelled
            np.testing.assert_allclose(scores[rows, column], expected[rows, 1], atol=1e-4)
            compared += rows.sum()
        assert compared > 1000

    def test_with_a_tiny_alpha_labelled_genes_score_their_labels(self, dataset):
        scores = LabelSpreading(alpha=1e-4).fit(dataset)._predict(dataset)
        supervision = Supervision.of(dataset)
        known = supervision.labelled[:, supervision.aspect_of_term]
        np.testing.assert_allclose(scores[known], supervision.targets.toarray()[known], atol=1e-3)

    def test_where_no_label_arrives_the_score_is_the_term_frequency(self, dataset, fitted):
        rows = np.intersect1d(np.flatnonzero(isolated_genes(dataset)), unlabelled_genes(dataset))
        assert len(rows)
        expected = np.tile(Supervision.of(dataset).frequency, (len(rows), 1))
        np.testing.assert_array_equal(fitted["label_spreading"]._predict(dataset)[rows], expected)

    def test_similarity_joins_as_a_network_where_it_is_asked_for(self, dataset):
        bare = replace(dataset, networks={})
        rows = unlabelled_genes(dataset)
        alone, joined = (LabelSpreading(similarity=s).fit(bare).predict_proba(bare)[rows] for s in (False, True))
        assert np.ptp(alone, axis=0).max() == 0
        assert np.ptp(joined, axis=0).max() > 0.3


def on_reference(operator, values, reference_step):
    """Call a step of PyG's class with the entries of an operator as edge weights: messages go from column to row."""
    entries = operator.tocoo()
    edges = torch.from_numpy(np.stack([entries.coords[1], entries.coords[0]]).astype(np.int64))
    scores, truth, mask = (torch.from_numpy(value) for value in values)
    return reference_step(scores, truth[mask], mask, edges, torch.from_numpy(entries.data)).numpy()


class TestCorrectAndSmooth:
    @pytest.mark.parametrize("n_iterations", [3, 300])
    @pytest.mark.parametrize("autoscale", [False, True])
    def test_both_steps_equal_those_of_pyg(self, autoscale, n_iterations):
        random = np.random.default_rng(0)
        operator = neighbour_average(csr_array(random_network()))
        scores, truth = random.random((30, 6), dtype=np.float32), (random.random((30, 6)) < 0.4).astype(np.float32)
        labelled = random.random(30) < 0.5
        reference = ReferenceCorrectAndSmooth(n_iterations, 0.8, n_iterations, 0.6, autoscale=autoscale, scale=1.5)
        model = CorrectAndSmooth(
            correction=0.8,
            smoothing=0.6,
            autoscale=autoscale,
            scale=1.5,
            tolerance=1e-9,
            max_iterations=n_iterations,
        )
        values = (scores, truth, labelled)
        corrected = on_reference(operator, values, reference.correct)
        assert np.abs(corrected - scores)[~labelled].max() > 0.1
        np.testing.assert_allclose(model._correct(operator, *values), corrected, atol=1e-4)
        smoothed = on_reference(operator, values, reference.smooth)
        np.testing.assert_allclose(model._smooth(operator, *values), smoothed, atol=1e-4)

    def test_a_residual_two_steps_away_by_hand(self):
        """Genes in a row, the first with residual 0.6: E1 = (0.6 + E2) / 4, E2 = E1 / 2, so E1 = 6/35 and E2 = 3/35."""
        operator = neighbour_average(csr_array(np.diag([1.0, 1.0], 1) + np.diag([1.0, 1.0], -1), dtype=np.float32))
        scores, truth = np.full((3, 1), 0.4, dtype=np.float32), np.array([[1.0], [0.0], [0.0]], dtype=np.float32)
        model = CorrectAndSmooth(correction=0.5, autoscale=False, scale=2.0, tolerance=1e-7)
        found = model._correct(operator, scores, truth, np.array([True, False, False]))
        np.testing.assert_allclose(found[:, 0], [0.4 + 1.2, 0.4 + 12 / 35, 0.4 + 6 / 35], atol=1e-6)

    @pytest.mark.parametrize("autoscale", [False, True])
    def test_zero_strengths_equal_the_supervised_fit_of_the_predictor(self, autoscale, dataset):
        supervised = sequence_network().fit(dataset).predict_proba(dataset)
        model = CorrectAndSmooth(predictor=sequence_network(), correction=0, smoothing=0, autoscale=autoscale)
        rows = unlabelled_genes(dataset)
        np.testing.assert_array_equal(model.fit(dataset).predict_proba(dataset)[rows], supervised[rows])
        corrected = clone(model).set_params(correction=0.8).fit(dataset).predict_proba(dataset)
        smoothed = clone(model).set_params(smoothing=0.5).fit(dataset).predict_proba(dataset)
        for scores in (corrected, smoothed):
            assert np.abs(scores[rows] - supervised[rows]).max() > 0.1

    def test_without_a_predictor_it_owns_a_sequence_network_of_its_seed(self):
        assert repr(CorrectAndSmooth(device="cpu", seed=3)._make_predictor()) == "SequenceNetwork(device='cpu', seed=3)"

    def test_errors_are_those_of_a_predictor_that_has_not_seen_the_label(self, dataset, fitted):
        model = fitted["correct_and_smooth homology"]
        labelled = dataset.labelled.any(axis=1)
        fold = deal_folds(labelled, n_folds=4, seed=0)
        known = dataset.labelled[:, Supervision.of(dataset).aspect_of_term]
        first = model._first_scores(dataset, dataset.labelled)
        for number in range(4):
            scores = Homology().fit(dataset.without_labels(fold == number))._predict(dataset)
            of_fold = known & (fold == number)[:, None]
            np.testing.assert_allclose(first[of_fold], np.where(scores < 1e-4, 0, scores)[of_fold], atol=1e-6)
        np.testing.assert_array_equal(first[~known], Homology().fit(dataset)._predict(dataset)[~known])

    def test_a_labelled_gene_is_scored_as_if_its_own_label_were_unknown(self, dataset):
        """Without smoothing: out of fold, and 1 for what it is known to have."""
        model = CorrectAndSmooth(predictor=Homology(), smoothing=0.0).fit(dataset)
        rows = np.flatnonzero(dataset.labelled.all(axis=1))
        expected = np.maximum(model._first_scores(dataset, dataset.labelled), dataset.positive.toarray())[rows]
        np.testing.assert_array_equal(model._predict(dataset)[rows], expected)
        assert 0 < expected[~dataset.positive.toarray()[rows]].mean() < 0.5

    def test_a_gene_without_an_edge_keeps_the_score_of_its_predictor(self, dataset, fitted):
        rows = np.intersect1d(np.flatnonzero(isolated_genes(dataset)), unlabelled_genes(dataset))
        assert len(rows)
        supervised = sequence_network().fit(dataset)._predict(dataset)
        np.testing.assert_allclose(fitted["correct_and_smooth"]._predict(dataset)[rows], supervised[rows], rtol=1e-6)

    def test_more_folds_than_labelled_genes_allow_are_refused(self, dataset):
        few = dataset.without_labels(np.arange(dataset.n_genes) > 15)
        with pytest.raises(InputError, match="labelled genes for 6 folds, expected at least two in each"):
            CorrectAndSmooth(predictor=Homology(), n_folds=6).fit(few)

    def test_a_loaded_one_knows_whether_its_predictor_was_given(self, fitted, dataset, tmp_path):
        fitted["correct_and_smooth"].save(tmp_path / "given")
        assert repr(GenePredictor.load(tmp_path / "given").predictor) == repr(sequence_network())
        own = CorrectAndSmooth(predictor=TermFrequency()).fit(dataset)
        own.predictor = None
        own.save(tmp_path / "own")
        assert GenePredictor.load(tmp_path / "own").predictor is None


class TestFunctionDiffusion:
    def test_overlap_of_three_genes_by_hand(self):
        """W_01 = 1, W_02 = W_12 = 0.5, degrees 1.5, 1.5 and 1.

        J_01 = 0.25 / (1.5 + 1.5 - 0.25) = 1/11, J_02 = J_12 = 0.5 / (1.5 + 1 - 0.5) = 1/4; J W: 1/11 and 1/8, d_0 = d_1
        = 19/88 and d_2 = 1/4. W'_01 = (88/19) / 11 = 8/19, W'_02 = (88/19 + 4) / 2 / 8 = 164/19/16 = 41/76.
        """
        network = csr_array(np.array([[0, 1, 0.5], [1, 0, 0.5], [0.5, 0.5, 0]]))
        expected = np.array([[0, 8 / 19, 41 / 76], [8 / 19, 0, 41 / 76], [41 / 76, 41 / 76, 0]])
        np.testing.assert_allclose(overlap_weights(network).toarray(), expected, atol=1e-12)

    @pytest.mark.parametrize("diffusion", [0.1, 1.0, 30.0])
    def test_diffusion_equals_the_dense_inverse(self, diffusion):
        weights = overlap_weights(csr_array(random_network()))
        seeds = np.random.default_rng(1).random((30, 300), dtype=np.float32)
        dense = weights.toarray()
        laplacian = np.diag(dense.sum(axis=1)) - dense
        expected = np.linalg.inv(np.eye(30) + diffusion * laplacian) @ seeds
        assert np.abs(expected - seeds).max() > 0.03  # something spreads
        np.testing.assert_allclose(diffuse(weights, seeds, diffusion), expected, atol=1e-5)

    def test_a_gene_without_an_edge_keeps_its_seeds(self):
        weights = overlap_weights(csr_array((3, 3), dtype=np.float32))
        seeds = np.array([[1.0], [0.0], [0.5]], dtype=np.float32)
        np.testing.assert_array_equal(diffuse(weights, seeds, 1.0), seeds)

    def test_coefficients_equal_least_squares_over_the_listed_pairs(self):
        """Where none of these is negative; numpy's lstsq on a row for each ordered pair is the oracle."""
        labels = np.random.default_rng(2).random((30, 8)) < 0.4
        labels[:, 0] = True
        shared = labels.astype(float) @ labels.T
        likeness = shared / (labels.sum(1)[:, None] + labels.sum(1)[None, :] - shared)
        pairs = ~np.eye(30, dtype=bool)
        graphs = [random_network(seed=3) * likeness, random_network(seed=4) * likeness**2]
        design = np.stack([*(graph[pairs] for graph in graphs), np.ones(pairs.sum())], axis=1)
        expected = np.linalg.lstsq(design, likeness[pairs])[0]
        assert (expected > 0.05).all()
        found = label_coefficients([csr_array(graph) for graph in graphs], csr_array(labels.astype(np.float32)))
        np.testing.assert_allclose(found, expected[:2], rtol=1e-5)

    def test_a_network_that_joins_unlike_genes_gets_no_weight(self):
        labels = np.repeat(np.eye(2, dtype=np.float32), 10, axis=0)
        alike = (labels @ labels.T) - np.eye(20, dtype=np.float32)
        unlike = 1 - (labels @ labels.T)
        found = label_coefficients([csr_array(alike), csr_array(unlike)], csr_array(labels))
        assert found[0] > 0.9 and found[1] == 0

    def test_domain_shares_by_hand(self, dataset):
        """The best of a gene's domains counts, its carriers being those labelled in the aspect, plus one."""
        supervision = Supervision.of(dataset)
        domains = csr_array((dataset.sequence_features[:, 12:] > 0).astype(np.float32))
        column = dataset.ontology.index["GO:P4"]
        aspect = dataset.aspects.index("BPO")
        gene = int(np.flatnonzero(np.diff(domains.indptr) == 2)[0])
        shares = []
        for domain in domains[[gene]].indices:
            carriers = np.flatnonzero(domains[:, [domain]].toarray().ravel() * dataset.labelled[:, aspect])
            shares.append(dataset.positive[carriers][:, [column]].sum() / (len(carriers) + 1))
        assert len(shares) == 2 and max(shares) > 0
        found = domain_shares(domains, supervision.targets, supervision.labelled, supervision.aspect_of_term)
        assert found[gene, column] == pytest.approx(max(shares))

    def test_the_whole_recipe_equals_dense_numpy(self, dataset):
        """Seeds, overlap-aware weights and diffusion worked out with dense matrices from the definitions."""
        bits = np.triu(dataset.homology.toarray()) + 0.5 * np.tril(dataset.homology.toarray())  # not symmetric
        dataset = replace(dataset, homology=csr_array(bits))
        model = FunctionDiffusion(diffusion=0.7, domain_weight=0.6).fit(dataset)
        known, labelled = dataset.positive.toarray().astype(float), dataset.labelled
        aspects = Supervision.of(dataset).aspect_of_term
        graphs = [dataset.networks["a"].toarray(), dataset.networks["b"].toarray(), (bits + bits.T) / 2]
        network = sum(c * graph / graph.max() for c, graph in zip(model.fitted_.coefficients, graphs))
        network /= network.max()
        shared, degree = network @ network, network.sum(axis=1)
        union = degree[:, None] + degree[None, :] - shared
        joint = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0) * network
        inverse = np.array([1 / d if d else 0 for d in joint.sum(axis=1)])
        weights = (inverse[:, None] + inverse[None, :]) / 2 * joint
        carried = dataset.sequence_features[:, 12:] > 0
        of_domain = (carried.T @ known) / ((carried.T.astype(float) @ labelled)[:, aspects] + 1)
        domains = np.max(np.where(carried[:, :, None], of_domain[None], 0), axis=1)
        total = (bits @ labelled)[:, aspects]
        homology = np.divide(bits @ known, total, out=np.zeros_like(total), where=total > 0)
        seeds = 0.6 * np.maximum(domains, known) + 0.4 * np.maximum(homology, known)
        laplacian = np.diag(weights.sum(axis=1)) - weights
        spread_out = np.linalg.solve(np.eye(dataset.n_genes) + 0.7 * laplacian, seeds)
        assert np.abs(spread_out - seeds).max() > 0.2
        np.testing.assert_allclose(model._predict(dataset), np.maximum(spread_out, known), atol=1e-5)

    def test_hardly_any_diffusion_leaves_the_seeds(self, dataset):
        model = FunctionDiffusion(diffusion=1e-6, domain_weight=0.0).fit(dataset)
        expected = np.maximum(Homology().fit(dataset)._predict(dataset), dataset.positive.toarray())
        np.testing.assert_allclose(model._predict(dataset), expected, atol=1e-4)

    def test_other_networks_than_those_fitted_are_refused(self, dataset, fitted):
        fewer = replace(dataset, networks={"a": dataset.networks["a"]})
        with pytest.raises(InputError, match="networks: found 1 networks, without b, expected the 2 networks that the"):
            fitted["function_diffusion"].predict_proba(fewer)


def with_random_genes(dataset, n_random, seed):
    """Add unlabelled genes of random features, with edges and homologs drawn among all genes at the old density."""
    random = np.random.default_rng(seed)
    n_old = dataset.n_genes

    def extended(graph):
        density = graph.nnz / n_old**2
        new = np.triu(random.random((n_random, n_random)) < density, 1) * random.choice(graph.data, (n_random,) * 2)
        across = (random.random((n_old, n_random)) < density) * random.choice(graph.data, (n_old, n_random))
        across[isolated_genes(dataset)] = 0
        return csr_array(block_array([[graph, across], [across.T, new + new.T]]), dtype=np.float32)

    def padded(matrix):
        return csr_array(
            (matrix.data, matrix.indices, np.pad(matrix.indptr, (0, n_random), "edge")),
            shape=(n_old + n_random, matrix.shape[1]),
        )

    noise = random.permuted(
        np.resize(dataset.sequence_features, (n_random, dataset.sequence_features.shape[1])), axis=0
    )
    return replace(
        dataset,
        genes=np.concatenate([dataset.genes, [f"R{number:04d}" for number in range(n_random)]]),
        sequence_features=np.concatenate([dataset.sequence_features, noise]),
        homology=extended(dataset.homology),
        networks={name: extended(network) for name, network in dataset.networks.items()},
        split=np.pad(dataset.split, (0, n_random)),
        sequences=(),
        **{name: padded(getattr(dataset, name)) for name in ("positive", "negative", "electronic")},
    )


@every_strategy
class TestEveryGraphBasedStrategy:
    def test_labels_and_electronic_annotations_of_the_dataset_to_predict_do_not_matter(self, name, fitted, dataset):
        bare = dataset.without_labels(np.ones(dataset.n_genes, dtype=bool))
        bare = replace(bare, electronic=csr_array(bare.electronic.shape, dtype=bool))
        np.testing.assert_array_equal(fitted[name].predict_proba(bare), fitted[name].predict_proba(dataset))

    def test_known_terms_score_1(self, name, fitted, dataset):
        scores = fitted[name].predict_proba(dataset)
        assert (scores[dataset.positive.toarray()] == 1).all()
        assert (scores[unlabelled_genes(dataset)] == 1).mean() < 0.3  # so that the line above says something

    def test_unlabelled_genes_take_part(self, name, fitted, dataset):
        """Fitted among fewer unlabelled genes it scores the others differently, and they may not go missing after."""
        rows = unlabelled_genes(dataset)
        kept = np.setdiff1d(np.arange(dataset.n_genes), rows[::2])
        fewer = dataset.take(kept)
        among_fewer = MAKERS[name]().fit(fewer).predict_proba(fewer)[np.isin(kept, rows)]
        assert np.abs(among_fewer - fitted[name].predict_proba(dataset)[rows[1::2]]).max() > 0.05
        with pytest.raises(InputError, match=f"is transductive: .* found a dataset without {len(rows[::2])} of these"):
            fitted[name].predict_proba(fewer)

    def test_a_gene_that_was_not_fitted_is_scored_by_its_neighbours(self, name, dataset):
        new = np.setdiff1d(unlabelled_genes(dataset), np.flatnonzero(isolated_genes(dataset)))[:30]
        fitted = MAKERS[name]().fit(dataset.take(np.setdiff1d(np.arange(dataset.n_genes), new)))
        scores = fitted.predict_proba(dataset)[new]
        cut_off = {name: csr_array(network.shape, dtype=np.float32) for name, network in dataset.networks.items()}
        alone = fitted.predict_proba(replace(dataset, networks=cut_off))[new]
        assert np.abs(scores - alone).mean() > 0.02

    def test_it_learns_from_labels_and_nothing_from_permuted_ones(self, name):
        dataset, truth = make_dataset(n_genes=480, domains=True)
        unlabelled = unlabelled_genes(dataset)

        def precision(predictor, labels):
            scores = predictor.fit(labels).predict_proba(dataset)
            return precision_of_the_first_leaf_chosen(scores, truth, dataset.ontology, unlabelled)

        naive = precision(TermFrequency(), dataset)
        assert precision(MAKERS[name](), dataset) > naive + 0.15
        labelled = np.flatnonzero(np.diff(dataset.positive.indptr))
        controls = []
        for seed in range(4):
            rows = np.arange(dataset.n_genes)
            rows[labelled] = np.random.default_rng(seed).permutation(labelled)
            controls.append(precision(MAKERS[name](), replace(dataset, positive=csr_array(dataset.positive[rows]))))
        assert np.mean(controls) < naive + 0.03

    def test_as_many_random_genes_as_unlabelled_ones_do_no_harm_beyond_0_06(self, name):
        """Mean over three organisms of the share of right leaves, lost to noise that doubles the unlabelled pool."""
        losses = []
        for seed in range(3):
            dataset, truth = make_dataset(seed=seed, domains=True)
            rows = unlabelled_genes(dataset)
            noisy = with_random_genes(dataset, len(rows), seed)
            clean, disturbed = (MAKERS[name]().fit(d).predict_proba(d)[: dataset.n_genes] for d in (dataset, noisy))
            assert not np.array_equal(clean[rows], disturbed[rows])
            right = [precision_of_the_first_leaf_chosen(s, truth, dataset.ontology, rows) for s in (clean, disturbed)]
            losses.append(right[0] - right[1])
        assert np.mean(losses) < 0.06


@pytest.mark.parametrize(
    ("predictor", "sentence"),
    [
        (LabelSpreading(alpha=0), r"alpha: found 0, expected a number in \(0"),
        (LabelSpreading(alpha=1.0), "alpha: found 1.0, with which spreading need not end"),
        (LabelSpreading(similarity="yes"), "similarity: found 'yes', expected true or false"),
        (LabelSpreading(tolerance=0), r"tolerance: found 0, expected a number in \(0"),
        (LabelSpreading(max_iterations=0), "max_iterations: found 0, expected a whole number of at least 1"),
        (CorrectAndSmooth(correction=-0.1), "correction: found -0.1, expected a number in"),
        (CorrectAndSmooth(smoothing=1), "smoothing: found 1, with which spreading need not end"),
        (CorrectAndSmooth(autoscale=1), "autoscale: found 1, expected true or false"),
        (CorrectAndSmooth(scale=-1), "scale: found -1, expected a number in"),
        (CorrectAndSmooth(n_folds=1), "n_folds: found 1, expected a whole number of at least 2"),
        (
            CorrectAndSmooth(predictor="homology"),
            "predictor: found 'homology', expected a predictor of genessl or None",
        ),
        (CorrectAndSmooth(predictor=SequenceNetwork(hidden=0)), "hidden: found 0, expected a whole number"),
        (CorrectAndSmooth(device="tpu"), "device: found 'tpu', expected 'auto', 'cpu' or 'cuda'"),
        (FunctionDiffusion(diffusion=0), r"diffusion: found 0, expected a number in \(0"),
        (FunctionDiffusion(domain_weight=1.5), "domain_weight: found 1.5, expected a number in"),
    ],
)
def test_a_parameter_out_of_range_is_refused_in_one_sentence(predictor, sentence, dataset):
    with pytest.raises(InputError, match=sentence):
        predictor.fit(dataset)

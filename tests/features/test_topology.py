"""The diffusion embedding against dense algebra, and on networks too small for it."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.features.topology import diffusion_embedding


def network(n_genes, *edges):
    matrix = np.zeros((n_genes, n_genes), dtype=np.float32)
    for a, b, weight in edges:
        matrix[a, b] = matrix[b, a] = weight
    return csr_array(matrix)


def random_network(n_genes=40, seed=0, isolated=3):
    random = np.random.default_rng(seed)
    upper = np.triu((random.random((n_genes, n_genes)) < 0.2) * random.random((n_genes, n_genes)), 1)
    upper[:isolated], upper[:, :isolated] = 0, 0
    return csr_array((upper + upper.T).astype(np.float32))


def test_columns_are_the_leading_eigenvectors_by_dense_algebra():
    graph, rank = random_network(), 6
    found = diffusion_embedding(graph, n_components=rank)
    dense = graph.toarray().astype(float)[3:, 3:]
    degree = dense.sum(axis=1)
    scale = 1 / np.sqrt(degree + degree.mean())
    values, vectors = np.linalg.eigh(scale[:, None] * dense * scale)
    expected = vectors[:, np.argsort(-values)[:rank]] * np.sqrt(len(dense))
    for column in range(rank):
        sign = np.sign(found[3:, column] @ expected[:, column])
        np.testing.assert_allclose(found[3:, column], sign * expected[:, column], atol=0.02)


def test_columns_have_unit_mean_square_over_genes_with_an_edge_and_a_fixed_sign():
    found = diffusion_embedding(random_network(), n_components=6)
    assert not found[:3].any()
    np.testing.assert_allclose((found[3:] ** 2).mean(axis=0), 1, rtol=1e-5)
    assert (found[np.abs(found).argmax(axis=0), np.arange(6)] > 0).all()


def test_two_modules_part_at_the_second_column():
    random = np.random.default_rng(0)
    module = np.arange(40) >= 20
    chance = np.where(module[:, None] == module, 0.6, 0.05)
    upper = np.triu(random.random((40, 40)) < chance, 1)
    found = diffusion_embedding(csr_array((upper + upper.T).astype(np.float32)), n_components=2)
    assert ((found[:, 1] > 0) == module).all() or ((found[:, 1] < 0) == module).all()


@pytest.mark.parametrize("edges", [(), ((0, 1, 1.0),), ((0, 1, 1.0), (1, 2, 0.5)), ((0, 1, 1.0), (2, 3, 1.0))], ids=len)
def test_tiny_networks_give_finite_columns_of_the_full_width(edges):
    found = diffusion_embedding(network(6, *edges), n_components=5)
    assert found.shape == (6, 5)
    assert np.isfinite(found).all()
    connected = sorted({gene for a, b, _ in edges for gene in (a, b)})
    assert not np.delete(found, connected, axis=0).any()
    n_filled = max(0, len(connected) - 2)
    assert not found[:, n_filled:].any()
    assert found[:, :n_filled].any(axis=0).all()


def test_a_path_of_three_genes_by_hand():
    # degrees 1, 2, 1, mean 4/3; S = D^-1/2 A D^-1/2 with 7/3, 10/3, 7/3; its leading eigenvector is (1, sqrt 2, 1),
    # of mean square 4/3.
    found = diffusion_embedding(network(4, (0, 1, 1.0), (1, 2, 1.0)), n_components=3)
    expected = np.array([1, np.sqrt(2), 1, 0]) / np.sqrt(4 / 3)
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-4)


def test_the_same_network_gives_the_same_bytes():
    first, second = (diffusion_embedding(random_network(), n_components=8, seed=3) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_where_genes_are_twins_it_is_still_the_same_and_eigenvalues_of_0_leave_columns_empty():
    """40 genes and a twin of each have at most 40 eigenvalues other than 0; a star of 60 genes has two, 1 above 0."""
    graph = random_network(isolated=0).toarray()
    twins = csr_array(np.kron(np.ones((2, 2), dtype=np.float32), graph))
    star = network(60, *((0, other, 1.0) for other in range(1, 60)))
    for given, n_positive in ((twins, (np.linalg.eigvalsh(normalised(graph)) > 1e-3).sum()), (star, 1)):
        first, second = (diffusion_embedding(given, n_components=50, seed=3) for _ in range(2))
        assert first.tobytes() == second.tobytes()
        filled = first.any(axis=0)
        assert filled[:n_positive].all()
        walk = normalised(given.toarray())
        values = (first * (walk @ first)).mean(axis=0)  # columns have mean square 1
        np.testing.assert_allclose(walk @ first, first * values, atol=2e-3)
        assert (np.abs(values[filled]) > 1e-4).all()
    assert not first[:, 1:-1].any()  # of the star
    found = diffusion_embedding(twins, n_components=n_positive)
    np.testing.assert_allclose(found[:40], found[40:], atol=2e-3)


def normalised(adjacency):
    degree = adjacency.sum(axis=1).astype(float)
    scale = 1 / np.sqrt(degree + degree.mean())
    return scale[:, None] * adjacency * scale


def test_a_muted_gene_changes_no_others_vector_and_gets_that_of_a_twin_with_its_neighbours():
    """A twin of gene 9 that only receives has the same neighbours, and so solves the same equation."""
    graph = random_network()
    twin = csr_array((csr_array(graph[[9]]).toarray()[0], ([40] * 40, np.arange(40))), shape=(41, 41))
    twin.eliminate_zeros()
    sending = graph.copy()
    sending.resize(41, 41)
    joined_network = csr_array(sending + twin)
    alone, joined = (diffusion_embedding(g, n_components=4) for g in (graph, joined_network))
    np.testing.assert_allclose(joined[:40], alone, atol=1e-6)
    np.testing.assert_allclose(joined[40], alone[9], atol=2e-3)
    alone, joined = (diffusion_embedding(g, n_components=30) for g in (graph, joined_network))
    told = joined[40] != 0  # but for the equations that say nothing; negative eigenvalues are among the others
    assert told.mean() > 0.5
    np.testing.assert_allclose(joined[40, told], alone[9, told], atol=0.02)

"""GeneDataset: checked at birth, saved without loss, and hiding what it says it hides."""

from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.gene_names import GeneNames
from genessl.data.ontology import ontology_from_edges
from genessl.errors import InputError
from genessl.evaluation.comparison import lift
from tests.conftest import make_dataset, small_ontology

MATRICES = ("homology", "positive", "negative", "electronic")
HIDDEN, N_FOLDS = 1, 5


def tiny(**changes):
    """Three genes; b and its child d of the root's child a, and c beside it. Gene 0 has d, gene 1 has b, lacks d."""
    terms = {f"GO:{name}": (name, "biological_process") for name in "abcd"}
    ontology = ontology_from_edges(terms, [("GO:b", "GO:a"), ("GO:c", "GO:a"), ("GO:d", "GO:b")])
    parts = {
        "genes": np.array(["g0", "g1", "g2"]),
        "sequence_features": np.arange(6, dtype=np.float32).reshape(3, 2),
        "feature_names": ("length", "charge"),
        "homology": sparse([[0, 50, 0], [49, 0, 0], [0, 0, 0]]),
        "networks": {"n": sparse([[0, 0.5, 0], [0.5, 0, 1], [0, 1, 0]])},
        "ontology": ontology,
        "positive": labels([[1, 1, 0, 1], [1, 1, 0, 0], [0, 0, 0, 0]]),
        "negative": labels([[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]),
        "electronic": labels([[0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 1, 0]]),
        "split": np.array([0, 1, 0], dtype=np.uint8),
    }
    return GeneDataset(**{**parts, **changes})


def sparse(rows):
    return csr_array(np.array(rows, dtype=np.float32))


def labels(rows):
    return csr_array(np.array(rows, dtype=bool))


def folded(**changes):
    dataset = make_dataset(scheme="cross_validation", n_folds=N_FOLDS)[0]
    absent = csr_array(dataset.electronic.toarray() & ~dataset.positive.toarray())
    sometimes = np.random.default_rng(1).random(dataset.n_genes) < 0.7
    return replace(dataset, negative=csr_array(absent.toarray() & sometimes[:, None]), **changes)


def same(first, second):
    assert first.genes.tolist() == second.genes.tolist()
    assert first.feature_names == second.feature_names
    assert first.sequence_features.dtype == second.sequence_features.dtype == np.float32
    np.testing.assert_array_equal(first.sequence_features, second.sequence_features)
    pairs = [(getattr(first, name), getattr(second, name)) for name in MATRICES]
    assert list(first.networks) == list(second.networks)
    pairs += [(first.networks[name], second.networks[name]) for name in first.networks]
    pairs += [(first.ontology.parents, second.ontology.parents)]
    for a, b in pairs:
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a.toarray(), b.toarray())
    for name in ("terms", "names", "release"):
        assert getattr(first.ontology, name) == getattr(second.ontology, name)
    assert first.ontology.aspects.tolist() == second.ontology.aspects.tolist()
    assert first.split.tolist() == second.split.tolist()
    np.testing.assert_array_equal(first.substituted, second.substituted)
    assert first.sequences == second.sequences
    assert first.names == second.names
    np.testing.assert_array_equal(first.templates, second.templates)
    for name in ("scheme", "n_folds", "label_fraction", "seed", "taxon", "annotation_date"):
        assert getattr(first, name) == getattr(second, name)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_saved_equals_loaded_and_the_same_dataset_gives_the_same_bytes(tmp_path):
    for number, dataset in enumerate((tiny(), folded(label_fraction=0.3, seed=7))):
        first, second = tmp_path / f"first{number}", tmp_path / f"second{number}"
        dataset.save(first)
        loaded = GeneDataset.load(first)
        same(loaded, dataset)
        loaded.save(second)
        assert contents(first) == contents(second)


def test_no_field_is_forgotten_in_saving(tmp_path):
    scheme = {"scheme": "cross_validation", "n_folds": 4, "label_fraction": 0.5, "seed": 3}
    changed = {**scheme, "taxon": "9", "annotation_date": 20200101}
    tiny(**changed).save(tmp_path / "saved")
    loaded, default = GeneDataset.load(tmp_path / "saved"), tiny()
    scalars = [field.name for field in fields(GeneDataset) if field.name in changed]
    assert all(getattr(loaded, name) == changed[name] != getattr(default, name) for name in scalars)
    assert len(fields(GeneDataset)) == len(scalars) + 17  # 16 that `same` compares, and embeddings, which are not saved


def test_a_dataset_without_networks_features_or_negatives_survives_saving(tmp_path):
    bare = tiny(networks={}, sequence_features=np.zeros((3, 0), dtype=np.float32), feature_names=())
    bare.save(tmp_path / "bare")
    same(GeneDataset.load(tmp_path / "bare"), bare)


def test_sequences_survive_saving_and_a_dataset_without_them_has_no_file_of_them(tmp_path):
    for name, kept in (("with", ("MA", "MXB", "M")), ("without", ())):
        dataset = tiny(sequences=kept)
        dataset.save(tmp_path / name)
        same(GeneDataset.load(tmp_path / name), dataset)
        assert (tmp_path / name / "sequences.txt").exists() == bool(kept)


def test_names_survive_saving_and_reordering_whatever_their_letters(tmp_path):
    names = GeneNames(("a\u2028b", "", "\u03b2"), ("P00561", "", ""), ("a\tkinase\r\n", "#x", "'\"y"))
    dataset = tiny(names=names)
    dataset.save(tmp_path / "dataset")
    loaded = GeneDataset.load(tmp_path / "dataset")
    same(loaded, dataset)
    assert loaded.names.descriptions == ("a kinase  ", "#x", "'\"y")
    assert loaded.take([2, 0]).names == GeneNames(("\u03b2", "a\u2028b"), ("", "P00561"), ("'\"y", "a kinase  "))
    tiny().save(tmp_path / "bare")
    assert GeneDataset.load(tmp_path / "bare").names is None
    assert not (tmp_path / "bare" / "names.tsv").exists()


def test_names_of_another_number_of_genes_are_refused(tmp_path):
    with pytest.raises(InputError, match="names: found those of 2 genes, expected 3"):
        tiny(names=GeneNames.none(2))
    with pytest.raises(InputError, match=r"names: found tuples of the lengths \[1, 2\]"):
        GeneNames(("a",), ("", ""), ("",))
    tiny(names=GeneNames.none(3)).save(tmp_path / "dataset")
    (tmp_path / "dataset" / "names.tsv").write_text("a\tb\n")
    with pytest.raises(InputError, match="the saved dataset is damaged"):
        GeneDataset.load(tmp_path / "dataset")


def test_places_of_synthetic_genes_survive_saving_and_reordering(tmp_path):
    dataset = tiny(templates=np.array(["", "", "g0"]))
    dataset.save(tmp_path / "dataset")
    again = GeneDataset.load(tmp_path / "dataset")
    assert again.templates.tolist() == ["", "", "g0"]
    assert again.synthetic.tolist() == [False, False, True]
    assert dataset.take(np.array([2, 0])).synthetic.tolist() == [True, False]
    assert not tiny().synthetic.any()


def copies(n_copies=2, n_columns=1):
    return np.arange(n_copies * 3 * n_columns, dtype=np.float32).reshape(n_copies, 3, n_columns)


def test_copies_with_substitutions_survive_saving_and_one_without_has_no_file_of_them(tmp_path):
    copied = tiny(substituted=copies())
    for name, dataset in (("copied", copied), ("plain", tiny()), ("again", copied)):
        dataset.save(tmp_path / name)
        same(GeneDataset.load(tmp_path / name), dataset)
    saved = contents(tmp_path / "copied")
    assert saved == contents(tmp_path / "again")
    plain = contents(tmp_path / "plain")
    assert b"substituted" not in plain.pop("dataset.json")  # as in a dataset of an earlier version
    assert saved.pop("substituted.npy") and saved.pop("dataset.json")
    assert saved == plain


@pytest.mark.parametrize("damage", ["positive.npz", "split.npy", "dataset.json", "networks/0.npz", "substituted.npy"])
def test_a_damaged_dataset_is_named(tmp_path, damage):
    tiny(substituted=copies()).save(tmp_path / "saved")
    path = tmp_path / "saved" / damage
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputError, match=r"saved: the saved dataset is damaged \(.*\); build the dataset again"):
        GeneDataset.load(tmp_path / "saved")
    path.unlink()
    with pytest.raises(InputError, match="build the dataset"):
        GeneDataset.load(tmp_path / "saved")


def test_a_folder_without_a_dataset_is_named(tmp_path):
    with pytest.raises(InputError, match=r"expected a saved dataset, found no dataset\.json; build the dataset first"):
        GeneDataset.load(tmp_path)


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"genes": np.array(["g0", "g0", "g2"])}, "genes: found 1 repeated, expected unique identifiers"),
        ({"feature_names": ("length",)}, r"sequence_features: found shape \(3, 2\), expected \(3, 1\)"),
        ({"sequence_features": np.zeros((2, 2), dtype=np.float32)}, r"sequence_features: found shape \(2, 2\)"),
        ({"sequence_features": np.zeros((3, 2))}, "sequence_features: found float64, expected float32"),
        (
            {"sequence_features": np.full((3, 2), np.nan, dtype=np.float32)},
            "sequence_features: found a number that is not finite, expected finite",
        ),
        ({"homology": sparse([[0, 1], [1, 0]])}, r"homology: found shape \(2, 2\), expected \(3, 3\)"),
        ({"homology": sparse([[0, -1, 0], [0] * 3, [0] * 3])}, "homology: found a bit score that is negative"),
        ({"homology": sparse([[9, 0, 0], [0] * 3, [0] * 3])}, "homology: found a gene as its own homolog, expected"),
        ({"positive": labels([[1, 1]])}, r"positive: found shape \(1, 2\), expected \(3, 4\)"),
        ({"negative": csr_array((3, 4), dtype=np.int8)}, "negative: found int8, expected bool"),
        ({"electronic": csr_array((3, 4), dtype=np.float32)}, "electronic: found float32, expected bool"),
        (
            {"substituted": copies()[:, :2]},
            r"substituted: found shape \(2, 2, 1\), expected \(n_copies, 3, n_composition\) with at least one copy and",
        ),
        ({"substituted": copies(n_columns=3)}, r"substituted: found shape \(2, 3, 3\), .* from 1 to 2 columns"),
        ({"substituted": copies(n_columns=0)}, r"substituted: found shape \(2, 3, 0\), expected"),
        ({"substituted": copies(n_copies=0)}, r"substituted: found shape \(0, 3, 1\), expected"),
        ({"substituted": copies()[0]}, r"substituted: found shape \(3, 1\), expected"),
        ({"substituted": copies().astype(float)}, "substituted: found float64, expected float32"),
        (
            {"templates": np.array(["", "g0"])},
            r"templates: found shape \(2,\), expected \(3,\)",
        ),
        ({"sequences": ("M", "MA")}, "sequences: found 2, expected 3, none of them empty, or none"),
        ({"sequences": ("M", "", "MA")}, "sequences: found 3, expected 3, none of them empty"),
        ({"substituted": copies() + np.float32("nan")}, "substituted: found a number that is not finite, expected"),
        ({"split": np.zeros(2, dtype=np.uint8)}, r"split: found shape \(2,\), expected \(3,\)"),
        ({"split": np.zeros(3, dtype=np.int64)}, "split: found int64, expected uint8"),
        ({"split": np.array([0, 2, 0], dtype=np.uint8)}, "split: found 2, expected numbers from 0 to 1"),
        (
            {"split": np.array([0, 3, 0], dtype=np.uint8), "scheme": "cross_validation", "n_folds": 3},
            "split: found 3, expected numbers from 0 to 2",
        ),
        ({"scheme": "tempral"}, "scheme: found 'tempral', expected one of temporal, cross_validation, none"),
        ({"scheme": "cross_validation", "n_folds": 2}, "folds: found 2, expected from 3 to 255, because one fold"),
        ({"n_folds": 5}, "n_folds: found 5 under the scheme none, expected 0"),
        ({"label_fraction": 0.5}, "label_fraction: found 0.5 under the scheme none, expected 1, because"),
        ({"scheme": "temporal", "label_fraction": 0.5}, "found 0.5 under the scheme temporal"),
        ({"label_fraction": 0.0}, "label_fraction: found 0.0, expected a number above 0 and at most 1"),
        ({"networks": {"n": sparse([[0]])}}, r"networks\['n'\]: found shape \(1, 1\), expected \(3, 3\)"),
        (
            {"networks": {"n": sparse([[0, 2, 0], [2, 0, 0], [0] * 3])}},
            r"networks\['n'\]: found a weight outside \[0, 1\], expected weights from 0 to 1",
        ),
        ({"networks": {"n": sparse([[0, np.nan, 0], [np.nan, 0, 0], [0] * 3])}}, "found a weight outside"),
        (
            {"networks": {"n": sparse([[1, 0, 0], [0] * 3, [0] * 3])}},
            "found an edge of a gene with itself, expected none",
        ),
        (
            {"networks": {"n": sparse([[0, 1, 0], [0] * 3, [0] * 3])}},
            "found an edge in one direction only, expected a symmetric network",
        ),
        (
            {"negative": labels([[0, 0, 0, 1], [0] * 4, [0] * 4])},
            "negative: found a term that the gene also has in positive, expected none",
        ),
    ],
)
def test_each_mistake_names_field_found_and_expected(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        tiny(**changes)


def test_take_reorders_everything():
    taken = tiny().take(np.array([2, 0]))
    assert taken.genes.tolist() == ["g2", "g0"]
    assert taken.sequence_features.tolist() == [[4, 5], [0, 1]]
    assert taken.homology.toarray().tolist() == [[0, 0], [0, 0]]
    assert taken.positive.toarray().astype(int).tolist() == [[0, 0, 0, 0], [1, 1, 0, 1]]
    assert taken.electronic.toarray().astype(int).tolist() == [[1, 0, 1, 0], [0, 0, 0, 0]]
    turned = tiny().take(np.array([1, 2, 0]))
    assert turned.homology.toarray().tolist() == [[0, 0, 49], [0, 0, 0], [50, 0, 0]]
    assert turned.networks["n"].toarray().tolist() == [[0, 1, 0.5], [1, 0, 0], [0.5, 0, 0]]
    assert turned.negative.toarray().astype(int).tolist() == [[0, 0, 0, 1], [0] * 4, [0] * 4]
    assert turned.split.tolist() == [1, 0, 0]
    assert tiny().take([2, 0]).genes.tolist() == ["g2", "g0"]
    assert tiny(sequences=("MA", "MB", "MC")).take(np.array([2, 0])).sequences == ("MC", "MA")
    assert tiny(substituted=copies()).take(np.array([2, 0])).substituted[:, :, 0].tolist() == [[2, 0], [5, 3]]


def test_taking_back_and_forth_changes_nothing():
    copied = np.random.default_rng(2).random((2, 240, 5)).astype(np.float32)
    dataset = folded(substituted=copied)
    order = np.random.default_rng(0).permutation(dataset.n_genes)
    same(dataset.take(order).take(np.argsort(order)), dataset)


# ---------------------------------------------------------------------------------------------------- hide


def test_hide_takes_a_folds_labels_in_all_aspects_and_leaves_all_else():
    dataset = folded(substituted=np.zeros((1, 240, 2), dtype=np.float32))
    visible = dataset.hide(HIDDEN)
    hidden = dataset.split == HIDDEN
    assert dataset.labelled[hidden].any(axis=0).all()
    for name in ("positive", "negative"):
        assert getattr(dataset, name)[hidden].nnz
        assert getattr(visible, name)[hidden].nnz == 0
        np.testing.assert_array_equal(
            getattr(visible, name)[~hidden].toarray(), getattr(dataset, name)[~hidden].toarray()
        )
    for name in ("electronic", "homology"):
        np.testing.assert_array_equal(getattr(visible, name).toarray(), getattr(dataset, name).toarray())
    assert visible.networks is dataset.networks
    assert visible.ontology is dataset.ontology
    assert visible.substituted is dataset.substituted


@pytest.mark.parametrize("fold, validating", [(0, 1), (3, 4), (4, 0)])
def test_the_next_fold_validates_and_the_others_train(fold, validating):
    dataset = folded()
    visible = dataset.hide(fold)
    assert visible.split.tolist() == (dataset.split == validating).astype(int).tolist()
    assert (visible.scheme, visible.n_folds) == ("none", 0)


def test_every_labelled_gene_is_hidden_exactly_once():
    dataset = folded()
    labelled = dataset.labelled.any(axis=1)
    times = sum((labelled & ~dataset.hide(fold).labelled.any(axis=1)).astype(int) for fold in range(N_FOLDS))
    assert times[labelled].tolist() == [1] * labelled.sum()


def test_only_a_fold_of_a_cross_validation_can_be_hidden():
    with pytest.raises(InputError, match="fold: found 5, expected a fold of a dataset with 5 folds"):
        folded().hide(5)
    with pytest.raises(InputError, match="fold: found 0"):
        tiny().hide(0)


def still_labelled(dataset):
    return (np.diff(dataset.positive.indptr) > 0) | (np.diff(dataset.negative.indptr) > 0)


def test_a_smaller_fraction_keeps_a_subset_of_a_larger_one_in_every_fold():
    for fold in range(N_FOLDS):
        kept = [still_labelled(folded(label_fraction=share).hide(fold)) for share in (0.01, 0.1, 0.5, 1.0)]
        for smaller, larger in pairwise(kept):
            assert (larger | ~smaller).all()
            assert smaller.sum() < larger.sum()


def test_a_fraction_thins_training_and_validation_genes_alike():
    whole, thinned = (folded(label_fraction=share).hide(HIDDEN) for share in (1.0, 0.25))
    assert thinned.split.tolist() == whole.split.tolist()
    for part in (0, 1):
        available, kept = (still_labelled(d)[whole.split == part].sum() for d in (whole, thinned))
        assert kept == round(0.25 * available)


def test_a_tiny_fraction_leaves_a_gene_to_train_on_and_one_to_validate():
    visible = folded(label_fraction=1e-6).hide(HIDDEN)
    assert [still_labelled(visible)[visible.split == part].sum() for part in (0, 1)] == [1, 1]


def test_a_gene_that_loses_its_labels_loses_its_electronic_rows_and_no_other_gene_does():
    dataset = folded(label_fraction=0.2)
    visible = dataset.hide(HIDDEN)
    dropped = still_labelled(dataset) & ~still_labelled(visible) & (dataset.split != HIDDEN)
    assert dropped.sum() > 50
    assert visible.electronic[dropped].nnz == 0
    np.testing.assert_array_equal(visible.electronic[~dropped].toarray(), dataset.electronic[~dropped].toarray())
    assert dataset.electronic[dataset.split == HIDDEN].nnz == visible.electronic[dataset.split == HIDDEN].nnz > 0
    kept = still_labelled(visible)
    np.testing.assert_array_equal(visible.positive[kept].toarray(), dataset.positive[kept].toarray())


def test_protein_binding_alone_is_thinned_too():
    terms = {"GO:0005488": ("binding", "molecular_function"), "GO:0005515": ("protein binding", "molecular_function")}
    ontology = ontology_from_edges(terms, [("GO:0005515", "GO:0005488")])
    dataset = GeneDataset(
        genes=np.array([f"g{k}" for k in range(30)]),
        sequence_features=np.zeros((30, 0), dtype=np.float32),
        feature_names=(),
        homology=csr_array((30, 30), dtype=np.float32),
        networks={},
        ontology=ontology,
        positive=labels(np.ones((30, 2))),
        negative=csr_array((30, 2), dtype=bool),
        electronic=csr_array((30, 2), dtype=bool),
        split=np.repeat([0, 1, 2], 10).astype(np.uint8),
        scheme="cross_validation",
        n_folds=3,
        label_fraction=0.2,
    )
    assert not dataset.labelled.any()
    assert still_labelled(dataset.hide(0)).sum() == 4


def test_the_kept_labels_depend_on_the_seed_and_not_on_the_order_of_the_genes():
    dataset = folded(label_fraction=0.3)
    order = np.random.default_rng(0).permutation(dataset.n_genes)
    kept = still_labelled(dataset.hide(HIDDEN))
    assert still_labelled(dataset.take(order).hide(HIDDEN)).tolist() == kept[order].tolist()
    assert still_labelled(replace(dataset, seed=1).hide(HIDDEN)).tolist() != kept.tolist()


# ------------------------------------------------------------------------------------ labelled, accretion


def test_protein_binding_with_its_ancestor_does_not_count_but_a_descendant_does():
    terms = {
        "GO:0005488": ("binding", "molecular_function"),
        "GO:0005515": ("protein binding", "molecular_function"),
        "GO:0019899": ("enzyme binding", "molecular_function"),
        "GO:0003677": ("DNA binding", "molecular_function"),
        "GO:0008150": ("some process", "biological_process"),
    }
    edges = [("GO:0005515", "GO:0005488"), ("GO:0019899", "GO:0005515"), ("GO:0003677", "GO:0005488")]
    ontology = ontology_from_edges(terms, edges)
    own = ["GO:0005515", "GO:0019899", "GO:0003677", "GO:0005488", "GO:0008150"]
    positive = np.zeros((5, 5), dtype=bool)
    positive[np.arange(5), [ontology.index[term] for term in own]] = True
    dataset = GeneDataset(
        genes=np.array(own),
        sequence_features=np.zeros((5, 0), dtype=np.float32),
        feature_names=(),
        homology=csr_array((5, 5), dtype=np.float32),
        networks={},
        ontology=ontology,
        positive=ontology.propagate(csr_array(positive)),
        negative=csr_array((5, 5), dtype=bool),
        electronic=csr_array((5, 5), dtype=bool),
        split=np.zeros(5, dtype=np.uint8),
    )
    assert dataset.aspects == ("BPO", "MFO")
    assert dataset.labelled.tolist() == [[False, False], [False, True], [False, True], [False, False], [True, False]]


def test_accretion_by_hand():
    # a, the top: 2 annotated genes, both have it: log2(3/3). b: both of a's: log2(3/3). c: none of a's two:
    # log2(3/1). d: one of b's two: log2(3/2).
    np.testing.assert_allclose(tiny().accretion, [0, 0, np.log2(3), np.log2(3 / 2)], atol=1e-12)


def test_accretion_equals_that_over_the_whole_ontology():
    dataset = make_dataset()[0]
    full = small_ontology()
    columns = [full.index[term] for term in dataset.ontology.terms]
    expected = full.information_accretion(lift(dataset.positive, dataset.ontology, full))[columns]
    np.testing.assert_allclose(dataset.accretion, expected, atol=1e-12)
    assert expected.max() > 0.5


def test_accretion_sees_only_the_visible_labels():
    dataset = folded()
    hidden = dataset.hide(HIDDEN)
    assert np.abs(hidden.accretion - dataset.accretion).max() > 0.01
    emptied = dataset.take(np.flatnonzero(dataset.split != HIDDEN))
    np.testing.assert_allclose(hidden.accretion, emptied.accretion, atol=1e-12)


@pytest.mark.parametrize("mask", [[True, False, True], np.array([True, False, True])])
def test_a_mask_takes_the_genes_that_it_marks_in_their_order(mask):
    same(tiny().take(mask), tiny().take(np.array([0, 2])))


def test_no_rows_make_a_dataset_without_genes():
    assert tiny().take([]).n_genes == 0


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["g0"], "['g0']"),
        ("g0", "'g0'"),
        (1, "1"),
        (None, "None"),
        ([0.0, 1.0], "[0.0, 1.0]"),
        ([[0, 1], [2]], "[[0, 1], [2]]"),
        ([True, False], "[True, False]"),
        (np.array([[0, 1]]), "int64 of shape (1, 2)"),
        ({0, 1}, "{0, 1}"),
        (slice(2), "slice(None, 2, None)"),
    ],
)
def test_rows_of_another_type_are_refused_in_a_sentence(rows, found):
    with pytest.raises(InputError) as caught:
        tiny().take(rows)
    expected = "expected a list or array of row numbers, or of one truth value for each of 3 genes"
    assert str(caught.value) == f"rows: found {found}, {expected}"


@pytest.mark.parametrize("row", [3, -1])
def test_a_row_that_does_not_exist_is_refused(row):
    with pytest.raises(InputError, match=f"rows: found {row}, expected row numbers from 0 to 2"):
        tiny().take([0, row])


def test_a_repeated_row_is_refused():
    with pytest.raises(InputError, match="genes: found 1 repeated"):
        tiny().take([1, 1])


@pytest.mark.parametrize("hidden", [[0, 1, 1], "g0", None, [True], np.ones(3)])
def test_labels_are_hidden_by_a_mask_only(hidden):
    with pytest.raises(
        InputError, match=r"hidden: found .*, expected a list or array of one truth value for each of 3"
    ):
        tiny().without_labels(hidden)


def test_a_list_hides_labels_as_an_array_does():
    same(tiny().without_labels([True, False, False]), tiny().without_labels(np.array([True, False, False])))


@pytest.mark.parametrize("fold", ["1", 1.0, None, True, [1]])
def test_a_fold_of_another_type_is_refused(fold):
    with pytest.raises(InputError, match=r"fold: found .*, expected a fold of a dataset with 5 folds"):
        folded().hide(fold)


@pytest.mark.parametrize("path", [None, 1, ["folder"], {"path": "folder"}])
def test_a_path_of_another_type_is_refused(path):
    for call in (GeneDataset.load, tiny().save):
        with pytest.raises(InputError, match=r"path: found .*, expected a folder as text or as a pathlib\.Path"):
            call(path)

"""Embeddings as UniProt gives them, as npz, and what is said of a file that is neither."""

import h5py
import numpy as np
import pytest

from genessl.errors import InputError
from genessl.features.embeddings import read_embeddings

VECTORS = {"P2": [0.5, -1.25, 3], "P1": [1, 2, 4], "Q9": [9, 9, 9]}
GENES = ["P1", "P2", "P3"]


def write_hdf5(path, vectors, dtype=np.float16):
    with h5py.File(path, "w") as file:
        for name, vector in vectors.items():
            file.create_dataset(name, data=np.array(vector, dtype=dtype))
    return path


def write_npz(path, vectors, dtype=np.float32):
    np.savez(path, **{name: np.array(vector, dtype=dtype) for name, vector in vectors.items()})
    return path


WRITERS = pytest.mark.parametrize("write", [write_hdf5, write_npz])


@WRITERS
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_vectors_come_in_the_order_of_the_genes_and_a_missing_one_is_zero(tmp_path, write, dtype):
    embeddings, found = read_embeddings(write(tmp_path / "file.npz", VECTORS, dtype), GENES)
    assert embeddings.dtype == np.float32
    assert embeddings.tolist() == [[1, 2, 4], [0.5, -1.25, 3], [0, 0, 0]]
    assert found.tolist() == [True, True, False]


@WRITERS
def test_a_vector_of_one_row_is_a_vector(tmp_path, write):
    embeddings, _ = read_embeddings(write(tmp_path / "file.npz", {"P1": [[1, 2]]}), GENES)
    assert embeddings.tolist() == [[1, 2], [0, 0], [0, 0]]


@WRITERS
@pytest.mark.parametrize(
    "vectors, sentence",
    [
        ({"Q9": [1]}, "found no embedding of any gene, such as 'P1'; name each vector"),
        ({"P1": [1, 2], "P2": [1]}, "found vectors of the lengths 1, 2, expected one length"),
        ({"P1": []}, "found vectors of the lengths 0, expected one length above 0"),
        ({"P1": [1, np.nan]}, "found a number for 'P1' that is not finite"),
        ({"P1": [np.inf]}, "not finite"),
        ({"P1": [[1, 2], [3, 4]]}, r"expected one vector for 'P1', found an array of shape \(2, 2\).*per protein"),
    ],
)
def test_what_is_no_embedding_is_named(tmp_path, write, vectors, sentence):
    path = write(tmp_path / "file.npz", vectors)
    with pytest.raises(InputError, match=sentence) as caught:
        read_embeddings(path, GENES)
    assert str(caught.value).startswith(f"{path}: ")


@WRITERS
def test_a_truncated_file_is_named(tmp_path, write):
    path = write(tmp_path / "file.npz", {"P1": np.arange(4000)})
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(InputError, match=r"file\.npz: (the file cannot be read|found another kind)"):
        read_embeddings(path, GENES)


def test_a_group_and_text_are_no_vector(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("P1")
    with pytest.raises(InputError, match="expected a vector of numbers for 'P1', found a group"):
        read_embeddings(tmp_path / "a.h5", GENES)
    np.savez(tmp_path / "b.npz", P1=np.array(["a", "b"]))
    with pytest.raises(InputError, match="expected a vector of numbers for 'P1', found <U1"):
        read_embeddings(tmp_path / "b.npz", GENES)


def test_pickled_objects_are_refused_and_not_run(tmp_path):
    np.savez(tmp_path / "file.npz", P1=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match=r"file\.npz: the file cannot be read"):
        read_embeddings(tmp_path / "file.npz", GENES)


def test_another_kind_of_file_and_a_missing_one(tmp_path):
    (tmp_path / "text").write_text("P1\t1\t2\n")
    with pytest.raises(InputError, match="text: found another kind of file, expected embeddings as HDF5 or npz"):
        read_embeddings(tmp_path / "text", GENES)
    with pytest.raises(InputError, match="gone: no such file"):
        read_embeddings(tmp_path / "gone", GENES)

"""Embeddings as UniProt and other programs give them, as npz, and what is said of a file that is neither."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genessl.data.coverage import Coverage
from genessl.data.formats.embeddings import hdf5
from genessl.data.identifiers import AliasTable, GeneIdentifiers
from genessl.errors import InputError
from genessl.features.embeddings import join_embeddings, read_embedding_file, read_embeddings

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
    with pytest.raises(
        InputError, match=r"file\.npz: (the file cannot be read|found (a damaged zip archive|another kind))"
    ):
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
    with pytest.raises(InputError, match=r"file\.npz: found Python objects, which could run code, expected arrays"):
        read_embeddings(tmp_path / "file.npz", GENES)


def test_another_kind_of_file_and_a_missing_one(tmp_path):
    (tmp_path / "text").write_text("P1\t1\t2\n")
    with pytest.raises(InputError, match="text: found text, expected embeddings as HDF5 or npz; write it by"):
        read_embeddings(tmp_path / "text", GENES)
    with pytest.raises(InputError, match="gone: no such file"):
        read_embeddings(tmp_path / "gone", GENES)


@WRITERS
@pytest.mark.parametrize("vectors", [{"P1": [[1, 2], [3, 4]]}, {"Q1": [np.nan]}, {}])
def test_what_no_entry_can_be_is_found_before_genes_are_known(tmp_path, write, vectors):
    path = write(tmp_path / "file.npz", vectors)
    with pytest.raises(InputError) as caught:
        read_embedding_file(path)
    assert str(caught.value).count(str(path)) == 1


def test_an_entry_that_is_no_vector_may_stand_before_vectors(tmp_path):
    np.savez(tmp_path / "file.npz", about=np.array("a model"), P1=np.array([1.0, 2.0]))
    assert read_embeddings(tmp_path / "file.npz", ["P1"])[0].tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "an empty file, expected embeddings as HDF5 or npz; download or copy it again"),
        (b"P1,0.5,0.5\n", "text, expected embeddings as HDF5 or npz; write it by numpy.savez"),
        (b"<!DOCTYPE html><html>", "a web page instead of the file, expected"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer instead of the file, expected"),
        (b"\x1f\x8b\x08\x00\x00", "a file compressed by gzip, expected embeddings as HDF5 or npz; unpack it"),
        (b"\x80\x04\x95\x00", "a pickle of Python, which could run code, expected"),
        (b"\x93NUMPY\x01\x00", "a single array of NumPy, which has no names, expected"),
        (b'\x10\x00\x00\x00\x00\x00\x00\x00{"P1":{}}', "safetensors, expected"),
    ],
)
def test_another_kind_of_file_is_named(tmp_path, content, sentence):
    path = tmp_path / "file.h5"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_embedding_file(path)
    assert str(caught.value).startswith(f"{path}: found {sentence}")


@pytest.mark.parametrize(
    ("member", "sentence"),
    [
        (
            "esm/data.pkl",
            "a file of PyTorch, such as ESM's .pt, which could run code, expected embeddings as HDF5 or npz",
        ),
        ("inside.npz", "a zip archive of 'inside.npz', expected embeddings as HDF5 or npz; unpack it"),
    ],
)
def test_another_kind_of_archive_is_named(tmp_path, member, sentence):
    with zipfile.ZipFile(tmp_path / "file.pt", "w") as archive:
        archive.writestr(member, "x")
    with pytest.raises(InputError) as caught:
        read_embedding_file(tmp_path / "file.pt")
    assert str(caught.value).startswith(f"{tmp_path}/file.pt: found {sentence}")


def test_arrays_that_savez_was_given_without_names_are_refused(tmp_path):
    np.savez(tmp_path / "file.npz", np.array(["P1"]), np.array([[1.0]]))
    with pytest.raises(InputError, match=r"found arrays without names, .*savez\(file, ids=names, embeddings=matrix\)"):
        read_embedding_file(tmp_path / "file.npz")


# ------------------------------------------------------------- vectors under other names than the gene's own


def identifiers(genes=GENES):
    rows = [("A1", "P1", "locus_id"), ("A2", "P2", "locus_id"), ("A2b", "P2", "locus_id"), ("P1", "both", "name")]
    return GeneIdentifiers(genes, [AliasTable.from_rows("ids", [*rows, ("P2", "both", "name")])])


def joined(path, names=None, genes=GENES):
    coverage = Coverage()
    embeddings, _ = join_embeddings(read_embedding_file(path), genes, names, coverage, source="embeddings")
    coverage.check()
    counts = {(unit, outcome): count for _, unit, outcome, count in coverage.table().itertuples(index=False)}
    return dict(zip(genes, embeddings.tolist())), counts


@pytest.mark.parametrize("as_group", [False, True])
def test_the_attribute_original_id_names_the_entries_of_bio_embeddings(tmp_path, as_group):
    with h5py.File(tmp_path / "reduced_embeddings_file.h5", "w") as file:
        for key, (name, vector) in enumerate(VECTORS.items()):
            entry = file.create_dataset(f"{key}/mean" if as_group else str(key), data=np.array(vector))
            (file[str(key)] if as_group else entry).attrs["original_id"] = name
    embeddings, _ = read_embeddings(tmp_path / "reduced_embeddings_file.h5", ["P1", "2", "Q9"])
    assert embeddings.tolist() == [[1, 2, 4], [0, 0, 0], [9, 9, 9]]  # the keys 0, 1 and 2 are no names


@WRITERS
def test_headers_and_their_accessions_name_vectors(tmp_path, write):
    headers = {"sp|P1|ONE_X": [1], "tr|P2|TWO_X Protein two OS=Synthetica": [2], "P3 Protein three": [3]}
    found, _ = joined(write(tmp_path / "file.npz", headers))
    assert found == {"P1": [1], "P2": [2], "P3": [3]}


def test_vectors_of_which_few_join_are_warned_of(tmp_path, caplog):
    path = tmp_path / "vectors.npz"
    write_npz(path, {GENES[0]: [1, 0], "other1": [0, 1], "other2": [1, 1]})
    join_embeddings(read_embedding_file(path), [*GENES, "X1", "X2"], identifiers(), Coverage(), source="embeddings")
    assert f"{path}: 1 of {len(GENES) + 2} genes have an embedding; for the 2 vectors of no gene: add an" in caplog.text


@WRITERS
def test_names_with_underscores_as_the_script_of_prott5_writes_them(tmp_path, write):
    genes = ["AT1G90001.1", "9.YSY1", "a.b", "a/b"]
    found, counts = joined(write(tmp_path / "file.npz", {"AT1G90001_1": [1], "9_YSY1": [2], "a_b": [3]}), genes=genes)
    assert found == {"AT1G90001.1": [1], "9.YSY1": [2], "a.b": [0], "a/b": [0]}  # a_b could be of either
    assert counts["vectors", "unknown identifier"] == 1


@WRITERS
def test_vectors_are_found_through_identifiers_and_what_is_lost_is_counted(tmp_path, write):
    path = write(tmp_path / "file.npz", {"A1": [1, 1], "A2": [2, 2], "A2b": [2, 2], "both": [3, 3], "Q9": [4, 4]})
    found, counts = joined(path, identifiers())
    assert found == {"P1": [1, 1], "P2": [2, 2], "P3": [0, 0]}
    assert counts == {
        ("genes", "held"): 3, ("genes", "joined"): 2, ("genes", "no embedding in the file"): 1,
        ("vectors", "held"): 5, ("vectors", "joined"): 2, ("vectors", "another embedding of the gene"): 1,
        ("vectors", "unknown identifier"): 1, ("vectors", "ambiguous alias"): 1,
    }  # fmt: skip
    with pytest.raises(InputError, match=r"found no embedding of any gene.*not like 'A1', or add an alias table"):
        read_embeddings(path, GENES)


@WRITERS
def test_the_genes_own_name_comes_first_and_different_vectors_by_other_names_are_not_chosen_from(tmp_path, write):
    found, counts = joined(write(tmp_path / "file.npz", {"A1": [5], "P1": [1], "A2": [2], "A2b": [3]}), identifiers())
    assert found == {"P1": [1], "P2": [0], "P3": [0]}
    assert counts["genes", "different embeddings of one gene"] == 1
    assert counts["vectors", "different embeddings of one gene"] == 2
    assert counts["vectors", "another embedding of the gene"] == 1


@pytest.mark.parametrize(("ids", "matrix"), [("ids", "embeddings"), ("accessions", "X"), ("names", "vectors")])
def test_names_beside_a_matrix(tmp_path, ids, matrix):
    rows = {ids: np.array(list(VECTORS)), matrix: np.array(list(VECTORS.values()), dtype=np.float32)}
    np.savez(tmp_path / "file.npz", **rows)
    with h5py.File(tmp_path / "file.h5", "w") as file:
        file[ids], file[matrix] = np.array(list(VECTORS), dtype="S"), rows[matrix]
    for name in ("file.npz", "file.h5"):
        embeddings, found = read_embeddings(tmp_path / name, GENES)
        assert embeddings.tolist() == [[1, 2, 4], [0.5, -1.25, 3], [0, 0, 0]]
        assert found.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("names", "matrix", "sentence"),
    [
        (
            ["P1"],
            [[1.0], [2.0]],
            r"found 'ids' of shape \(1,\) and 'X' of shape \(2, 1\), expected one name for each row",
        ),
        (["P1"], [1.0], "expected one name for each row"),
        (["P1"], [["a"]], "expected a matrix of numbers under 'X', found <U1"),
        (["P1"], [[np.nan]], "found a number for 'P1' that is not finite"),
    ],
)
def test_names_and_matrix_that_do_not_fit_are_named(tmp_path, names, matrix, sentence):
    np.savez(tmp_path / "file.npz", ids=np.array(names), X=np.array(matrix))
    with pytest.raises(InputError, match=sentence):
        read_embeddings(tmp_path / "file.npz", GENES)


def test_a_group_of_one_dataset_is_a_vector_and_a_gene_may_have_a_slash(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["P1/embedding"], file["a/b"], file["a/c"] = np.array([1.0]), np.array([2.0]), np.array([3.0])
    assert joined(tmp_path / "a.h5", genes=["P1", "a/b", "c"])[0] == {"P1": [1], "a/b": [2], "c": [0]}


def test_several_files_stand_side_by_side(tmp_path):
    first, second = write_npz(tmp_path / "a.npz", {"P1": [1], "P2": [2]}), write_hdf5(tmp_path / "b.h5", {"P3": [3, 4]})
    embeddings, found = read_embeddings([first, second], GENES)
    assert embeddings.tolist() == [[1, 0, 0], [2, 0, 0], [0, 3, 4]]
    assert found.all()


def test_an_array_that_grows_out_of_all_proportion_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "bomb.npz", P1=np.zeros(20_000_000, dtype=np.float32))
    with pytest.raises(InputError, match=r"76 MB come out of .* KB at 'P1\.npy', which no embedding does"):
        read_embeddings(tmp_path / "bomb.npz", GENES)
    with h5py.File(tmp_path / "wide.h5", "w") as file:
        file.create_dataset("P1", shape=(10**12,), dtype=np.float32, chunks=(1024,))
    with pytest.raises(InputError, match="found 1000000000000 numbers for 'P1', expected at most 1000000"):
        read_embeddings(tmp_path / "wide.h5", GENES)


def _as_bytes(write_to):
    target = io.BytesIO()
    write_to(target)
    return target.getvalue()


NPZ = _as_bytes(lambda target: np.savez(target, P1=np.arange(3.0), P2=np.arange(3.0)))


@given(position=st.integers(0, len(NPZ) - 1), byte=st.integers(0, 255), length=st.integers(1, len(NPZ)))
@settings(max_examples=50, derandomize=True, deadline=None)
def test_any_damage_to_an_npz_gives_vectors_or_one_sentence(tmp_path_factory, position, byte, length):
    path = tmp_path_factory.mktemp("any") / "any.npz"
    path.write_bytes((NPZ[:position] + bytes([byte]) + NPZ[position + 1 :])[-length:])
    try:
        embeddings, _ = read_embeddings(path, ["P1", "P2"])
    except InputError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert np.isfinite(embeddings).all()


@given(data=st.binary(max_size=100), signature=st.sampled_from([b"\x89HDF\r\n\x1a\n", b"PK\x03\x04", b""]))
@settings(max_examples=50, derandomize=True, deadline=None)
def test_any_bytes_are_refused_in_one_sentence(tmp_path_factory, data, signature):
    path = tmp_path_factory.mktemp("any") / "any.h5"
    path.write_bytes(signature + data)
    with pytest.raises(InputError) as caught:
        read_embeddings(path, GENES)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(10**6,), (10**12,)])
def test_a_header_of_an_array_that_lies_about_its_size_is_refused(tmp_path, shape):
    header = _as_bytes(
        lambda target: np.lib.format.write_array_header_1_0(
            target, {"descr": "<f8", "fortran_order": False, "shape": shape}
        )
    )
    with zipfile.ZipFile(tmp_path / "lie.npz", "w") as archive:
        archive.writestr("P1.npy", header + bytes(24))
    with pytest.raises(InputError, match="the file cannot be read"):
        read_embeddings(tmp_path / "lie.npz", GENES)


@pytest.mark.parametrize(
    ("does", "error", "sentence"),
    [
        ("kill -SEGV $$", InputError, "the HDF5 library broke down while it read the file"),
        ("exec sleep 60", InputError, "the HDF5 library comes to no end with it"),
        ("echo a fault of the program >&2; exit 1", RuntimeError, "a fault of the program"),
    ],
)
def test_a_file_at_which_the_library_breaks_down_ends_in_one_sentence(tmp_path, monkeypatch, does, error, sentence):
    path, program = tmp_path / "vectors.h5", tmp_path / "python"
    write_hdf5(path, VECTORS)
    program.write_text(f"#!/bin/bash\n{does}\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    monkeypatch.setattr(hdf5, "_SECONDS", 0.5)
    with pytest.raises(error, match=sentence):
        read_embedding_file(path)


def test_the_process_that_opens_a_file_ends_even_where_nobody_waits_for_it(tmp_path):
    """It reads its question from a pipe; here the file is a pipe, at whose other end nothing is ever written."""
    path = tmp_path / "vectors.h5"
    os.mkfifo(path)
    question = json.dumps({"path": str(path), "seconds": 0.5, "ask": "names"}).encode()
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "genessl.data.formats.embeddings.hdf5_process"],
        input=question,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == -signal.SIGALRM
    assert time.monotonic() - start < 30

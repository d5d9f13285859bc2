"""Embeddings of a tiny language model with random weights, against direct passes through it."""

import shutil
import subprocess
import sys
from itertools import pairwise

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer, EsmConfig, EsmForMaskedLM, EsmTokenizer

from genessl import cli
from genessl.errors import InputError
from genessl.features import language_model
from genessl.features.embeddings import read_embeddings
from genessl.features.language_model import embed_sequences, plan_batches
from genessl.features.protein_encoder import ProteinEncoder, window_starts

# The vocabulary of ESM-2, in its order.
VOCABULARY = ["<cls>", "<pad>", "<eos>", "<unk>", *"LAGVSERTIDPKQNFYMHWCXBUZO.-", "<null_1>", "<mask>"]
PROTEINS = {"P4": "MKLV", "P9": "MACDEFGHW", "P1": "M", "P5": "MWWYP", "P30": "MKTAYIAKQRQISFVKSHFSRQLEERLGLI"}
WIDE = {"window": 100, "overlap": 10}
SMALL = {"window": 12, "overlap": 4, "batch_tokens": 30}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Return the folder of a model as ESM-2 is one, of two layers of 16 dimensions, saved with its training head."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY))
    EsmTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    tokens = {"vocab_size": len(VOCABULARY), "pad_token_id": 1, "mask_token_id": VOCABULARY.index("<mask>")}
    torch.manual_seed(0)
    config = EsmConfig(
        **sizes, **tokens, position_embedding_type="rotary", token_dropout=True, max_position_embeddings=104,
        initializer_range=0.5,
    )  # fmt: skip
    EsmForMaskedLM(config).save_pretrained(folder)
    return str(folder)


def direct(model, sequence):
    """Return each residue's vector from a pass of one sequence as transformers' own tokenizer reads it."""
    tokenizer, module = AutoTokenizer.from_pretrained(model), AutoModel.from_pretrained(model).eval()
    with torch.no_grad():
        hidden = module(**tokenizer(" ".join(sequence), return_tensors="pt")).last_hidden_state
    assert hidden.shape == (1, len(sequence) + 2, 16)
    return hidden[0, 1:-1].numpy()


def embedded(tmp_path, sequences, **arguments):
    """Return the vectors of the written file, one row for each sequence."""
    output = tmp_path / "e.h5"
    embed_sequences(sequences, output, **arguments)
    vectors, found = read_embeddings(output, list(sequences))
    assert found.all()
    return vectors


def close(a, b):
    return np.allclose(a, b, rtol=0, atol=1e-5)


def test_an_embedding_is_the_mean_over_the_residues_without_start_end_and_padding(tmp_path, model):
    vectors = embedded(tmp_path, PROTEINS, model=model, **WIDE)
    for vector, sequence in zip(vectors, PROTEINS.values(), strict=True):
        assert close(vector, direct(model, sequence).mean(axis=0))
    assert not close(vectors[0], vectors[1])


def test_neither_batches_nor_order_matter(tmp_path, model):
    alone = embedded(tmp_path, PROTEINS, model=model, **WIDE, batch_tokens=1)
    for tokens in (20, 64, 8192):
        assert close(alone, embedded(tmp_path, PROTEINS, model=model, **WIDE, batch_tokens=tokens))
    turned = embedded(tmp_path, dict(reversed(PROTEINS.items())), model=model, **WIDE)
    assert close(alone, turned[::-1])


def test_a_residue_in_two_windows_counts_as_the_mean_of_both(tmp_path, model):
    sequence = "MACDEFG"  # one residue too long: the windows are MACDEF and ACDEFG
    first, second = direct(model, "MACDEF"), direct(model, "ACDEFG")
    expected = (first[0] + (first[1:] + second[:-1]).sum(axis=0) / 2 + second[-1]) / 7
    (vector,) = embedded(tmp_path, {"P7": sequence}, model=model, window=6, overlap=2)
    assert close(vector, expected)
    assert not close(vector, direct(model, sequence).mean(axis=0))
    assert not close(vector, np.concatenate([first, second]).mean(axis=0))


def test_a_long_protein_does_not_depend_on_how_its_windows_are_grouped(tmp_path, model):
    sequences = {"P30": PROTEINS["P30"]}
    one_by_one = embedded(tmp_path, sequences, model=model, window=7, overlap=3, batch_tokens=1)
    assert close(one_by_one, embedded(tmp_path, sequences, model=model, window=7, overlap=3, batch_tokens=20))


@pytest.mark.parametrize("window, overlap", [(1, 0), (6, 0), (6, 5), (1022, 256)])
def test_windows_reach_every_residue_at_full_length_and_overlap_as_asked(window, overlap):
    for length in [*range(1, 40), *range(window, 3 * window, 97)]:
        starts = window_starts(length, window=window, overlap=overlap)
        if length <= window:
            assert starts == [0]
            continue
        assert (starts[0], starts[-1]) == (0, length - window)
        steps = np.diff(starts)
        assert steps.min() > 0
        assert steps.max() <= window - overlap
        # No fewer windows would do: with one less, the steps could not span the protein.
        assert (len(starts) - 2) * (window - overlap) < length - window


@pytest.mark.parametrize("n_ends", [1, 2])
def test_batches_hold_every_gene_once_the_longest_first_within_the_tokens(n_ends):
    lengths = {f"P{n:03d}": n for n in np.random.default_rng(0).permutation(np.arange(1, 400)).tolist()}
    batches = plan_batches(lengths, batch_tokens=500, window=120, overlap=20, n_ends=n_ends)
    ordered = [gene for batch in batches for gene in batch]
    assert ordered == sorted(lengths, reverse=True)
    for batch in batches:
        windows = sum(len(window_starts(lengths[gene], window=120, overlap=20)) for gene in batch)
        width = min(lengths[batch[0]], 120) + n_ends
        assert windows * width <= 500 or len(batch) == 1
    for batch, following in pairwise(batches):  # it ends only where the next gene would not fit
        windows = sum(len(window_starts(lengths[gene], window=120, overlap=20)) for gene in [*batch, following[0]])
        assert windows * (min(lengths[batch[0]], 120) + n_ends) > 500


def test_genes_of_one_length_are_grouped_alike_in_any_order():
    lengths = {f"P{n}": 10 + n % 2 for n in range(9)}
    sizes = {"batch_tokens": 30, "window": 20, "overlap": 5}
    assert plan_batches(lengths, **sizes) == plan_batches(dict(reversed(lengths.items())), **sizes)


def test_letters_of_the_vocabulary_are_read_as_such_and_others_as_x(tmp_path, model):
    sequences = {"known": "MBUZO", "unknown": "MJ*", "x": "MXX", "u": "MU", "c": "MC"}
    vectors = dict(zip(sequences, embedded(tmp_path, sequences, model=model, **WIDE), strict=True))
    assert close(vectors["known"], direct(model, "MBUZO").mean(axis=0))
    assert close(vectors["unknown"], vectors["x"])
    assert not close(vectors["u"], vectors["c"])


class InterruptionError(Exception):
    pass


def interrupt(monkeypatch, at):
    """Let the computation fail at its batch of that number, counted from 0."""
    done, embed = [], ProteinEncoder.embed

    def failing(self, sequences):
        if len(done) == at:
            raise InterruptionError
        done.append(len(sequences))
        return embed(self, sequences)

    monkeypatch.setattr(ProteinEncoder, "embed", failing)
    return done


@pytest.mark.parametrize("at", [0, 1, 2])
def test_an_interrupted_run_goes_on_and_gives_the_same_bytes(tmp_path, model, monkeypatch, at):
    whole, resumed = tmp_path / "whole.h5", tmp_path / "resumed.h5"
    embed_sequences(PROTEINS, whole, model=model, **SMALL)
    with monkeypatch.context() as patch:
        interrupt(patch, at)
        with pytest.raises(InterruptionError):
            embed_sequences(PROTEINS, resumed, model=model, **SMALL)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["resumed.h5.part", "whole.h5"]
    with monkeypatch.context() as patch:
        done = interrupt(patch, -1)
        embed_sequences(dict(reversed(PROTEINS.items())), resumed, model=model, **SMALL)
    assert len(done) == 3 - at  # P30 in 3 windows of 12; P9 and P5 in 22 tokens; P4 and P1 in 12
    assert sorted(path.name for path in tmp_path.iterdir()) == ["resumed.h5", "whole.h5"]
    assert whole.read_bytes() == resumed.read_bytes()


def test_a_batch_that_was_written_but_not_counted_is_computed_again(tmp_path, model, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt(patch, 1)
        with pytest.raises(InterruptionError):
            embed_sequences(PROTEINS, tmp_path / "e.h5", model=model, **SMALL)
    with h5py.File(tmp_path / "e.h5.part", "a") as part:
        part["P9"] = np.zeros(16, dtype=np.float32)
    assert not close(embedded(tmp_path, PROTEINS, model=model, **SMALL)[1], 0)


@pytest.fixture
def interrupted(tmp_path, model, monkeypatch):
    """Return the output of a run that ended after its first batch."""
    with monkeypatch.context() as patch:
        interrupt(patch, 1)
        with pytest.raises(InterruptionError):
            embed_sequences(PROTEINS, tmp_path / "e.h5", model=model, **SMALL)
    return tmp_path / "e.h5"


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"overlap": 5}, "found an interrupted run with overlap 4, expected 5; finish it as it was begun, or delete"),
        ({"window": 13}, "found an interrupted run with window 12, expected 13;"),
        ({"batch_tokens": 31}, "found an interrupted run with batch_tokens 30, expected 31;"),
    ],
)
def test_a_run_is_not_continued_with_other_settings(interrupted, model, changes, sentence):
    before = interrupted.with_name("e.h5.part").read_bytes()
    with pytest.raises(InputError, match=sentence) as caught:
        embed_sequences(PROTEINS, interrupted, model=model, **SMALL | changes)
    assert str(caught.value).startswith(f"{interrupted}.part: ")
    assert not interrupted.exists()
    assert interrupted.with_name("e.h5.part").read_bytes() == before


def test_a_run_is_not_continued_with_another_model_or_other_sequences(tmp_path, interrupted, model):
    other = shutil.copytree(model, tmp_path / "other")
    with pytest.raises(InputError, match=r"found an interrupted run with model .*tiny, expected .*other; finish it"):
        embed_sequences(PROTEINS, interrupted, model=str(other), **SMALL)
    with pytest.raises(InputError, match="found an interrupted run with other sequences; finish it"):
        embed_sequences(PROTEINS | {"P1": "W"}, interrupted, model=model, **SMALL)


def test_a_run_that_has_nothing_yet_may_change_its_settings(tmp_path, model, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt(patch, 0)
        with pytest.raises(InterruptionError):
            embed_sequences(PROTEINS, tmp_path / "e.h5", model=model, **SMALL)
    embedded(tmp_path, PROTEINS, model=model, **SMALL | {"batch_tokens": 15})


def test_a_part_file_of_another_kind_is_left_alone(tmp_path, model):
    part = tmp_path / "e.h5.part"
    part.write_text("notes")
    with pytest.raises(InputError, match=r"e\.h5\.part: the file of an interrupted run cannot be opened"):
        embed_sequences(PROTEINS, tmp_path / "e.h5", model=model, **WIDE)
    assert part.read_text() == "notes"
    part.unlink()
    with h5py.File(part, "w") as file:
        file["mine"] = [1.0]
    with pytest.raises(InputError, match=r"e\.h5\.part: found an interrupted run with model None, expected"):
        embed_sequences(PROTEINS, tmp_path / "e.h5", model=model, **WIDE)


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"batch_tokens": 0}, "batch_tokens: found 0, expected a whole number, at least 1"),
        ({"window": 0}, "window: found 0, expected a whole number, at least 1"),
        ({"window": 101}, "window: found 101, expected at most 100, the residues that '.*tiny' can see"),
        ({"window": 10, "overlap": 10}, "overlap: found 10, expected a whole number from 0 to 9"),
        ({"device": "gpu"}, "device: found 'gpu', expected 'auto', 'cpu' or 'cuda'"),
    ],
)
def test_a_parameter_out_of_range_is_named(tmp_path, model, changes, sentence):
    with pytest.raises(InputError, match=sentence):
        embed_sequences(PROTEINS, tmp_path / "e.h5", **{"model": model} | WIDE | changes)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "sequences, sentence",
    [
        ({}, "sequences: found none"),
        ({"a": ""}, "sequences: found no residue for 'a'"),
        ({"a/b": "M"}, "sequences: found the gene 'a/b', a name that HDF5 reads as a path; rename it"),
    ],
)
def test_sequences_that_cannot_be_stored_are_named(tmp_path, model, sequences, sentence):
    with pytest.raises(InputError, match=sentence):
        embed_sequences(sequences, tmp_path / "e.h5", model=model, **WIDE)


def test_without_transformers_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"found no transformers.*: pip install 'genessl\[embeddings\]'"):
        embed_sequences(PROTEINS, tmp_path / "e.h5")


def test_a_model_that_is_nowhere_and_a_damaged_one_are_named(tmp_path, model):
    with pytest.raises(InputError, match=r"model: found '/no/where', neither a folder .* nor one that can be fetched"):
        embed_sequences(PROTEINS, tmp_path / "e.h5", model="/no/where")
    damaged = shutil.copytree(model, tmp_path / "damaged")
    weights = damaged / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(InputError, match=r"model: found '.*damaged', neither a folder with a language model nor one"):
        embed_sequences(PROTEINS, tmp_path / "e.h5", model=str(damaged))


@pytest.mark.parametrize("part", ["encoder.layer.1.attention.self.query", "encoder.emb_layer_norm_after"])
def test_weights_that_a_file_lacks_are_not_made_up(tmp_path, model, part):
    short = shutil.copytree(model, tmp_path / "short")
    weights = load_file(short / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if part not in name}
    assert len(kept) == len(weights) - 2
    save_file(kept, short / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=rf"without its weights '{part}\.bias', expected all"):
        embed_sequences(PROTEINS, tmp_path / "e.h5", model=str(short), **WIDE)


def test_a_vocabulary_without_the_residues_is_refused(tmp_path, model):
    other = shutil.copytree(model, tmp_path / "other")
    (other / "vocab.txt").write_text("\n".join(word.replace("W", "<w>") for word in VOCABULARY))
    with pytest.raises(InputError, match=r"model: found '.*other', whose vocabulary lacks a residue, X or the tokens"):
        embed_sequences(PROTEINS, tmp_path / "e.h5", model=str(other), **WIDE)


def test_numbers_that_are_not_finite_are_not_stored(tmp_path, model, monkeypatch):
    monkeypatch.setattr(ProteinEncoder, "embed", lambda self, sequences: np.full((len(sequences), 2), np.inf))
    with pytest.raises(InputError, match="model: found numbers for 'P30' that are not finite; try the device 'cpu'"):
        embed_sequences(PROTEINS, tmp_path / "e.h5", model=model, **WIDE)
    assert not (tmp_path / "e.h5").exists()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_half_precision_on_a_gpu_stays_near_single_precision(tmp_path, model):
    single = embedded(tmp_path, PROTEINS, model=model, **WIDE, device="cpu")
    half = embedded(tmp_path, PROTEINS, model=model, **WIDE, device="cuda")
    assert np.abs(single - half).max() < 0.02 * np.abs(single).max()


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_gpu_that_is_not_there_is_named(tmp_path, model):
    with pytest.raises(InputError, match="device: found 'cuda' on a machine without a usable GPU, expected 'auto' or"):
        embed_sequences(PROTEINS, tmp_path / "e.h5", model=model, device="cuda", **WIDE)


COMMAND = [sys.executable, "-c", "from genessl.cli import main; main()", "embed-sequences"]


def test_the_command_writes_what_the_function_does(tmp_path, model, monkeypatch, capsys):
    (tmp_path / "genes.fasta").write_text(">sp|P4|A_X\nMKLV\n>P9\nMACDEFGHW*\n")
    # The tiny model sees fewer residues than ESM-2, for which the command's windows are made.
    small = lambda *given, **named: embed_sequences(*given, **named, **WIDE)  # noqa: E731
    monkeypatch.setattr(language_model, "embed_sequences", small)
    output = tmp_path / "new" / "e.h5"
    arguments = ["--sequences", str(tmp_path / "genes.fasta"), "--output", str(output), "--model", model]
    monkeypatch.setattr(sys, "argv", ["genessl", "embed-sequences", *arguments, "--device", "cpu"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    vectors, found = read_embeddings(output, ["P4", "P9"])
    assert found.all()
    assert close(vectors[1], direct(model, "MACDEFGHW").mean(axis=0))
    with h5py.File(output) as file:  # as UniProt's: a vector under each accession
        assert {name: (entry.shape, entry.dtype) for name, entry in file.items()} == {
            "P4": ((16,), np.float32), "P9": ((16,), np.float32)
        }  # fmt: skip


def test_a_model_that_cannot_be_fetched_ends_the_command_in_one_sentence(tmp_path):
    (tmp_path / "genes.fasta").write_text(">P4\nMKLV\n")
    arguments = ["--sequences", "genes.fasta", "--output", "e.h5", "--model", "nobody/nothing"]
    environment = {"PATH": "", "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")}
    ended = subprocess.run(
        [*COMMAND, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith(
        "genessl: error: model: found 'nobody/nothing', neither a folder with a language model"
    )
    assert ended.stderr.count("\n") == 1
    assert not list(tmp_path.glob("e.h5*"))

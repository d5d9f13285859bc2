"""ProtT5 and Ankh: embeddings of tiny models with random weights, against direct passes of one sequence each."""

import json
import random
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer
from tokenizers import Tokenizer, models, processors
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
    T5ForConditionalGeneration,
)

from genessl.errors import InputError
from genessl.features.language_model import embed_sequences
from genessl.features.pretrained_encoder import load_encoder
from tests.features.test_language_model import (
    PROTEINS,
    SMALL,
    WIDE,
    InterruptionError,
    close,
    embedded,
    interrupt,
)

LETTERS = "ALGVSREDTIPKFQNYMHWCXBOUZ"  # of ProtT5 and of Ankh, at the tokens from 3 on
FAMILIES = ("prott5", "ankh")
LONG = "".join(random.Random(1).choices(LETTERS[:20], k=700))


def config(**settings):
    """Return the configuration of T5 with two layers of 16 dimensions, whose texts had up to 512 tokens."""
    sizes = {"d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 32, "num_layers": 2, "vocab_size": 128}
    return T5Config(**sizes, decoder_start_token_id=0, n_positions=512, **settings)


def write_pieces(folder, letters):
    """Write a vocabulary as ProtT5's: a file of SentencePiece in which each letter is a word."""
    draw = random.Random(0)
    SentencePieceTrainer.train(
        sentence_iterator=iter(" ".join(draw.choices(letters, k=50)) for _ in range(100)),
        model_prefix=str(folder / "spiece"), model_type="word", vocab_size=len(letters) + 3,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, minloglevel=2,
    )  # fmt: skip


def write_letters(folder, pieces):
    """Write a vocabulary as Ankh's: a tokenizer.json whose pieces are bare letters."""
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((piece, -3.0) for piece in pieces)]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=2))
    tokenizer.post_processor = processors.TemplateProcessing(single=["$A", "</s>"], special_tokens=[("</s>", 1)])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "T5Tokenizer"}')


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return a folder for each family, with the files that its authors give: encoder and decoder, and vocabulary."""
    found = {family: tmp_path_factory.mktemp("models") / family for family in FAMILIES}
    torch.manual_seed(0)
    found["prott5"].mkdir()
    module = T5ForConditionalGeneration(config())
    module.config.save_pretrained(found["prott5"])
    torch.save(module.state_dict(), found["prott5"] / "pytorch_model.bin")
    write_pieces(found["prott5"], LETTERS)
    T5ForConditionalGeneration(config(feed_forward_proj="gated-gelu")).save_pretrained(found["ankh"])
    write_letters(found["ankh"], LETTERS)
    return found


@pytest.fixture(params=FAMILIES)
def model(request, folders):
    return str(folders[request.param])


@pytest.fixture
def copied(folders, tmp_path):
    """Return a function that copies a family's folder, to change it."""
    return lambda family: shutil.copytree(folders[family], tmp_path / "copy")


def tokens_of(model, sequence):
    """Return the tokens as the README of each family makes them: of words for ProtT5, of a list for Ankh."""
    if model.endswith("prott5"):
        words = " ".join(re.sub("[UZOB]", "X", sequence))
        return SentencePieceProcessor(model_file=f"{model}/spiece.model").encode(words, add_eos=True)
    marks = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=f"{model}/tokenizer.json", **marks)
    return tokenizer(list(sequence), is_split_into_words=True)["input_ids"]


def direct(model, sequence):
    """Return each residue's vector from a pass of one sequence through the encoder of transformers."""
    with torch.no_grad():
        hidden = T5EncoderModel.from_pretrained(model).eval()(torch.tensor([tokens_of(model, sequence)]))[0]
    assert hidden.shape == (1, len(sequence) + 1, 16)
    return hidden[0, :-1].numpy()


def loaded(model):
    return load_encoder(str(model), device="cpu", batch_tokens=100, window=100, overlap=10)


def error_of(model):
    """Return the sentence that refuses the model."""
    with pytest.raises(InputError) as caught:
        loaded(model)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_embedding_is_the_mean_over_the_residues_without_end_and_padding(tmp_path, model):
    vectors = embedded(tmp_path, PROTEINS, model=model, **WIDE)
    for vector, sequence in zip(vectors, PROTEINS.values(), strict=True):
        assert close(vector, direct(model, sequence).mean(axis=0))
    assert not close(vectors[0], vectors[1])


def test_neither_batches_nor_order_matter(tmp_path, model):
    alone = embedded(tmp_path, PROTEINS, model=model, **WIDE, batch_tokens=1)
    for tokens in (20, 64):
        assert close(alone, embedded(tmp_path, PROTEINS, model=model, **WIDE, batch_tokens=tokens))
    turned = embedded(tmp_path, dict(reversed(PROTEINS.items())), model=model, **WIDE)
    assert close(alone, turned[::-1])


def test_positions_have_no_limit(tmp_path, model):
    (vector,) = embedded(tmp_path, {"P700": LONG}, model=model, window=2000, overlap=0)
    assert close(vector, direct(model, LONG).mean(axis=0))


def test_a_residue_in_two_windows_counts_as_the_mean_of_both(tmp_path, model):
    sequence = "MACDEFG"  # one residue too long: the windows are MACDEF and ACDEFG
    first, second = direct(model, "MACDEF"), direct(model, "ACDEFG")
    expected = (first[0] + (first[1:] + second[:-1]).sum(axis=0) / 2 + second[-1]) / 7
    (vector,) = embedded(tmp_path, {"P7": sequence}, model=model, window=6, overlap=2)
    assert close(vector, expected)
    assert not close(vector, direct(model, sequence).mean(axis=0))


@pytest.mark.parametrize("at", [0, 1, 2])
def test_an_interrupted_run_goes_on_and_gives_the_same_bytes(tmp_path, model, monkeypatch, at):
    whole, resumed = tmp_path / "whole.h5", tmp_path / "resumed.h5"
    embed_sequences(PROTEINS, whole, model=model, **SMALL)
    with monkeypatch.context() as patch:
        interrupt(patch, at)
        with pytest.raises(InterruptionError):
            embed_sequences(PROTEINS, resumed, model=model, **SMALL)
    with monkeypatch.context() as patch:
        done = interrupt(patch, -1)
        embed_sequences(PROTEINS, resumed, model=model, **SMALL)
    assert len(done) == 3 - at  # P30 in 3 windows of 12; P9, P5 and P4 in 30 tokens; P1
    assert whole.read_bytes() == resumed.read_bytes()


def test_rare_letters_are_x_for_prott5_and_tokens_of_their_own_for_ankh(folders):
    for family, own in (("prott5", False), ("ankh", True)):
        encoder = loaded(folders[family])
        x, *others = encoder.embed(["MXK", "MUK", "MZK", "MOK", "MBK"])
        assert [not close(x, other) for other in others] == [own] * 4
        assert close(x, encoder.embed(["MJK"])[0])  # no vocabulary has it
        assert close(others, [direct(str(folders[family]), f"M{letter}K").mean(axis=0) for letter in "UZOB"])


def test_the_decoder_is_not_loaded(tmp_path, model):
    assert not [name for name, _ in loaded(model).module.named_parameters() if "decoder" in name]
    alone = tmp_path / "alone"  # a file of the encoder alone, as prot_t5_xl_half_uniref50-enc
    T5EncoderModel.from_pretrained(model).save_pretrained(alone)
    for file in ("spiece.model", "tokenizer.json", "tokenizer_config.json"):
        if Path(model, file).exists():
            shutil.copy(Path(model, file), alone)
    assert np.array_equal(loaded(alone).embed(["MKLV"]), loaded(model).embed(["MKLV"]))


def test_weights_stored_in_half_precision_are_used_in_single_precision(folders, copied):
    half = copied("prott5")
    weights = torch.load(half / "pytorch_model.bin")
    torch.save({name: tensor.half() for name, tensor in weights.items()}, half / "pytorch_model.bin")
    encoder = loaded(half)
    assert encoder.module.dtype == torch.float32
    rounded = T5EncoderModel.from_pretrained(folders["prott5"]).half().float().eval()
    with torch.no_grad():
        hidden = rounded(torch.tensor([tokens_of(str(folders["prott5"]), "MKLV")]))[0]
    assert close(encoder.embed(["MKLV"])[0], hidden[0, :-1].mean(dim=0).numpy())


@pytest.mark.parametrize(
    "weight",
    [
        "shared.weight",
        "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
        "encoder.block.1.layer.1.DenseReluDense.wo.weight",
        "encoder.final_layer_norm.weight",
    ],
)
@pytest.mark.parametrize("family", FAMILIES)
def test_weights_that_a_file_lacks_are_not_made_up(copied, family, weight):
    short = copied(family)
    lacking = {weight, "encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"}
    if family == "prott5":
        weights = torch.load(short / "pytorch_model.bin")
        torch.save(
            {name: tensor for name, tensor in weights.items() if name not in lacking}, short / "pytorch_model.bin"
        )
    else:
        weights = load_file(short / "model.safetensors")
        kept = {name: tensor for name, tensor in weights.items() if name not in lacking}
        save_file(kept, short / "model.safetensors", metadata={"format": "pt"})
    assert error_of(short) == f"model: found '{short}' without its weights '{weight}', expected all; fetch it again"


def test_a_decoder_may_lack_weights(folders, copied):
    short = copied("prott5")
    weights = torch.load(short / "pytorch_model.bin")
    torch.save({name: tensor for name, tensor in weights.items() if "decoder" not in name}, short / "pytorch_model.bin")
    assert np.array_equal(loaded(short).embed(["MKLV"]), loaded(folders["prott5"]).embed(["MKLV"]))


def test_a_model_without_an_encoder_is_refused(tmp_path):
    GPT2LMHeadModel(GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=50)).save_pretrained(tmp_path)
    found = f"model: found '{tmp_path}' of the kind 'gpt2'"
    assert error_of(tmp_path) == f"{found}; expected one such as ESM-2, ProtT5 or Ankh, of the kind 'esm' or 't5'"


def test_a_vocabulary_without_the_residues_is_refused(copied, folders):
    other = copied("prott5")
    write_pieces(other, LETTERS.replace("W", ""))
    sentence = f"model: found '{other}', whose vocabulary lacks a residue, X or the tokens for start, end and padding;"
    assert error_of(other).startswith(sentence)
    shutil.rmtree(other)
    write_letters(copied("ankh"), LETTERS.replace("X", ""))
    assert error_of(other).startswith(sentence)


def test_a_folder_without_a_vocabulary_is_refused(copied):
    other = copied("prott5")
    (other / "spiece.model").unlink()
    assert error_of(other).startswith(f"model: found '{other}', whose vocabulary lacks a residue")


def test_a_model_of_texts_is_refused(copied):
    other = copied("ankh")
    write_letters(other, [*LETTERS, "the"])
    assert "whose vocabulary has words, such as 'the'; expected one such as ESM-2" in error_of(other)


def test_models_that_want_to_be_told_their_task_are_refused(copied):
    other = copied("prott5")
    (other / "added_tokens.json").write_text('{"<fold2AA>": 148, "<AA2fold>": 149}')
    assert "which expects <AA2fold> before each sequence, as ProstT5 and Ankh 3 do" in error_of(other)
    shutil.rmtree(other)
    write_letters(copied("ankh"), [*LETTERS, "[NLU]"])
    assert "which expects [NLU] before each sequence, as ProstT5 and Ankh 3 do" in error_of(other)


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0a\nsize 5\n"


@pytest.mark.parametrize(
    "file, content, sentence",
    [
        (
            "pytorch_model.bin",
            POINTER,
            "pytorch_model.bin: found a Git LFS pointer instead of the file; run 'git lfs pull'",
        ),
        ("spiece.model", POINTER, "spiece.model: found a Git LFS pointer instead of the file; run 'git lfs pull'"),
        ("pytorch_model.bin", "", "pytorch_model.bin: found no weights of PyTorch; fetch the file again"),
        ("pytorch_model.bin", "<html>", "pytorch_model.bin: found no weights of PyTorch; fetch the file again"),
        ("spiece.model", "notes", "of which a file cannot be read (INTERNAL: could not parse ModelProto from"),
    ],
)
def test_a_damaged_file_is_named(copied, file, content, sentence):
    other = copied("prott5")
    (other / file).write_text(content)
    assert sentence in error_of(other)


def test_half_a_file_of_weights_is_refused(copied):
    weights = copied("prott5") / "pytorch_model.bin"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    assert error_of(weights.parent).startswith(
        f"model: found '{weights.parent}', neither a folder with a language model"
    )


def test_weights_of_another_size_are_refused(copied):
    other = copied("prott5")
    written = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(written | {"d_ff": 64}))
    assert "it may be damaged, or not be the one that the configuration describes" in error_of(other)


def test_without_sentencepiece_the_extra_is_named_where_it_is_needed(folders, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    assert re.match(
        r"embeddings: found no sentencepiece.*: pip install 'genessl\[embeddings\]'", error_of(folders["prott5"])
    )
    loaded(folders["ankh"])


def test_bfloat16_holds_the_numbers_that_overflow_in_float16(copied):
    large = copied("prott5")
    weights = torch.load(large / "pytorch_model.bin")
    name = "encoder.block.0.layer.1.DenseReluDense.wo.weight"
    torch.save(weights | {name: weights[name] * 1e6}, large / "pytorch_model.bin")
    single = loaded(large)
    assert single.precision == "single"
    vectors = {precision: replace(single, precision=precision).embed(["MKLV"]) for precision in ("half", "bfloat16")}
    assert not np.isfinite(vectors["half"]).all()
    assert np.abs(vectors["bfloat16"] - single.embed(["MKLV"])).max() < 0.05 * np.abs(vectors["bfloat16"]).max()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_stays_near_single_precision(tmp_path, model):
    single = embedded(tmp_path, PROTEINS, model=model, **WIDE, device="cpu")
    reduced = embedded(tmp_path, PROTEINS, model=model, **WIDE, device="cuda")
    assert np.abs(single - reduced).max() < 0.05 * np.abs(single).max()

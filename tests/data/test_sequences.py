import gzip
from pathlib import Path

import pytest

from genessl.data.sequences import read_fasta, read_sequences
from genessl.errors import InputError


def written(folder: Path, text: str) -> Path:
    path = folder / "proteins.fasta"
    path.write_text(text, encoding="utf-8")
    return path


def test_names_are_the_accession_of_uniprot_headers_else_the_first_word(tmp_path: Path) -> None:
    headers = {
        ">sp|O13297|CET1_YEAST mRNA-capping enzyme OS=Saccharomyces cerevisiae": "O13297",
        ">tr|A0A023PYF4|A0A023PYF4_YEAST Uncharacterized": "A0A023PYF4",
        ">4932.YAL001C": "4932.YAL001C",
        ">YAL003W elongation factor": "YAL003W",
        ">gi|123|ref|NP_1.1| other": "gi|123|ref|NP_1.1|",
        ">\tYAL005C\tHsp70": "YAL005C",
    }
    path = written(tmp_path, "".join(f"{header}\nMK\n" for header in headers))
    assert list(read_fasta(path)) == list(headers.values())


def test_lines_join_to_one_upper_case_sequence_in_file_order(tmp_path: Path) -> None:
    path = written(tmp_path, "\n>b\nMSTnpk\n\nPQRK\n>a\nmk*\n")
    assert list(read_fasta(path).items()) == [("b", "MSTNPKPQRK"), ("a", "MK")]


def test_sequences_alone_are_read_whatever_their_names(tmp_path: Path) -> None:
    path = tmp_path / "made.fasta"
    path.write_text(">sp|P1|A\nmkv\n>sp|P1|B\nMKL\nA\n>x\nMKV\n")
    assert read_sequences(path) == ["MKV", "MKLA", "MKV"]


def test_gzip_reads_as_plain(tmp_path: Path) -> None:
    path = tmp_path / "proteins.fasta.gz"
    path.write_bytes(gzip.compress(b">a\nMK\n"))
    assert read_fasta(path) == {"a": "MK"}


def test_non_standard_residues_stay_and_gaps_and_final_stops_go(tmp_path: Path) -> None:
    path = written(tmp_path, ">a\nMXBZUOJ*K--M K**\n")
    assert read_fasta(path) == {"a": "MXBZUOJ*KMK"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!DOCTYPE html>\n<html>\n", r":1: found a web page instead of the file"),
        ("format-version: 1.2\n\n[Term]\n", r":1: expected a '>' header, found 'format-version: 1.2'"),
        ("\n\nMSTNPKPQRK\n", r":3: expected a '>' header, found 'MSTNPKPQRK'"),
        ("\n\n", r"proteins.fasta: expected sequences in FASTA, found blank lines only"),
        (">a\nMK\n>b\nMK\n>a x\nMR\n", r":5: expected each gene once, found 'a' already at line 1"),
        (">sp|A|X\nMK\n>tr|A|Y\nMK\n", r":3: expected each gene once, found 'A' already at line 1"),
        (">a\nMK\n>b\n>c\nMK\n", r":3: expected residues for 'b', found none"),
        (">a\nMK\n>b\n*\n", r":3: expected residues for 'b', found none"),
        (">a\nMK\n>b\n", r":3: expected residues for 'b', found none"),
        (">a\nMK\nM4K\n", r":3: expected residues as letters, '\*' or '-', found '4'"),
        (">a\nMKé\n", r":2: expected residues as letters, '\*' or '-', found 'é'"),
        (">\nMK\n", r":1: expected a name after '>', found none"),
    ],
)
def test_what_is_no_fasta_ends_in_one_sentence_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_fasta(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_an_empty_file_and_a_truncated_gzip_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the file is empty"):
        read_fasta(written(tmp_path, ""))
    path = tmp_path / "cut.fasta.gz"
    path.write_bytes(gzip.compress(b">a\nMK\n" * 1)[:-6])
    with pytest.raises(InputError, match="compressed file is damaged"):
        read_fasta(path)

import gzip
from pathlib import Path

import pytest

from genessl.data.coverage import Coverage
from genessl.data.identifiers import GeneIdentifiers
from genessl.data.sequences import (
    ISOFORM,
    REPEATED,
    Proteins,
    count_proteins,
    read_fasta,
    read_proteins,
    read_sequences,
)
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
        (">sp|A|X\nMK\n>tr|A|Y\nMR\n", r":3: expected each gene once, found 'A' already at line 1 with another seq"),
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


def resolved(proteins: Proteins, names: list[str]) -> dict[str, str]:
    return GeneIdentifiers(list(proteins.sequences), [proteins.aliases]).resolve(names).targets


@pytest.mark.parametrize(
    "header",
    [
        "TR_{0}.1 gene={0} status=Confirmed",
        "TR_{0}.1 pep chromosome:S:1:9:1 gene:{0} transcript:TR_{0}.1",
        "lcl|NC_9.1_prot_NP_{0}.1_1 [locus_tag={0}] [protein=made up]",
        "FBpp_{0} type=polypeptide; parent={0},FBtr_{0}; name=made-up",
        "TR_{0}.1.p pacid=1 locus={0} annot-version=v1.0",
        "gi|1|ref|{0}.1| made up",
        "ENSP|{0} [gene={0}]",
        "TR_{0} locus_tag:{0}",
    ],
)
def test_the_gene_that_a_header_names_is_an_alias_of_its_record(tmp_path: Path, header: str) -> None:
    genes = [f"SYN{number:05d}" for number in range(1, 9)]
    path = written(tmp_path, "".join(f">{header.format(gene)}\nMK\n" for gene in genes))
    proteins = read_proteins(path)
    if header.startswith("gi|"):  # accession with its version, and without it if it is one of NCBI
        genes = [f"{gene}.1" for gene in genes]
    assert list(resolved(proteins, genes)) == genes
    assert len(set(resolved(proteins, genes).values())) == 8


def test_free_text_names_nothing(tmp_path: Path) -> None:
    path = written(
        tmp_path, ">a like SYN1 (gene SYN2) OS=SYN3\nMK\n>b description:gene:SYN4 [Source:SGD;Acc:SYN5]\nMK\n"
    )
    assert read_proteins(path).aliases.sources == {}


def test_accessions_with_and_without_version_and_numbers_of_ncbi_are_aliases(tmp_path: Path) -> None:
    path = written(tmp_path, ">gi|1001|ref|NP_900001.1| x\nMK\n>gi|1002|ref|NP_900002.1| y\nMK\n")
    targets = resolved(read_proteins(path), ["1002", "NP_900001", "NP_900002.1"])
    assert targets == {
        "1002": "gi|1002|ref|NP_900002.1|",
        "NP_900001": "gi|1001|ref|NP_900001.1|",
        "NP_900002.1": "gi|1002|ref|NP_900002.1|",
    }


@pytest.mark.parametrize(
    ("records", "kept"),
    [
        ({"sp|P00001|A_X": "MKV", "sp|P00001-2|A_X": "MKVL", "tr|P00002|B_X": "MK"}, {"P00001": "MKV", "P00002": "MK"}),
        ({"P00001-2": "MKVL", "P00001": "MKV"}, {"P00001": "MKV"}),
        ({"sp|P00001-3|A": "MKV", "sp|P00001-2|A": "MKVL"}, {"P00001-2": "MKVL"}),
        ({"p1 gene:G.1": "MK", "p2 gene:G.1": "MKV", "p3 gene:H.1": "M"}, {"p2": "MKV", "p3": "M"}),
        ({"p2 gene=WBGene1": "MK", "p1 gene=WBGene1": "MK"}, {"p1": "MK"}),
        ({"FBpp1 parent=FBgn1,FBtr1;": "MK", "FBpp2 parent=FBgn1,FBtr2;": "MKV"}, {"FBpp2": "MKV"}),
        ({"T.1.p pacid=1 locus=T": "MKV", "T.2.p pacid=2 locus=T": "MK"}, {"T.1.p": "MKV"}),
        ({"a [locus_tag=L1]": "MK", "L1 [locus_tag=L1]": "M"}, {"L1": "M"}),
        ({"AT1G90001.1 | Symbols: S1": "MK", "AT1G90001.2 | Symbols: S1": "MKV"}, {"AT1G90001.2": "MKV"}),
        ({"SPAC9000.01.1:pep s|x": "MKV", "SPAC9000.01.2:pep s|x": "MK"}, {"SPAC9000.01.1:pep": "MKV"}),
        ({"AT1G90001|AT1G90001.1": "MKV", "AT1G90001|AT1G90001.2": "MK"}, {"AT1G90001|AT1G90001.1": "MKV"}),
        ({"AT1G90001.1|PACid:1": "MK", "AT1G90001.2|PACid:2": "MKV"}, {"AT1G90001.2|PACid:2": "MKV"}),
        ({"Synt.001G900100.1.p": "MK", "Synt.001G900100.2.p": "MKV"}, {"Synt.001G900100.2.p": "MKV"}),
        ({"TraesCS1A02G900100.1": "MKV", "TraesCS1A02G900100.2": "MK"}, {"TraesCS1A02G900100.1": "MKV"}),
        ({"Os01t0900100-01": "MKV", "Os01t0900100-02": "MK"}, {"Os01t0900100-01": "MKV"}),
        ({"AGAP900677-PA": "MK", "AGAP900677-PB": "MKV"}, {"AGAP900677-PB": "MKV"}),
        ({"SYN_000001-T1": "MKV", "SYN_000001-T2": "MK"}, {"SYN_000001-T1": "MKV"}),
        ({"jg7.t1": "MK", "jg7.t2": "MKV", "jg8.t1": "M"}, {"jg7.t2": "MKV", "jg8.t1": "M"}),
        (
            {"maker-s1-snap-gene-0.1-mRNA-1": "M", "maker-s1-snap-gene-0.1-mRNA-2": "MK"},
            {"maker-s1-snap-gene-0.1-mRNA-2": "MK"},
        ),
        ({"TRINITY_DN1_c0_g1_i1.p1": "M", "TRINITY_DN1_c0_g1_i2.p1": "MK"}, {"TRINITY_DN1_c0_g1_i2.p1": "MK"}),
    ],
)
def test_isoforms_reduce_to_the_one_with_the_genes_name_else_the_longest(
    tmp_path: Path, records: dict[str, str], kept: dict[str, str]
) -> None:
    path = written(tmp_path, "".join(f">{header}\n{sequence}\n" for header, sequence in records.items()))
    proteins = read_proteins(path)
    assert proteins.sequences == kept
    assert proteins.dropped == {ISOFORM: len(records) - len(kept)}
    names = [word.split("|")[1] if word[2:3] == "|" else word for word in (header.split()[0] for header in records)]
    assert resolved(proteins, names).keys() == set(names)


@pytest.mark.parametrize(
    "headers",
    [
        ["SPAC9000.01", "SPAC9000.02"],
        ["YSY001C", "YSY001C-A"],
        ["sp|P00001|A_X A GN=HSP", "sp|P00002|B_X B GN=HSP"],
        ["x [gene=hsp]", "y [gene=hsp]"],
        ["x gene=unknown", "y gene=unknown"],
        ["x gene_symbol:HSP", "y gene_symbol:HSP"],
        ["HSP-1", "HSP-2", "HSP"],
        ["SYN1.1", "SYN1.2"],
    ],
)
def test_records_of_one_symbol_or_with_a_bare_suffix_stay_apart(tmp_path: Path, headers: list[str]) -> None:
    proteins = read_proteins(written(tmp_path, "".join(f">{header}\nMK\n" for header in headers)))
    assert (len(proteins.sequences), proteins.dropped) == (len(headers), {})


def test_a_record_that_repeats_name_and_sequence_is_left_out_and_counted(tmp_path: Path) -> None:
    proteins = read_proteins(written(tmp_path, ">sp|P00001|A_X\nMK\n>b\nMK\n>tr|P00001|A_X\nMK*\n>b c\nM-k\n"))
    assert proteins.sequences == {"P00001": "MK", "b": "MK"}
    assert proteins.dropped == {REPEATED: 2}


def test_coverage_balances_records_and_repairs(tmp_path: Path) -> None:
    path = written(tmp_path, ">a gene=g\nM-K*\n>b gene=g\nMKV.\n>c\nSequence unavailable\n>d\nMK\n")
    proteins = read_proteins(path)
    coverage = Coverage()
    n_proteins = len(proteins.sequences)
    count_proteins(
        coverage, "sequences", "genes", n_proteins=n_proteins, dropped=proteins.dropped, repairs=proteins.repairs
    )
    coverage.check()
    counts = {(unit, outcome): count for _, unit, outcome, count in coverage.table().itertuples(index=False)}
    assert counts == {
        ("genes", "held"): 4,
        ("genes", "joined"): 2,
        ("genes", "placeholder instead of a sequence"): 1,
        ("genes", "isoform of another record"): 1,
        ("sequences without their gaps", "held"): 1,
        ("sequences without their gaps", "joined"): 1,
        ("sequences with '.' read as a stop", "held"): 1,
        ("sequences with '.' read as a stop", "joined"): 1,
        ("sequences without the stop at their end", "held"): 2,
        ("sequences without the stop at their end", "joined"): 2,
    }


def test_each_reason_is_told_once_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    read_proteins(written(tmp_path, "".join(f">p{k} gene=g{k % 3}\nMK*\n" for k in range(9))))
    assert [record.getMessage().split("fasta: ")[1] for record in caplog.records] == [
        "9 sequences without the stop at their end",
        "6 records left out: isoform of another record",
    ]

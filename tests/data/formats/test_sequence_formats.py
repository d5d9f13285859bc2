"""What other programs write into FASTA, and what their headers name; all identifiers are made up."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genessl.data.formats.sequences.descriptions import read_description
from genessl.data.formats.sequences.fasta import PLACEHOLDER, read_records
from genessl.data.formats.sequences.headers import read_header
from genessl.data.sequences import read_proteins
from genessl.errors import InputError


def written(folder: Path, text: str) -> Path:
    path = folder / "proteins.fasta"
    path.write_text(text, encoding="utf-8")
    return path


def strings(letters: str, n: int, length: int = 200) -> list[str]:
    chosen = random.Random(1)
    return ["".join(chosen.choice(letters) for _ in range(length)) for _ in range(n)]


def fasta(sequences: list[str]) -> str:
    return "".join(f">g{row}\n{sequence}\n" for row, sequence in enumerate(sequences))


# ------------------------------------------------------------------------------------------- placeholders


@pytest.mark.parametrize(
    "words",
    [
        "Sequence unavailable",
        "sequence unavailable.",
        "SEQUENCE_UNAVAILABLE",
        "SequenceUnavailable",
        "No sequence",
        "No protein sequence found for this transcript",
        "sequence not available",
        "null",
        "None",
        "N/A",
        "nan",
        "No UTR is annotated for this transcript",
        "No peptide annotated",
        "no translation available",
        "Not a coding sequence",
        "Error: sequence retrieval failed",
        "Sequence too long",
        "No hits found",
        "not applicable",
        "withdrawn",
        "Pseudogene",
    ],
)
def test_words_instead_of_a_sequence_leave_the_record_out_and_are_counted(tmp_path: Path, words: str) -> None:
    path = written(tmp_path, f">a\nMKV\n>b\n{words}\n>c\n{words}\n>d\nMRL\n")
    proteins = read_proteins(path)
    assert proteins.sequences == {"a": "MKV", "d": "MRL"}
    assert proteins.dropped == {PLACEHOLDER: 2}


def test_a_file_of_placeholders_alone_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"fasta:2: found 'Sequence unavailable' and no sequence in any record"):
        read_proteins(written(tmp_path, ">a\nSequence unavailable\n>b\nSequence unavailable\n"))


@pytest.mark.parametrize(
    "residues", ["NAV", "NANA", "MSEQ", "SEQVENCE", "NQNE", "MNAMELESS", "NLNG", "ANAN", "INTHEGENE", "DATA"]
)
def test_residues_that_resemble_words_are_residues(tmp_path: Path, residues: str) -> None:
    assert read_proteins(written(tmp_path, f">a\n{residues}\n")).sequences == {"a": residues}


def test_the_last_line_of_a_sequence_may_spell_a_placeholder(tmp_path: Path) -> None:
    assert read_proteins(written(tmp_path, ">a\nMKVL\nNA\n")).sequences == {"a": "MKVLNA"}


# ------------------------------------------------------------------ stops, gaps, numbers, comments, other files


def test_dots_are_stops(tmp_path: Path) -> None:
    proteins = read_proteins(written(tmp_path, ">a\nMKTA.QISF.\n>b\nMKTA*QISF*\n>c\nMKT..\n"))
    assert proteins.sequences == {"a": "MKTA*QISF", "b": "MKTA*QISF", "c": "MKT"}
    assert proteins.repairs == {
        "sequences with '.' read as a stop": 2,
        "sequences without the stop at their end": 3,
    }


def test_gaps_are_removed_and_counted_by_sequence(tmp_path: Path) -> None:
    proteins = read_proteins(written(tmp_path, ">a\n--MK-V\n>b\nMKV\n"))
    assert (proteins.sequences, proteins.repairs) == ({"a": "MKV", "b": "MKV"}, {"sequences without their gaps": 1})


@pytest.mark.parametrize(
    "lines", ["        1 mkvlaagivg llaagmkvla\n       21 mkv\n", "MKVLAAGIVG LLAAGMKVLA 20\nMKV 23\n"]
)
def test_numbers_that_count_positions_are_removed_and_counted(tmp_path: Path, lines: str) -> None:
    proteins = read_proteins(written(tmp_path, f">a\n{lines}"))
    assert proteins.sequences == {"a": "MKVLAAGIVGLLAAGMKVLAMKV"}
    assert proteins.repairs == {"lines without their position numbers": 2}


@pytest.mark.parametrize("comment", [";a comment of the old format", "# PEFF 1.0", "; >not a header"])
def test_comment_lines_are_skipped_anywhere_and_counted(tmp_path: Path, comment: str) -> None:
    proteins = read_proteins(written(tmp_path, f"{comment}\n>a\nMK\n{comment}\nVL\n"))
    assert (proteins.sequences, proteins.repairs) == ({"a": "MKVL"}, {"comment lines skipped": 2})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            ">P1;CRAB_SYN\nCRYSTALLIN B CHAIN\nMDIT*\n",
            r":1: expected a header of FASTA, found '>P1;CRAB_SYN' of .* PIR",
        ),
        ("; a comment\n", r"fasta: expected sequences in FASTA, found comments only"),
        ("LOCUS       SYN1 120 aa\n", r":1: expected a '>' header, found 'LOCUS"),
        ("@read1\nACGT\n+\nIIII\n", r":1: expected a '>' header, found '@read1'"),
        (">a\n40 40 38\n", r":1: expected residues for 'a', found none"),
        (">a\nMK/V\n", r":2: expected residues as letters, '\*' or '-', found '/'"),
    ],
)
def test_other_formats_are_refused_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        read_proteins(written(tmp_path, text))
    assert "\n" not in str(caught.value)


# -------------------------------------------------------------------------------------------- nucleotides


@pytest.mark.parametrize(
    "sequences",
    [
        strings("ACGT", 12, 600),
        strings("ACGU", 3),
        strings("acgtn", 12),
        strings("ACGT", 1, 60),
        ["NNNNNNNNNN" + "ACGTRACGGTATCCGATTAGCAYCGT" * 10],
        strings("ACGT", 40, 20),
        strings("AAAAAACTTTTTTTG", 12),
    ],
    ids=["dna", "rna", "lower case with n", "one", "codes for several bases", "short reads", "rich in A and T"],
)
def test_nucleotides_are_no_proteins(tmp_path: Path, sequences: list[str]) -> None:
    with pytest.raises(InputError, match=r":1: .*look like nucleotides .*give the proteins \(translated coding sequen"):
        read_records(written(tmp_path, fasta(sequences)))


def test_the_first_nucleotide_record_among_proteins_is_named(tmp_path: Path) -> None:
    proteins = strings("ACDEFGHIKLMNPQRSTVWY", 8)
    mixed = [*proteins[:5], *strings("ACGT", 2), *proteins[5:]]
    with pytest.raises(
        InputError, match=r":11: expected a protein, found 'g5', which looks like nucleotides, as do 2 of 10"
    ):
        read_records(written(tmp_path, fasta(mixed)))


def test_short_nucleotides_among_proteins_are_found_together(tmp_path: Path) -> None:
    proteins = strings("ACDEFGHIKLMNPQRSTVWY", 8)
    with pytest.raises(InputError, match=r":17: expected a protein, found 'g8', .* as do 3 of 11 records"):
        read_records(written(tmp_path, fasta([*proteins, *strings("ACGT", 3, 40)])))


@pytest.mark.parametrize(
    "sequences",
    [
        ["ACGT", "MK", "GATTACA", "ACAGTT"],
        ["GGAGGAGYGSGGA" * 20],
        ["MDPTCGCAAGGDSCTCAGSCKCKECKCTSCKKSCCSCCPVGCAKCAQGCICKGASDKCSCCA"],
        ["A" * 300, "MG" * 90, "GAT" * 80],
        strings("GAVCTSN", 3),
        ["X" * 200],
    ],
    ids=["short", "rich in G and A", "metallothionein", "repeats", "small alphabet", "unknown residues"],
)
def test_proteins_of_few_different_residues_are_proteins(tmp_path: Path, sequences: list[str]) -> None:
    assert len(read_records(written(tmp_path, fasta(sequences))).records) == len(sequences)


# ------------------------------------------------------------------------------------------------ headers

HEADERS = {
    "UniProt": (
        "sp|P00001|SYN1_YEAST Made-up protein GN=not OS=Saccharomyces synthetica OX=1 GN=SYN1 PE=1 SV=2",
        "P00001", None, {"SYN1_YEAST": "entry name", "SYN1": "gene_name"},
    ),
    "NCBI by number": (
        "gi|1001|ref|NP_900001.1| made-up protein SYN001",
        "gi|1001|ref|NP_900001.1|", None, {"1001": "gi_id", "NP_900001.1": "protein_id", "NP_900001": "protein_id"},
    ),
    "NCBI of Swiss-Prot": (
        "gi|1002|sp|P00002.3|SYN2_YEAST GENE 2",
        "gi|1002|sp|P00002.3|SYN2_YEAST", None,
        {"1002": "gi_id", "P00002": "UniProt_AC", "SYN2_YEAST": "entry name"},
    ),
    "NCBI coding sequence": (
        "lcl|NC_900000.1_prot_NP_900003.2_12 [gene=syn3] [locus_tag=Syn_0003] [db_xref=GeneID:77,InterPro:IPR000001]"
        " [protein=made-up gene=protein] [protein_id=NP_900003.2] [location=1..9] [gbkey=CDS]",
        "lcl|NC_900000.1_prot_NP_900003.2_12", "Syn_0003",
        {"NP_900003.2": "protein_id", "NP_900003": "protein_id", "Syn_0003": "gene_id", "syn3": "gene_name",
         "77": "NCBI_gene_id"},
    ),
    "Ensembl": (
        "ENSSYNP00000000004.5 pep chromosome:S1:7:1:9:1 gene:ENSSYNG00000000004.11 transcript:ENSSYNT00000000004.2"
        " gene_biotype:protein_coding gene_symbol:SYN4 description:like gene:OTHER [Source:HGNC Symbol;Acc:HGNC:658]",
        "ENSSYNP00000000004.5", "ENSSYNG00000000004.11",
        {"ENSSYNP00000000004": "protein_id", "ENSSYNG00000000004.11": "gene_id", "ENSSYNG00000000004": "gene_id",
         "SYN4": "gene_name", "ENSSYNT00000000004.2": "transcript_id", "ENSSYNT00000000004": "transcript_id"},
    ),
    "GENCODE": (
        "ENSP00000900005.2|ENST00000900005.1|ENSG00000900005.7|-|OTTHUMT00000900005.3|SYN5-201|SYN5|326",
        "ENSP00000900005.2|ENST00000900005.1|ENSG00000900005.7|-|OTTHUMT00000900005.3|SYN5-201|SYN5|326",
        "ENSG00000900005.7",
        {"ENSP00000900005.2": "protein_id", "ENSP00000900005": "protein_id", "ENST00000900005.1": "transcript_id",
         "ENST00000900005": "transcript_id", "ENSG00000900005.7": "gene_id", "ENSG00000900005": "gene_id",
         "OTTHUMT00000900005.3": "record_id", "SYN5": "gene_name"},
    ),
    "WormBase": (
        "SY1.6a wormpep=CE90006 gene=WBGene90000006 locus=syn-6 status=Confirmed uniprot=P00006 product=\"gene=x\"",
        "SY1.6a", "WBGene90000006",
        {"WBGene90000006": "gene_id", "syn-6": "gene_name", "CE90006": "wormpep_id", "P00006": "UniProt_AC"},
    ),
    "FlyBase": (
        "FBpp9000007 type=polypeptide; loc=X:join(1..2,5..9); ID=FBpp9000007; name=Syn7-PB; parent=FBgn9000007,"
        "FBtr9000007; dbxref=FlyBase:FBpp9000007,FlyBase_Annotation_IDs:CG90007-PB,GB_protein:AAA90007.2; length=7;",
        "FBpp9000007", "FBgn9000007",
        {"FBgn9000007": "gene_id", "FBtr9000007": "transcript_id", "Syn7-PB": "record_id", "Syn7": "gene_name",
         "CG90007-PB": "record_id", "CG90007": "gene_name", "AAA90007.2": "protein_id", "AAA90007": "protein_id"},
    ),
    "Phytozome": (
        "Synt.001G8.1.p pacid=9000008 transcript=Synt.001G8.1 locus=Synt.001G8 ID=Synt.001G8.1.v3.0 annot-version=v3.0",
        "Synt.001G8.1.p", "Synt.001G8",
        {"Synt.001G8": "gene_id", "Synt.001G8.1": "transcript_id", "Synt.001G8.1.v3.0": "record_id",
         "PAC:9000008": "pacid_id"},
    ),
    "TAIR": (
        "AT1G90009.1 | Symbols: SYN9, ASYN9 | made-up domain | chr1:1-9 FORWARD LENGTH=9",
        "AT1G90009.1", "AT1G90009", {"AT1G90009": "gene_id", "SYN9": "gene_name", "ASYN9": "gene_name"},
    ),
    "PomBase": (
        "SPAC9000.10c.1:pep syn10|made-up protein Syn10",
        "SPAC9000.10c.1:pep", "SPAC9000.10c", {"SPAC9000.10c": "gene_id", "syn10": "gene_name"},
    ),
    "SGD": (
        "YSY011C SYN11 SGDID:S900000011, Chr I from 1-9, Verified ORF, \"Subunit; binds gene=OTHER\"",
        "YSY011C", None, {"S900000011": "record_id", "SYN11": "gene_name"},
    ),
    "MaizeGDB": ("Zm90001eb000012_P003", "Zm90001eb000012_P003", "Zm90001eb000012", {"Zm90001eb000012": "gene_id"}),
    "VEuPathDB": (
        "SYF3_0013.1-p1 | transcript=SYF3_0013.1 | gene=SYF3_0013 | gene_product=made up | location=1:2-3(+)",
        "SYF3_0013.1-p1", "SYF3_0013", {"SYF3_0013": "gene_id", "SYF3_0013.1": "transcript_id"},
    ),
    "dictyBase": (
        "DDB9000017|DDB_G9000017|Protein|gene: synA on chromosome: 2 position 1 to 2",
        "DDB9000017|DDB_G9000017|Protein|gene:", "DDB_G9000017", {"DDB_G9000017": "gene_id"},
    ),
    "old Phytozome": (
        "AT1G90018.2|PACid:90018", "AT1G90018.2|PACid:90018", "AT1G90018",
        {"AT1G90018": "gene_id", "AT1G90018.2": "transcript_id", "PAC:90018": "pacid_id"},
    ),
    "BioMart": (
        "Os01g0900019|Os01t0900019-01", "Os01g0900019|Os01t0900019-01", "Os01g0900019",
        {"Os01g0900019": "gene_id", "Os01t0900019-01": "transcript_id"},
    ),
    "NCBI Datasets": (
        "NP_900020.2 SYN20 [organism=Synthetica exempli] [GeneID=9020] [isoform=2]",
        "NP_900020.2", "GeneID:9020", {"NP_900020": "protein_id", "9020": "NCBI_gene_id"},
    ),
    "JGI": (
        "jgi|Synex5|90021|fgenesh1_pm.1_#_2", "jgi|Synex5|90021|fgenesh1_pm.1_#_2", None,
        {"jgi|Synex5|90021": "record_id", "90021": "jgi_id"},
    ),
    "UniRef": ("UniRef50_P00023 Made up n=3 RepID=SYN_X", "UniRef50_P00023", None, {"P00023": "UniProt_AC"}),
    "AlphaFold": ("AFDB:AF-P00024-F1 Made up", "AFDB:AF-P00024-F1", None, {"P00024": "UniProt_AC"}),
    "old wormpep": (
        "SY1.22a CE90022 WBGene90000022 status:Confirmed UniProt:P00022",
        "SY1.22a", "WBGene90000022", {"WBGene90000022": "gene_id"},
    ),
    "one attribute": ("p14 locus_tag:SYN_14", "p14", "SYN_14", {"SYN_14": "gene_id"}),
    "no value": ("p15 gene=- [locus_tag=unknown] transcript:N/A", "p15", None, {}),
    "free text": ("p16 binds the gene of a locus: see transcript (gene) = SYN1 [Synthetica exempli]", "p16", None, {}),
}  # fmt: skip


@pytest.mark.parametrize("kind", HEADERS)
def test_headers_name_what_their_database_puts_there(kind: str) -> None:
    header, name, gene, aliases = HEADERS[kind]
    found = read_header(header)
    assert (found.name, found.gene, dict(found.aliases)) == (name, gene, aliases)


# ---------------------------------------------------------------------------------------- hostile files

TOKENS = st.sampled_from(
    [">", ">a", ">sp|P1|X GN=", ">gi||ref|", ">x gene=", "gene:", "[locus_tag=", "]", "parent=,", "|", "MKV", "acgt",
     "*", ".", "-", "1", ";", "#", " ", "\t", "\n", "\r", "\x00", "é", "\ud800", "N/A", "Sequence unavailable",
     "P1-2", "FBgn1,"]
)  # fmt: skip


@given(data=st.one_of(st.binary(max_size=200), st.lists(TOKENS, max_size=40).map(lambda words: "".join(words))))
@settings(max_examples=100, derandomize=True, deadline=None)
def test_any_text_gives_proteins_or_one_sentence(tmp_path_factory: pytest.TempPathFactory, data: bytes | str) -> None:
    path = tmp_path_factory.mktemp("any") / "any.fasta"
    path.write_bytes(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)
    try:
        proteins = read_proteins(path)
    except InputError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert proteins.sequences
        for sequence in proteins.sequences.values():
            assert sequence.replace("*", "A").isalpha() and sequence.isupper() and sequence.isascii()


@pytest.mark.parametrize(
    ("header", "description"),
    [
        (
            "sp|P00001|SYN1_YEAST Made up 2,4-kinase OS=Synthetica (strain S1) OX=9 GN=syn1 PE=1 SV=2",
            "Made up 2,4-kinase",
        ),
        ("gi|1001|ref|NP_900001.1| made-up protein SYN001 [Synthetica exempli]", "made-up protein SYN001"),
        ("NP_900020.2 MULTISPECIES: made up [isoform 2] [Synthetica exempli]", "made up"),
        (HEADERS["NCBI coding sequence"][0], "made-up gene=protein"),
        (HEADERS["Ensembl"][0], "like gene:OTHER"),
        (HEADERS["TAIR"][0], "made-up domain"),
        (HEADERS["PomBase"][0], "made-up protein Syn10"),
        (HEADERS["SGD"][0], "Subunit; binds gene=OTHER"),
        (HEADERS["VEuPathDB"][0], "made up"),
        (HEADERS["WormBase"][0], "gene=x"),
        (HEADERS["UniRef"][0], "Made up"),
        (
            "C1_00001W_A SYN12 CGDID:CAL009, COORDS:Ca21chr1:1-9W (9 amino acids) Verified ORF; Made up lyase",
            "Made up lyase",
        ),
        ("p17 putative made-up protein", "putative made-up protein"),
        (HEADERS["FlyBase"][0], ""),
        (HEADERS["Phytozome"][0], ""),
        (HEADERS["GENCODE"][0], ""),
        ("9.SYN001", ""),
    ],
)
def test_the_words_of_a_header_describe_its_protein(header: str, description: str) -> None:
    assert read_description(header) == description


@settings(max_examples=200, derandomize=True, deadline=None)
@given(header=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), min_size=1))
def test_any_header_can_be_searched_for_a_description(header: str) -> None:
    found = read_description(header)
    assert found == " ".join(found.split())

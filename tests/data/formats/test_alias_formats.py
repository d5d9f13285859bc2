"""Alias tables as databases and people write them: each is recognised by content, or refused by what it is."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genessl.data.aliases import AliasTable, read_aliases, reliability
from genessl.data.formats.aliases import ALIAS_FORMATS
from genessl.data.formats.aliases.rows import names_in
from genessl.data.formats.format import recognise
from genessl.data.identifiers import GeneIdentifiers
from genessl.data.text_files import read_head
from genessl.errors import InputError

GENES = ("SYN001", "SYN002", "SYN003", "SYN004")


def written(folder: Path, text: str, name: str = "aliases.tsv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def format_of(path: Path) -> str:
    return recognise(read_head(path), ALIAS_FORMATS, "an alias table").name


def pairs(table: AliasTable) -> set[tuple[str, str, str]]:
    return {(r, a, source) for source, rows in table.sources.items() for r, a in zip(*rows, strict=True)}


def targets(table: AliasTable, *names: str, genes: tuple[str, ...] = GENES) -> list[str | None]:
    found = GeneIdentifiers(genes, [table]).resolve(names).targets
    return [found.get(name) for name in names]


def selected(accession: str, *, gene_id: str, refseq: str, gi: str, ensembl: str) -> str:
    fields = [accession, f"{accession}_X", gene_id, refseq, gi, "1ABC:A", "GO:0000001; GO:0000002"]
    fields += ["UniRef100_1", "UniRef90_1", "UniRef50_1", f"UPI{gene_id}", "", "9", "", "", "1; 2", "", "", ensembl]
    return "\t".join([*fields, "", "", ""]) + "\n"


GPI_1 = (
    "!gpi-version: 1.2\n!namespace: SYN\n"
    "SYN\tSYN001\tabc1\tmade up protein\told1|older1\tprotein\ttaxon:9\t\tUniProtKB:P00001|NCBIGene:11\tdb_subset=x\n"
    "SYN\tSYN002-2\tabc2\tmade up isoform\t\tprotein\ttaxon:9\tSYN:SYN002\t\t\n"
)
GPI_2 = (
    "!gpi-version: 2.0\n!generated-by: SYN\n"
    "MGI:MGI:1001\tabc1\tmade up gene\told1\tSO:0000704\tNCBITaxon:9\t\t\t\tUniProtKB:SYN001|ENSEMBL:ENSG1\t\n"
    "UniProtKB:SYN002\tabc2\t\t\tPR:000000001\tNCBITaxon:9\tHGNC:7\t\t\tNCBIGene:12\t\n"
)
GPI_FIRST = (
    "!gpi-version: 1.0\n"
    "UniProtKB\tSwiss-Prot\tSYN001\tabc1\tmade up\told1\tprotein\ttaxon:9\tset\t20100101\tSYN:P00001\n"
)
GENE_INFO = (
    "#tax_id\tGeneID\tSymbol\tLocusTag\tSynonyms\tdbXrefs\tchromosome\tmap_location\tdescription\ttype_of_gene\t"
    "Symbol_from_nomenclature_authority\tModification_date\n"
    "9\t11\tabc1\tSYN001\told1|older1\tMGI:MGI:1001|Ensembl:ENSG1\t1\t-\tmade up protein\tprotein-coding\t-\t20200101\n"
    "9\t12\tabc2\tSYN002\t-\t-\t1\t-\tmade up protein\tprotein-coding\tAbc2\t20200101\n"
)
BIOMART = (
    "Gene stable ID,Transcript stable ID,Protein stable ID,Gene name,Chromosome/scaffold name,Gene description\n"
    'ENSG01,ENST01,SYN001,abc1,1,"made up, first"\nENSG01,ENST02,ENSP02,abc1,1,"made up, first"\n'
    "ENSG02,ENST03,SYN002,abc2,1,made up\nENSG03,ENST04,,abc3,1,\n"
)
WORMBASE = (
    "6,WBGene01,aap-1,SYN001,Live,protein_coding\n6,WBGene02,aat-1,SYN002,Live,protein_coding\n"
    "6,WBGene03,,SYN003,Live,protein_coding\n6,WBGene04,aat-3,SYN004,Live,protein_coding\n"
)
FLYBASE = (
    "## Release 1\n##primary_FBid\torganism_abbreviation\tcurrent_symbol\tcurrent_fullname\tsymbol_synonym(s)\n"
    "FBgn01\tSyn\tabc\tmade up protein of the fly here\tSYN001|old1\n"
    "FBgn02\tSyn\tabd\tmade up protein of the fly too\tSYN002\n"
)


@pytest.mark.parametrize(
    ("text", "descriptions"),
    [
        (
            "#string_protein_id\tpreferred_name\tprotein_size\tannotation\n9.SYN001\tabc1\t120\tBinds abc9 tightly.\n"
            "9.SYN002\tabc2\t12\tannotation not available\n",
            {"9.SYN001": "Binds abc9 tightly."},
        ),
        (GENE_INFO, {"11": "made up protein", "12": "made up protein"}),
        (GPI_1, {"SYN001": "made up protein", "SYN002-2": "made up isoform"}),
        (GPI_2, {"MGI:1001": "made up gene"}),
        (GPI_FIRST, {"SYN001": "made up"}),
        (
            "Entry\tGene Names\tProtein names\nSYN001\tabc1 old1\tNAD(P)H oxidase (EC 1.6.3.1) [Cleaved into: x]\n"
            "SYN002\tabc2\t\n",
            {"SYN001": "NAD(P)H oxidase"},
        ),
        (
            "gene_systematic_id\tgene_name\tgene_product\nSYN001\tabc1\tmade up kinase\nSYN002\tabc2\n",
            {"SYN001": "made up kinase"},
        ),
        (
            "\t".join(["S000000001", "ORF", "", "SYN001", "abc1", *[""] * 10, "Subunit of a complex"]) + "\n",
            {"S000000001": "Subunit of a complex"},
        ),
    ],
)
def test_descriptions_are_kept_for_display_and_name_no_gene(
    tmp_path: Path, text: str, descriptions: dict[str, str]
) -> None:
    table = read_aliases(written(tmp_path, text))
    assert table.descriptions == descriptions
    words = set(descriptions.values())
    assert words and not words & {alias for _, alias, _ in pairs(table)}


@pytest.mark.parametrize(
    ("text", "name", "known"),
    [
        (
            "#string_protein_id\talias\tsource\n9.SYN001\tabc1\tSYN_NAME\n9.SYN002\tabc2\tSYN_NAME\n",
            "string_aliases",
            {"abc1": "SYN001", "9.SYN002": "SYN002"},
        ),
        (
            "## string_protein_id ## alias ## source ##\n9.SYN001\tabc1\tBLAST_UniProt_GN Ensembl_UniProt_GN\n",
            "string_aliases",
            {"abc1": "SYN001"},
        ),
        (
            "species_ncbi_taxon_id\tprotein_id\talias\tsource\n9\tSYN001\tabc1\tBLAST_UniProt_GN\n",
            "string_aliases",
            {"abc1": "SYN001", "9.SYN001": "SYN001"},
        ),
        (
            "## species_ncbi_taxon_id ## protein_id ## alias ## source ##\n9\tSYN002\tabc2\tGN Ensembl_GN\n",
            "string_aliases",
            {"abc2": "SYN002"},
        ),
        (
            "#string_protein_id\tpreferred_name\tprotein_size\tannotation\n9.SYN001\tabc1\t120\tBinds abc9 tightly.\n",
            "string_info",
            {"abc1": "SYN001", "Binds": None, "120": None},
        ),
        (
            "protein_external_id\tpreferred_name\tprotein_size\tannotation\n9.SYN002\tabc2\t12\tx\n",
            "string_info",
            {"abc2": "SYN002"},
        ),
        (
            "SYN001\tUniProtKB-ID\tSYN001_X\nSYN001\tGene_Name\tabc1\nSYN001\tGeneID\t11\nSYN001\tRefSeq\tNP_1.1\n"
            "SYN001\tNCBI_TaxID\t9\nSYN002\tBioGRID\t31\n",
            "idmapping",
            {"abc1": "SYN001", "11": "SYN001", "NP_1.1": "SYN001", "9": None, "31": None},
        ),
        (
            "SYN001\tlocus\tL1\nSYN002\tlocus\tL2\nSYN001\tname\tabc1\nSYN002\tname\tabc2\n",
            "idmapping",
            {"L1": "SYN001", "abc2": "SYN002"},
        ),
        (
            selected("SYN001", gene_id="11", refseq="NP_1.1; NP_2.1", gi="5; 6", ensembl="ENSG1.2")
            + selected("SYN002", gene_id="12", refseq="", gi="-", ensembl=""),
            "idmapping_selected",
            {"11": "SYN001", "NP_2.1": "SYN001", "6": "SYN001", "ENSG1.2": "SYN001", "SYN002_X": "SYN002", "9": None},
        ),
        (
            "Entry\tGene Names\tSTRING\tRefSeq\nSYN001\tabc1\t9.xyz1;\tNP_1.1;\nSYN002\tabc2\t9.xyz2;\tNP_2.1;\n",
            "uniprot_table",
            {"9.xyz1": "SYN001", "xyz2": "SYN002", "NP_2.1": "SYN002"},
        ),
        (
            "Entry\tEntry name\tStatus\tProtein names\tGene names  (primary )\tGene names  (ordered locus )\tLength\t"
            "Cross-reference (RefSeq)\tCross-reference (GeneID)\n"
            "SYN001\tSYN001_X\treviewed\tMade up (ABC)\tabc1\tL1 L2\t120\tNP_1.1 [SYN001-1];NP_2.1 [SYN001-2];\t11;\n",
            "uniprot_table",
            {"L2": "SYN001", "NP_2.1": "SYN001", "11": "SYN001", "SYN001_X": "SYN001", "120": None, "ABC)": None},
        ),
        (
            "From\tEntry\tReviewed\tEntry Name\tGene Names\n9.xyz01\tSYN001\treviewed\tSYN001_X\tabc01\n",
            "uniprot_table",
            {"9.xyz01": "SYN001", "abc01": "SYN001", "reviewed": None},
        ),
        ("From\tEntry\nabc1\tSYN001\nabc2\tSYN002\n", "uniprot_table", {"abc1": "SYN001", "abc2": "SYN002"}),
        (
            "yourlist:M2020\tEntry\tEntry name\nENSG1\tSYN001\tSYN001_X\n",
            "uniprot_table",
            {"ENSG1": "SYN001", "SYN001_X": "SYN001"},
        ),
        ("From\tTo\nabc1\tSYN001\nabc2\tSYN002\n", "from_to", {"abc1": "SYN001", "abc2": "SYN002"}),
        ("From\tTo\nSYN001\tabc1\nSYN001\told1\n", "from_to", {"abc1": "SYN001", "old1": "SYN001"}),
        (GPI_1, "gpi", {"abc1": "SYN001", "older1": "SYN001", "P00001": "SYN001", "11": "SYN001", "abc2": "SYN002"}),
        (GPI_2, "gpi", {"MGI:1001": "SYN001", "ENSG1": "SYN001", "old1": "SYN001", "abc2": "SYN002", "12": "SYN002"}),
        (GPI_FIRST, "gpi", {"abc1": "SYN001", "old1": "SYN001", "P00001": "SYN001", "20100101": None}),
        (
            "gene_systematic_id\tgene_name\tsynonyms\nSYN001\tabc1\told1,older1\nSYN002\t\t\nSYN003\tabc3\n",
            "pombase",
            {"abc1": "SYN001", "older1": "SYN001", "abc3": "SYN003"},
        ),
        (
            "# date: 2020-01-01\n#gene_systematic_id\tgene_systematic_id_with_prefix\tgene_name\tchromosome_id\t"
            "gene_product\tuniprot_id\tgene_type\tsynonyms\n"
            "SYN001\tPomBase:SYN001\tabc1\tchromosome_1\tmade up\tP00001\tprotein coding gene\told1\n",
            "pombase",
            {"P00001": "SYN001", "old1": "SYN001", "PomBase:SYN001": "SYN001", "chromosome_1": None},
        ),
        (GENE_INFO, "ncbi_gene_info", {"11": "SYN001", "older1": "SYN001", "MGI:1001": "SYN001", "Abc2": "SYN002"}),
        (
            "S000000001\tORF\tVerified\tSYN001\tABC1\told1|older1\tchromosome 1\tL000000001\t"
            + "\t".join("1" * 8)
            + "\n",
            "sgd_features",
            {"S000000001": "SYN001", "older1": "SYN001", "L000000001": "SYN001"},
        ),
        ("SYN001\tabc1\nSYN002\tabc2\n", "two_columns", {"abc1": "SYN001", "abc2": "SYN002"}),
        ("abc1 SYN001\nold1 SYN001\nabc2   SYN002\n", "two_columns", {"old1": "SYN001", "abc2": "SYN002"}),
        ('"gene","symbol"\n"SYN001","abc1"\n"SYN002","abc, 2"\n', "two_columns", {"abc1": "SYN001", "gene": None}),
        ("symbol;locus\nabc1;SYN001\nARG5,6;SYN002\n", "two_columns", {"ARG5,6": "SYN002", "abc1": "SYN001"}),
        (
            "systematic_id\tprimary_name\tsynonyms\nSYN001\tabc1\told1|older1\nSYN002\tabc2\n",
            "several_columns",
            {"abc1": "SYN001", "older1": "SYN001", "abc2": "SYN002"},
        ),
        (
            "abc1\tSYN001\told1\nabc2\tSYN002\told2\nabc3\tSYN003\told3\n",  # without a header, the gene in the middle
            "several_columns",
            {"abc1": "SYN001", "old2": "SYN002"},
        ),
        (
            BIOMART,
            "several_columns",
            {"ENSG01": "SYN001", "ENST02": "SYN001", "abc2": "SYN002", "1": None, "abc3": None},
        ),
        (WORMBASE, "several_columns", {"WBGene01": "SYN001", "aat-3": "SYN004", "Live": None, "6": None}),
        (FLYBASE, "several_columns", {"FBgn01": "SYN001", "abd": "SYN002", "old1": "SYN001", "Syn": None}),
        (
            '"","gene","symbol"\n"1","SYN001","abc1"\n"2","SYN002","abc2"\n',  # as R's write.csv numbers rows
            "several_columns",
            {"abc1": "SYN001", "2": None},
        ),
    ],
)
def test_a_table_is_recognised_by_content_and_gives_its_names(
    tmp_path: Path, text: str, name: str, known: dict[str, str | None]
) -> None:
    path = written(tmp_path, text)
    assert format_of(path) == name
    assert dict(zip(known, targets(read_aliases(path), *known))) == known


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (">SYN001\nMK\n", "sequences in FASTA"),
        ("format-version: 1.2\n\n[Term]\n", "an ontology in OBO"),
        ("!gaf-version: 2.1\nSYN\tSYN001\n", "a GAF, whose symbols and synonyms are used"),
        ("\t".join(["SYN", "SYN001", "s", "", "GO:0000001", *["x"] * 10]) + "\n", "a GAF, whose symbols"),
        ("!gpa-version: 1.1\nSYN\tSYN001\n", "a GPAD"),
        ("protein1 protein2 combined_score\n9.A 9.B 900\n", "a network of STRING"),
        ("#node1\tnode2\tnode1_string_id\n", "a network that STRING's website exports"),
        ("#BioGRID Interaction ID\tEntrez Gene Interactor A\n", "a network of BioGRID"),
        ("#ID(s) interactor A\tID(s) interactor B\n", "a network in PSI-MITAB"),
        ("abc1\tabc2\t0.5\nabc2\tabc3\t0.25\n", "an edge list with weights"),
        ("abc1,abc2,0.5\nabc2,abc3,1e-3\n", "an edge list with weights"),
        ("abc1\tpp\tabc2\nabc2\tpp\tabc3\n", "a network in SIF"),
        ("SYN001\tGO:0000001\nSYN002\tGO:0000002\n", "annotations with terms"),
        ("##gff-version 3\nchr1\tx\tgene\t1\t2\t.\t+\t.\tID=SYN001\n", "a GFF"),
        ("chr1\tx\texon\t1\t2\t.\t+\t.\tgene_id SYN001\n", "a GFF or GTF"),
        ("SYN001\t" + "a" * 32 + "\t120\tPfam\tPF1\tx\t1\t2\t1e-5\tT\t1-1-2020\n", "an InterProScan table"),
        ("#query\tseed_ortholog\tevalue\n", "a table of eggNOG-mapper"),
        ('{"SYN001": "abc1"}\n', "JSON"),
    ],
)
def test_what_is_something_else_is_refused_by_what_it_is(tmp_path: Path, text: str, kind: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=f":1: found {kind}.*, expected an alias table as one of: STRING") as caught:
        read_aliases(path)
    assert all(form.title in str(caught.value) for form in ALIAS_FORMATS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A\tB\nB\tC\nC\tD\nD\tE\nE\tA\n", "found the same names in both columns, as in a network"),
        ("SYN001\t0.5\nSYN002\t0.25\n", "found a table with 1 column of names, expected at least 2"),
        ("SYN001\nSYN002\n", ":1: found 'SYN001', expected an alias table as one of"),
        ("a line of prose\nand another line that is longer\n", ":1: found 'a line of prose', expected an alias table"),
        ("SYN001\tabc1\nSYN002\tabc2\nSYN003\tabc3\nSYN004\tabc4\nx\ty\tz\n", ":5: found 3 columns, expected 2 as in"),
        ('SYN001,abc1\nSYN002,abc2\nSYN003,abc3\nSYN004,abc4\nx,"y"z,z\n', ":5: found 3 columns, expected 2"),
        ("!gpi-version: 2.0\nSYN:1\tabc\n", ":2: found no taxon such as 'taxon:559292' after 5 columns"),
        ("gene_systematic_id\tgene_name\nSYN001\tabc1\told1\n", ":2: found 3 tab-separated columns, expected 2 as in"),
        (
            "#string_protein_id\tpreferred_name\tsize\n9.SYN001\n",
            ":2: found 1 tab-separated column, expected at least 2",
        ),
        ("!a comment only\n", ":1: found comments only, expected an alias table"),
    ],
)
def test_what_cannot_be_read_ends_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_aliases(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_two_columns_work_whichever_holds_the_gene_and_whichever_repeats(tmp_path: Path) -> None:
    rows = [("SYN001", "abc1"), ("SYN001", "old1"), ("SYN002", "abc2")]
    for turned in (False, True):
        text = "".join("\t".join(row[::-1] if turned else row) + "\n" for row in rows)
        table = read_aliases(written(tmp_path, text))
        assert targets(table, "abc1", "old1", "abc2") == ["SYN001", "SYN001", "SYN002"]
        # where the genes are called by one of their aliases, the others lead to them all the same
        assert targets(table, "SYN001", "old1", genes=("abc1", "abc2")) == ["abc1", "abc1"]


def test_free_text_and_numbers_of_other_databases_name_nothing(tmp_path: Path) -> None:
    info = read_aliases(
        written(tmp_path, "#string_protein_id\tpreferred_name\tprotein_size\tannotation\n9.S\ta\t1\tKinase\n")
    )
    assert pairs(info) == {("9.S", "a", "preferred_name")}
    mapping = read_aliases(written(tmp_path, "SYN001\tGeneID\t11\nSYN001\tUniRef90\tUniRef90_1\nSYN001\tMIM\t11\n"))
    assert pairs(mapping) == {("SYN001", "11", "GeneID")}
    assert mapping.losses == {"UniRef90 names no single gene": 1, "MIM names no single gene": 1}


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    text = "gene\tsymbol\tdescription\nSYN001\tabc1\tlong prose about what it may well do\nSYN002\t-\tx\n\tabc3\ty\n"
    table = read_aliases(written(tmp_path, text))
    assert pairs(table) == {("SYN001", "abc1", "symbol")}
    assert table.losses == {"column that holds no names": 1, "row with fewer than two names": 2}
    blank = read_aliases(written(tmp_path, "#string_protein_id\talias\tsource\n9.SYN001\t \tx\n9.SYN001\tabc1\tx\n"))
    assert blank.losses == {"blank name": 1}


def test_many_names_of_a_gene_are_no_category(tmp_path: Path) -> None:
    text = "".join(f"SYN00{k % 3}\tname{k}\n" for k in range(90))
    assert targets(read_aliases(written(tmp_path, text)), "name31", genes=("SYN000", "SYN001", "SYN002")) == ["SYN001"]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("UniProtKB", "gene_id"),
        ("systematic_id", "primary_name"),
        ("locus_tag", "symbol"),
        ("symbol", "synonym"),
        ("symbol", "alias"),
        ("gene", "gene name"),
        ("GeneID", "gi_id"),
    ],
)
def test_columns_that_people_name_rank_by_what_they_say(better: str, worse: str) -> None:
    assert reliability(better) < reliability(worse)


@pytest.mark.parametrize(
    "text",
    [
        "XB-GENE-1\tSYN001\nXB-GENE-2\tSYN002\n",
        "ncbi-geneid:1001\tsyn:SYN001\nncbi-geneid:1002\tsyn:SYN002\n",
        "SYN001\ta protein alias\tZDB-GENE-1-1\nSYN002\ta protein name\tZDB-GENE-2-2\n",
    ],
)
def test_a_first_row_like_the_others_is_no_header(tmp_path: Path, text: str) -> None:
    table = read_aliases(written(tmp_path, text))
    first = text.split("\n")[0].split("\t")
    assert targets(table, *first, genes=("SYN001", "SYN002")) == ["SYN001"] * len(first)


def test_the_annotation_id_of_flybase_names_a_gene(tmp_path: Path) -> None:
    text = (
        "##gene_symbol\torganism_abbreviation\tprimary_FBgn#\tsecondary_FBgn#(s)\tannotation_ID\n"
        "syn\tDsyn\tFBgn9000001\tFBgn9000009,FBgn9000010\tSYN001\nnys\tDsyn\tFBgn9000002\t\tSYN002\n"
    )
    table = read_aliases(written(tmp_path, text))
    assert targets(table, "syn", "FBgn9000010", "FBgn9000002") == ["SYN001", "SYN001", "SYN002"]


def test_numbers_that_ensembl_refers_to_are_names(tmp_path: Path) -> None:
    text = "gene_stable_id\txref\tdb_name\nSYN001\t1001\tEntrezGene\nSYN002\t1002\tEntrezGene\n"
    assert targets(read_aliases(written(tmp_path, text)), "1001", "1002") == ["SYN001", "SYN002"]


def test_the_quotes_of_r_part_columns_at_blanks(tmp_path: Path) -> None:
    text = '"ensembl_gene_id" "description" "external_gene_name"\n'
    text += '"1" "SYN001" "made up, for a test" "abc1"\n"2" "SYN002" "another one" "abc2"\n'
    assert targets(read_aliases(written(tmp_path, text)), "abc1", "abc2") == ["SYN001", "SYN002"]


def test_gene_identifiers_may_have_become_decimal_numbers(tmp_path: Path) -> None:
    text = "symbol,entrez_id,gc,name\nSYN001,1001.0,0.5,a\nSYN002,,0.4,b\nSYN003,1003.0,1.0,c\n"
    assert targets(read_aliases(written(tmp_path, text)), "1001", "1003", "0.5") == ["SYN001", "SYN003", None]


def test_rows_whose_first_names_are_alike_stay_apart(tmp_path: Path) -> None:
    text = "YEAST|SYN001|UniProtKB=P1\tabc1\nYEAST|SYN002|UniProtKB=P2\tabc2\nYEAST|SYN009|UniProtKB=P9\tabc9\n"
    table = read_aliases(written(tmp_path, text))
    assert targets(table, "abc1", "abc2", "abc9", "YEAST") == ["SYN001", "SYN002", None, None]


def test_identifiers_of_an_isoform_are_those_of_its_accession(tmp_path: Path) -> None:
    text = "P00001\tGene_OrderedLocusName\tSYN001\nP00001-2\tRefSeq\tNP_900001.1\nP00001-1\tUniParc\tUPI1\n"
    assert targets(read_aliases(written(tmp_path, text)), "NP_900001.1", "P00001-2") == ["SYN001", "SYN001"]


def test_a_cell_may_hold_several_accessions_and_names_may_hold_quotes() -> None:
    assert names_in("P00001 A0A000AAA1") == ["P00001", "A0A000AAA1"]
    assert names_in("tau 138") == ["tau 138"]
    assert names_in('"abc"; made "up"') == ["abc", 'made "up"']


def test_a_comma_within_a_name_stays() -> None:
    assert names_in("ARG5,6") == ["ARG5,6"]
    assert names_in("abc1,abc2; abc3|abc4, 5") == ["abc1", "abc2", "abc3", "abc4", "5"]


WORDS = (
    "SYN001",
    "abc1",
    "9.SYN001",
    "string_protein_id",
    "alias",
    "source",
    "Entry",
    "From",
    "To",
    "GeneID",
    "taxon:9",
)
MARKS = ("0.5", "1", "nan", '"', "#", "|", ";", "\\N", ">", "", " ", "a b c d e", "Gene Names", "!gpi-version: 2.0")
HEADERS = ("S000000001", "UniRef90_1", "gene_systematic_id", "gene_name", "Symbol", "LocusTag", "preferred_name")
TOKENS = st.sampled_from(WORDS + MARKS + HEADERS)
LINES = st.lists(st.lists(TOKENS, min_size=1, max_size=22), min_size=1, max_size=6)
QUICK = settings(
    max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def read_or_refused(path: Path) -> None:
    try:
        table = read_aliases(path)
    except InputError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert all(r and a and r.strip() == r and a.strip() == a for r, a, _ in pairs(table))


@QUICK
@given(lines=LINES, separator=st.sampled_from(["\t", ",", ";", " "]))
def test_any_lines_of_plausible_words_give_a_table_or_one_sentence(
    tmp_path: Path, lines: list[list[str]], separator: str
) -> None:
    read_or_refused(written(tmp_path, "\n".join(separator.join(words) for words in lines) + "\n"))


@QUICK
@given(
    start=st.sampled_from([b"", b"#string_protein_id\talias\tsource\n", b"From\tTo\n", b"a\tb\n" * 5]), rest=st.binary()
)
def test_any_bytes_give_a_table_or_one_sentence(tmp_path: Path, start: bytes, rest: bytes) -> None:
    path = tmp_path / "aliases.tsv"
    path.write_bytes(start + rest)
    read_or_refused(path)

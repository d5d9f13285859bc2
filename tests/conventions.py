"""Twelve made-up genes in the headers, identifiers and files of eight databases.

Every convention describes the same organism: gene k has its own random protein, genes 1 to 8 an experimental annotation
at t0 (odd ones MITOSIS, even ones TRANSPORT), genes 9 and 10 one at t1, and genes k and k + 1 an edge of weight 0.5.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

N_GENES = 12
MITOSIS, TRANSPORT = "GO:0000278", "GO:0006810"
OBO = """format-version: 1.2
data-version: releases/2020-01-01

[Term]
id: GO:0008150
name: biological_process
namespace: biological_process

[Term]
id: GO:0000278
name: mitotic cell cycle
namespace: biological_process
is_a: GO:0008150 ! biological_process

[Term]
id: GO:0006810
name: transport
namespace: biological_process
is_a: GO:0008150 ! biological_process
"""
TAB3 = (
    "#BioGRID Interaction ID|Entrez Gene Interactor A|Entrez Gene Interactor B|BioGRID ID Interactor A|BioGRID ID"
    " Interactor B|Systematic Name Interactor A|Systematic Name Interactor B|Official Symbol Interactor A|Official"
    " Symbol Interactor B|Synonyms Interactor A|Synonyms Interactor B|Experimental System|Experimental System"
    " Type|Author|Publication Source|Organism ID Interactor A|Organism ID Interactor"
    " B|Throughput|Score|Modification|Qualifications|Tags|Source Database|SWISS-PROT Accessions Interactor A|TREMBL"
    " Accessions Interactor A|REFSEQ Accessions Interactor A|SWISS-PROT Accessions Interactor B|TREMBL Accessions"
    " Interactor B|REFSEQ Accessions Interactor B|Ontology Term IDs|Ontology Term Names|Ontology Term Categories"
    "|Ontology Term Qualifier IDs|Ontology Term Qualifier Names|Ontology Term Types|Organism Name Interactor A"
    "|Organism Name Interactor B"
)
TAB2 = "|".join(TAB3.split("|")[:23]).replace("Author|Publication Source", "Author|Pubmed ID")


def proteins() -> list[str]:
    random = np.random.default_rng(0)
    return ["M" + "".join(random.choice(list("ACDEFGHIKLMNPQRSTVWY"), 119)) for _ in range(N_GENES)]


@dataclass(frozen=True)
class Convention:
    """How one database names things; each callable takes the number of a gene, from 1.

    `header` is the FASTA header, `gene` the name that genessl gives the record, `isoform` the header of a shorter
    isoform that genes 1 and 2 have. `database`, `annotated`, `symbol` and `synonyms` fill the columns of the GAF.
    `network` writes the edges; `aliases` are tables by file name.
    """

    header: Callable[[int], str]
    gene: Callable[[int], str]
    database: str
    annotated: Callable[[int], str]
    symbol: Callable[[int], str]
    network: Callable[[list[tuple[int, int]]], str]
    format: str | None
    synonyms: Callable[[int], str] = lambda _: ""
    isoform: Callable[[int], str] | None = None
    aliases: dict[str, Callable[[], str]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def gaf(self, genes: range) -> str:
        rows = []
        for k in genes:
            term = MITOSIS if k % 2 else TRANSPORT
            about = [self.database, self.annotated(k), self.symbol(k), "", term, "PMID:1", "IDA", "", "P"]
            rows.append(
                [*about, f"made-up protein {k}", self.synonyms(k), "protein", "taxon:9", "20200101", "SYN", "", ""]
            )
        return "!gaf-version: 2.1\n" + "".join("\t".join(row) + "\n" for row in rows)

    def write(self, folder: Path) -> dict[str, Any]:
        """Write the raw files, and return the settings of a temporal test."""
        records = [(self.header(k), sequence) for k, sequence in enumerate(proteins(), start=1)]
        if self.isoform is not None:
            records[1:1] = [(self.isoform(1), proteins()[0][:80])]
            records += [(self.isoform(2), proteins()[1][20:])]
        fasta = "".join(f">{header}\n{sequence[:60]}\n{sequence[60:]}\n" for header, sequence in records)
        (folder / "proteins.fa.gz").write_bytes(gzip.compress(fasta.encode()))
        (folder / "go.obo").write_text(OBO)
        (folder / "t0.gaf").write_text(self.gaf(range(1, 9)))
        (folder / "t1.gaf").write_text(self.gaf(range(1, 11)))
        (folder / "network.txt").write_text(self.network([(k, k + 1) for k in range(1, N_GENES)]))
        for name, table in self.aliases.items():
            (folder / name).write_text(table())
        network = {"file": "network.txt", **({"format": self.format} if self.format else {}), **self.options}
        return {
            "sequences": "proteins.fa.gz",
            "ontology": "go.obo",
            "annotations": "t0.gaf",
            "later_annotations": "t1.gaf",
            "networks": {"net": network},
            "identifiers": list(self.aliases),
            "evaluation": {"scheme": "temporal"},
        }


def biogrid(columns: str, systematic: Callable[[int], str], symbol: Callable[[int], str]) -> Callable[..., str]:
    """Write BioGRID's table, in which every column but the names is a filler."""

    def write(edges: list[tuple[int, int]]) -> str:
        names = columns.split("|")
        rows = [names]
        for number, (a, b) in enumerate(edges, start=1):
            row = dict.fromkeys(names, "-")
            row |= {"#BioGRID Interaction ID": str(number), "Experimental System Type": "physical"}
            row |= {"Entrez Gene Interactor A": str(900000 + a), "Entrez Gene Interactor B": str(900000 + b)}
            row |= {"Systematic Name Interactor A": systematic(a), "Systematic Name Interactor B": systematic(b)}
            row |= {"Official Symbol Interactor A": symbol(a), "Official Symbol Interactor B": symbol(b)}
            row |= {"Organism ID Interactor A": "9", "Organism ID Interactor B": "9"}
            rows.append([row[name] for name in names])
        return "".join("\t".join(row) + "\n" for row in rows)

    return write


def string_links(name: Callable[[int], str]) -> Callable[..., str]:
    def write(edges: list[tuple[int, int]]) -> str:
        both = [*edges, *((b, a) for a, b in edges)]
        return "protein1 protein2 combined_score\n" + "".join(f"9.{name(a)} 9.{name(b)} 500\n" for a, b in both)

    return write


def mitab(name: Callable[[int], str], also: Callable[[int], str]) -> Callable[..., str]:
    """Write PSI-MITAB 2.5."""
    header = (
        "#ID(s) interactor A\tID(s) interactor B\tAlt. ID(s) interactor A\tAlt. ID(s) interactor B"
        "\tAlias(es) interactor A\tAlias(es) interactor B\tInteraction detection method(s)\tPublication 1st author(s)"
        "\tPublication Identifier(s)"
        "\tTaxid interactor A\tTaxid interactor B\tInteraction type(s)\tSource database(s)\tInteraction identifier(s)"
        "\tConfidence value(s)\n"
    )

    def write(edges: list[tuple[int, int]]) -> str:
        rest = (
            'psi-mi:"MI:0018"(two hybrid)\t-\tpubmed:1\ttaxid:9(synex)\ttaxid:9(synex)\tpsi-mi:"MI:0915"(physical'
            ' association)\tpsi-mi:"MI:0469"(IntAct)\tintact:EBI-1\tintact-miscore:0.5\n'
        )
        return header + "".join(f"{name(a)}\t{name(b)}\t{also(a)}\t{also(b)}\t-\t-\t{rest}" for a, b in edges)

    return write


def pairs(name: Callable[[int], str], header: str = "", row: str = "{a}\t{b}\t0.5") -> Callable[..., str]:
    def write(edges: list[tuple[int, int]]) -> str:
        return header + "".join(row.format(a=name(a), b=name(b)) + "\n" for a, b in edges)

    return write


def table(row: str, header: str = "") -> Callable[[], str]:
    """Write one row a gene; {k}, {kk} and {kkk} stand for its number, {l} for its letter."""
    return lambda: header + "".join(named(row)(k) + "\n" for k in range(1, N_GENES + 1))


def named(pattern: str) -> Callable[[int], str]:
    return lambda k: pattern.format(k=k, kk=f"{k:02d}", kkk=f"{k:03d}", l="ABCDEFGHIJKL"[k - 1])


CONVENTIONS = {
    "uniprot": Convention(
        header=named("sp|P90{kkk}|GEN{l}_SYNEX Made-up protein {k} OS=Synthetica exempla OX=9 GN=gen{l} PE=1 SV=1"),
        gene=named("P90{kkk}"),
        isoform=named(
            "sp|P90{kkk}-2|GEN{l}_SYNEX Isoform 2 of Made-up protein {k} OS=Synthetica exempla OX=9 GN=gen{l}"
        ),
        database="UniProtKB",
        annotated=named("P90{kkk}"),
        symbol=named("gen{l}"),
        network=string_links(named("SYN_{kkk}")),
        format="string",
        aliases={"aliases.txt": table("9.SYN_{kkk}\tP90{kkk}\tUniProt_AC", "#string_protein_id\talias\tsource\n")},
    ),
    "ncbi": Convention(
        header=named("gi|9000{kk}|ref|NP_9000{kk}.1| made-up protein {k} [Synthetica exempla]"),
        gene=named("gi|9000{kk}|ref|NP_9000{kk}.1|"),
        database="UniProtKB",
        annotated=named("P90{kkk}"),
        symbol=named("gen{l}"),
        network=pairs(named("NP_9000{kk}")),
        format="edges",
        aliases={"idmapping.dat": table("P90{kkk}\tRefSeq\tNP_9000{kk}.1\nP90{kkk}\tGeneID\t80{kk}")},
    ),
    "ncbi_genome": Convention(
        header=named(
            "lcl|NC_900001.1_prot_NP_9000{kk}.1_{k} [gene=gen{l}] [locus_tag=SYN_{kkk}] [db_xref=GeneID:80{kk}]"
            " [protein=made-up protein {k}] [protein_id=NP_9000{kk}.1] [location=1..363] [gbkey=CDS]"
        ),
        gene=named("lcl|NC_900001.1_prot_NP_9000{kk}.1_{k}"),
        database="UniProtKB",
        annotated=named("P90{kkk}"),
        symbol=named("xyz{l}"),
        synonyms=named("SYN_{kkk}|JW{kkk}"),
        network=string_links(named("SYN_{kkk}")),
        format="string",
    ),
    "ensembl": Convention(
        header=named(
            "ENSSYNP000000000{kk}.2 pep chromosome:SYN1:1:100:400:1 gene:ENSSYNG000000000{kk}.5"
            " transcript:ENSSYNT000000000{kk}.3 gene_biotype:protein_coding transcript_biotype:protein_coding"
            " gene_symbol:Gen{l} description:made-up protein {k} [Source:SYN Symbol;Acc:SYN:{k}]"
        ),
        gene=named("ENSSYNP000000000{kk}.2"),
        isoform=named(
            "ENSSYNP000000001{kk}.1 pep chromosome:SYN1:1:100:400:1 gene:ENSSYNG000000000{kk}.5"
            " transcript:ENSSYNT000000001{kk}.1 gene_biotype:protein_coding transcript_biotype:protein_coding"
            " gene_symbol:Gen{l} description:made-up protein {k} [Source:SYN Symbol;Acc:SYN:{k}]"
        ),
        database="SYN",
        annotated=named("SYN:{k}0000"),
        symbol=named("Gen{l}"),
        network=string_links(named("ENSSYNP000000000{kk}")),
        format=None,
    ),
    "phytozome": Convention(
        header=named(
            "Synex.01G0{kkk}00.1.p pacid=400000{kk} transcript=Synex.01G0{kkk}00.1 locus=Synex.01G0{kkk}00"
            " ID=Synex.01G0{kkk}00.1.v1.1 annot-version=v1.1"
        ),
        gene=named("Synex.01G0{kkk}00.1.p"),
        isoform=named(
            "Synex.01G0{kkk}00.2.p pacid=400001{kk} transcript=Synex.01G0{kkk}00.2 locus=Synex.01G0{kkk}00"
            " ID=Synex.01G0{kkk}00.2.v1.1 annot-version=v1.1"
        ),
        database="Phytozome",
        annotated=named("Synex.01G0{kkk}00"),
        symbol=named("Synex.01G0{kkk}00"),
        network=pairs(named("Synex.01G0{kkk}00"), '"gene1","gene2","weight"\n', '"{a}","{b}",0.5'),
        format="edges",
    ),
    "wormbase": Convention(
        header=named(
            "SYN1.{k}a wormpep=CE900{kk} gene=WBGene009000{kk} locus=unc-9{kk} status=Confirmed uniprot=P90{kkk}"
            ' insdc=CCD900{kk}.1 product="made-up protein {k}"'
        ),
        gene=named("SYN1.{k}a"),
        isoform=named("SYN1.{k}b wormpep=CE901{kk} gene=WBGene009000{kk} locus=unc-9{kk} status=Predicted"),
        database="WB",
        annotated=named("WBGene009000{kk}"),
        symbol=named("unc-9{kk}"),
        network=biogrid(TAB3, named("CELE_SYN1.{k}"), named("unc-9{kk}")),
        format="biogrid",
    ),
    "flybase": Convention(
        header=named(
            "FBpp09000{kk} type=polypeptide; loc=2L:complement(1..363); ID=FBpp09000{kk}; name=gen{l}-PA;"
            " parent=FBgn09000{kk},FBtr09000{kk}; dbxref=FlyBase:FBpp09000{kk},FlyBase_Annotation_IDs:CG900{kk}-PA,"
            "REFSEQ:NP_9000{kk}; MD5=0123456789abcdef0123456789abcdef; length=120; release=r6.1; species=Dsyn;"
        ),
        gene=named("FBpp09000{kk}"),
        isoform=named(
            "FBpp09001{kk} type=polypeptide; loc=2L:complement(1..363); ID=FBpp09001{kk}; name=gen{l}-PB;"
            " parent=FBgn09000{kk},FBtr09001{kk}; dbxref=FlyBase:FBpp09001{kk}; length=80; release=r6.1; species=Dsyn;"
        ),
        database="FB",
        annotated=named("FBgn09000{kk}"),
        symbol=named("gen{l}"),
        synonyms=named("CG900{kk}"),
        network=mitab(named("flybase:FBgn09000{kk}"), named("flybase:CG900{kk}|entrez gene/locuslink:80{kk}")),
        format=None,
    ),
    "tair": Convention(
        header=named("AT5G99{kkk}.1 | Symbols: SYA{k} | made-up protein {k} | chr5:1-363 FORWARD LENGTH=120"),
        gene=named("AT5G99{kkk}.1"),
        isoform=named("AT5G99{kkk}.2 | Symbols: SYA{k} | made-up protein {k} | chr5:1-363 FORWARD LENGTH=80"),
        database="TAIR",
        annotated=named("locus:29000{kk}"),
        symbol=named("SYA{k}"),
        synonyms=named("AT5G99{kkk}|SYNEX.{k}"),
        network=pairs(named("at5g99{kkk}"), row="{a} pp {b}"),
        format="edges",
    ),
    "pombase": Convention(
        header=named("SPSYN1.{kk}.1:pep gen{l}|made-up protein {k}|predicted"),
        gene=named("SPSYN1.{kk}.1:pep"),
        database="PomBase",
        annotated=named("SPSYN1.{kk}"),
        symbol=named("gen{l}"),
        network=biogrid(TAB2, named("SPSYN1.{kk}"), named("gen{l}")),
        format="biogrid",
    ),
}


def settings_of(name: str, folder: Path) -> str:
    """Write the files of a convention, and return its settings as JSON."""
    return json.dumps(CONVENTIONS[name].write(folder))

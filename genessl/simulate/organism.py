"""From settings to the folder of a simulated organism."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from genessl.data.folders import written_folder
from genessl.simulate import files
from genessl.simulate.curation import annotation_table
from genessl.simulate.functions import simulate_functions
from genessl.simulate.interactions import Memberships, interacting_modules, simulate_edges
from genessl.simulate.knowledge import T0, T1, electronic_rows, experimental_rows, schedule_studies
from genessl.simulate.names import GeneNames, alias_table, name_genes
from genessl.simulate.proteins import evolve_sequences, simulate_families
from genessl.simulate.settings import SimulationSettings
from genessl.simulate.terms import simulate_terms

_log = logging.getLogger(__name__)


def simulate_organism(settings: SimulationSettings, output: Path) -> None:
    """Write a simulated organism in the raw formats of the public databases.

    Families evolve by duplication along trees and substitution along branches, and share domains; molecular function
    descends with the domains, process and component belong to modules of interacting genes, and each of sequence,
    networks and electronic annotation misleads in part. Well-studied genes are annotated more and earlier.

    Parameters
    ----------
    settings : SimulationSettings
        The same settings give the same bytes.
    output : Path
        Folder that appears whole or not at all, in place of what was there:

        - ``sequences.fasta.gz``; ``spurious.txt``, accessions of the records among them that are no genes
        - ``ontology.obo``
        - ``annotations.gaf.gz``, GAF 2.2 of 2020-01-01; ``annotations_later.gaf.gz``, the same and what was found
          until 2023-01-01
        - ``string.links.txt.gz`` by STRING identifiers, ``coexpression.txt.gz`` (weighted edges) by locus tags,
          ``interactions.biogrid.tab3.txt``; ``aliases.txt.gz``, a STRING alias table
    """
    output = Path(output)
    generators = [np.random.default_rng(child) for child in np.random.SeedSequence(settings.seed).spawn(7)]
    growth, families, roles, sequences, networks, knowledge, naming = generators
    terms = simulate_terms(settings.n_terms, growth)
    tree = simulate_families(settings, families)
    functions = simulate_functions(tree, terms, settings, roles)
    names = name_genes(settings.n_genes, naming)
    memberships = interacting_modules(functions, settings, networks)
    study = schedule_studies(memberships.attraction, tree.n_real, settings, knowledge)
    experimental = experimental_rows(functions, terms, study, knowledge)
    electronic = electronic_rows(tree, functions, terms, settings, knowledge)
    annotations = annotation_table(experimental, electronic, names, terms, tree.n_real, knowledge)
    _log.info("simulating %d genes in %d families", settings.n_genes, int(tree.family.max()) + 1)
    with written_folder(output) as folder:
        proteins = evolve_sequences(tree, functions.signal, settings, sequences)
        files.write_sequences(folder / "sequences.fasta.gz", proteins, names)
        files.write_names(folder / "spurious.txt", names.accession[tree.n_real :].tolist())
        files.write_ontology(folder / "ontology.obo", terms)
        files.write_gaf(folder / "annotations.gaf.gz", annotations, T0)
        files.write_gaf(folder / "annotations_later.gaf.gz", annotations, T1)
        _write_networks(folder, memberships, study.interest, names, settings, networks)
        files.write_aliases(folder / "aliases.txt.gz", alias_table(names))
    _log.info("wrote %s", output)


def _write_networks(
    folder: Path,
    memberships: Memberships,
    interest: np.ndarray[tuple[int], np.dtype[np.float64]],
    names: GeneNames,
    settings: SimulationSettings,
    rng: np.random.Generator,
) -> None:
    """Write three networks: STRING wide, co-expression wide and noisier, BioGRID clean but biased to studied genes."""
    n_genes, noise = settings.n_genes, settings.network_noise
    string = simulate_edges(memberships, rng.random(n_genes) < 0.9, mean_degree=20, noise=noise, rng=rng)
    files.write_string_links(folder / "string.links.txt.gz", string, names, rng)
    expressed = rng.random(n_genes) < 0.8
    noisy = min(1.0, 1.6 * noise)
    coexpression = simulate_edges(memberships, expressed, mean_degree=12, noise=noisy, rng=rng)
    files.write_weighted_edges(folder / "coexpression.txt.gz", coexpression, names)
    screened = rng.random(n_genes) < interest / (interest + 0.8)
    biogrid = simulate_edges(memberships, screened, mean_degree=8, noise=noise, rng=rng)
    files.write_biogrid(folder / "interactions.biogrid.tab3.txt", biogrid, names, rng)

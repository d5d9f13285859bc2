"""The annotations that curators and pipelines made, and their dates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genessl.simulate.functions import GeneFunctions
from genessl.simulate.proteins import FamilyTree
from genessl.simulate.settings import SimulationSettings
from genessl.simulate.terms import BPO, CCO, MFO, SimulatedTerms

Integers = NDArray[np.int64]
T0, T1, FIRST_DAY = pd.Timestamp("2020-01-01"), pd.Timestamp("2023-01-01"), pd.Timestamp("2000-01-01")
_CODES = {
    BPO: (["IMP", "IGI", "IDA", "IEP", "HMP", "TAS", "IC"], [0.4, 0.2, 0.15, 0.08, 0.09, 0.06, 0.02]),
    MFO: (["IDA", "IMP", "EXP", "HDA", "TAS"], [0.6, 0.2, 0.08, 0.06, 0.06]),
    CCO: (["IDA", "HDA", "EXP", "IMP", "TAS"], [0.5, 0.3, 0.05, 0.1, 0.05]),
}
_BROAD_FIRST = 0.35
_WITH_FIRST_STUDY = 0.45
_PROTEIN_BINDING = 0.25
_BY_ANCESTOR = 0.5


@dataclass(frozen=True)
class Study:
    """The times at which experiments reveal functions.

    Parameters
    ----------
    interest : ndarray of float64, shape (n_genes,)
        Rate at which a gene is studied; heavy-tailed, about 1 on average.
    first : ndarray of float64, shape (n_genes,)
        Time of a gene's first experiment; infinite for spurious records.
    t0, t1 : float
        The two releases on the same time scale.
    """

    interest: NDArray[np.float64]
    first: NDArray[np.float64]
    t0: float
    t1: float

    def days(self, time: NDArray[np.float64]) -> NDArray[np.datetime64]:
        """Turn times up to t1 into calendar days; what is known at t0 is dated before `T0`."""
        n_before, n_after = (T0 - FIRST_DAY).days, (T1 - T0).days
        before = np.floor(n_before * time / self.t0)
        after = n_before + 1 + np.floor((n_after - 2) * (time - self.t0) / max(self.t1 - self.t0, 1e-12))
        number = np.where(time <= self.t0, np.minimum(before, n_before - 1), after).astype(np.int64)
        return np.asarray(FIRST_DAY.to_datetime64().astype("datetime64[D]") + number)


def schedule_studies(
    attraction: NDArray[np.float64], n_real: int, settings: SimulationSettings, rng: np.random.Generator
) -> Study:
    """Draw when each gene is first studied: hubs of the network interest more and are studied earlier."""
    n_genes = settings.n_genes
    interest = attraction**0.5 * rng.lognormal(0, 0.8, size=n_genes)
    first = rng.exponential(size=n_genes) / interest
    first[n_real:] = np.inf
    ordered = np.sort(first[:n_real])
    t0 = ordered[min(n_real, max(1, round(settings.experimental * n_genes))) - 1]
    t1 = ordered[min(n_real, max(1, round(settings.later * n_genes))) - 1]
    return Study(interest, first, float(t0), float(max(t1, t0)))


def experimental_rows(
    functions: GeneFunctions, terms: SimulatedTerms, study: Study, rng: np.random.Generator
) -> pd.DataFrame:
    """Rows of experimental evidence up to t1.

    Some functions are first described by a broader term; protein binding comes with interaction screens; a gene that
    lost its family's function is sometimes shown not to have it.

    Returns
    -------
    DataFrame of gene, term, evidence, source (of With/From), date, negated
    """
    gene, term, time = _discoveries(functions, terms, study, rng)
    n_genes = len(study.first)
    binding = np.flatnonzero((rng.random(n_genes) < _PROTEIN_BINDING) & np.isfinite(study.first))
    lost = _truly_lost(functions, terms, rng)
    gene = np.concatenate([gene, binding, lost])
    term = np.concatenate([term, np.full(len(binding), terms.protein_binding), functions.lost_function[lost]])
    extra = np.concatenate([binding, lost])
    delay = rng.exponential(size=len(extra)) * rng.integers(0, 2, size=len(extra))
    time = np.concatenate([time, study.first[extra] + delay / study.interest[extra]])
    negated = np.arange(len(gene)) >= len(gene) - len(lost)
    aspect = terms.aspect[term]
    evidence = np.empty(len(gene), dtype=object)
    for number, (codes, shares) in _CODES.items():
        evidence[aspect == number] = rng.choice(codes, p=shares, size=int((aspect == number).sum()))
    evidence[term == terms.protein_binding] = "IPI"
    known = time <= study.t1
    rows = pd.DataFrame({"gene": gene, "term": term, "evidence": evidence, "source": "", "negated": negated})[known]
    return rows.assign(date=study.days(time[known])).reset_index(drop=True)


def _discoveries(
    functions: GeneFunctions, terms: SimulatedTerms, study: Study, rng: np.random.Generator
) -> tuple[Integers, Integers, NDArray[np.float64]]:
    gene, term = functions.gene, functions.term
    pace = 1 / study.interest[gene]
    wait = np.where(rng.random(len(gene)) < _WITH_FIRST_STUDY, 0.0, rng.exponential(size=len(gene)))
    time = study.first[gene] + wait * pace
    broad = np.flatnonzero(rng.random(len(gene)) < _BROAD_FIRST)
    exact = time.copy()
    exact[broad] += 0.7 * rng.exponential(size=len(broad)) * pace[broad]
    return (
        np.concatenate([gene, gene[broad]]),
        np.concatenate([term, terms.broader(term[broad])]),
        np.concatenate([exact, time[broad]]),
    )


def _truly_lost(functions: GeneFunctions, terms: SimulatedTerms, rng: np.random.Generator) -> Integers:
    """Return genes shown not to have the function they lost, where no function of theirs implies it."""
    candidates = np.flatnonzero((functions.lost_function >= 0) & (rng.random(len(functions.lost_function)) < 0.4))
    implied = {
        (gene, above)
        for gene, term in zip(functions.gene.tolist(), functions.term.tolist())
        if functions.lost_function[gene] >= 0
        for above in terms.above[term]
    }
    lost = functions.lost_function[candidates].tolist()
    kept = [pair not in implied for pair in zip(candidates.tolist(), lost)]
    return np.asarray(candidates[np.array(kept, dtype=bool)])


def electronic_rows(
    tree: FamilyTree,
    functions: GeneFunctions,
    terms: SimulatedTerms,
    settings: SimulationSettings,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Rows that no experiment on the gene supports: by domain, by keyword, by ancestor; all partly wrong.

    Returns
    -------
    DataFrame of gene, term, evidence, source (of With/From), negated; without a date
    """
    return pd.concat(
        [
            _by_domain(tree, functions, terms, settings, rng),
            _by_keyword(functions, terms, settings, rng),
            _by_ancestor(tree, functions, settings, rng),
        ],
        ignore_index=True,
    )


def _by_domain(
    tree: FamilyTree,
    functions: GeneFunctions,
    terms: SimulatedTerms,
    settings: SimulationSettings,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """InterPro to GO: a domain stands for a broad function, some domains for a wrong one."""
    stands_for = functions.domain_function.copy()
    known = np.flatnonzero(stands_for >= 0)
    broad = known[rng.random(len(known)) < 0.6]
    stands_for[broad] = terms.broader(stands_for[broad])
    wrong = known[rng.random(len(known)) < settings.electronic_error]
    stands_for[wrong] = rng.choice(terms.specific(MFO), size=len(wrong))
    in_families = np.arange(tree.n_in_families)
    bounds = np.searchsorted(tree.domain_family, np.arange(tree.family[in_families].max(initial=-1) + 2))
    family = tree.family[in_families]
    n_domains = bounds[family + 1] - bounds[family]
    gene = np.repeat(in_families, n_domains)
    place = np.arange(len(gene)) - np.repeat(np.cumsum(n_domains) - n_domains, n_domains)
    domain = tree.domain_type[bounds[tree.family[gene]] + place]
    seen = (stands_for[domain] >= 0) & (rng.random(len(gene)) < settings.electronic)
    source = [f"InterPro:IPR9{number:05d}" for number in domain[seen].tolist()]
    return pd.DataFrame(
        {"gene": gene[seen], "term": stands_for[domain[seen]], "evidence": "IEA", "source": source, "negated": False}
    ).drop_duplicates()


def _by_keyword(
    functions: GeneFunctions, terms: SimulatedTerms, settings: SimulationSettings, rng: np.random.Generator
) -> pd.DataFrame:
    """UniProt keywords: broad processes and components, some wrong."""
    aspect = terms.aspect[functions.term]
    seen = (aspect != MFO) & (rng.random(len(aspect)) < settings.electronic)
    gene, term, aspect = functions.gene[seen], terms.broader(functions.term[seen]), aspect[seen]
    term = np.where(rng.random(len(term)) < 0.5, terms.broader(term), term)
    wrong = rng.random(len(term)) < settings.electronic_error
    for number in (BPO, CCO):
        chosen = wrong & (aspect == number)
        term[chosen] = rng.choice(terms.specific(number), size=int(chosen.sum()))
    source = [f"UniProtKB-KW:KW-{9000 + number}" for number in term.tolist()]
    return pd.DataFrame({"gene": gene, "term": term, "evidence": "IEA", "source": source, "negated": False})


def _by_ancestor(
    tree: FamilyTree, functions: GeneFunctions, settings: SimulationSettings, rng: np.random.Generator
) -> pd.DataFrame:
    """Phylogenetic inference: the whole family receives the founder's functions, whatever changed along the tree."""
    founder = np.searchsorted(tree.family, tree.family[: tree.n_in_families])
    family = tree.family[: tree.n_in_families]
    chosen = rng.random(int(family.max(initial=-1)) + 1) < _BY_ANCESTOR * settings.electronic
    gene = np.flatnonzero(chosen[family])
    process = functions.module_process[functions.module[founder[gene]]]
    code = np.where(rng.random(len(gene)) < 0.9, "IBA", "ISS")
    node = [f"PANTHER:PTN9{number:08d}" for number in family[gene].tolist()]
    inferred = [
        pd.DataFrame({"gene": gene, "term": term, "evidence": code, "source": node, "negated": False})
        for term in (process, functions.main_function[founder[gene]])
    ]
    denied = gene[functions.lost_function[gene] >= 0]
    losses = pd.DataFrame(
        {"gene": denied, "term": functions.lost_function[denied], "evidence": "IKR", "source": "", "negated": True}
    )
    return pd.concat([*inferred, losses], ignore_index=True)

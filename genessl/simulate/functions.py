"""The functions of each gene: molecular function from its domains, process and component from its module."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genessl.simulate.proteins import FamilyTree
from genessl.simulate.settings import SimulationSettings
from genessl.simulate.terms import BPO, CCO, MFO, SimulatedTerms

Integers = NDArray[np.int64]
_GENES_PER_MODULE = 14
_STRUCTURAL_DOMAINS = 0.2
_MODULE_FUNCTION = 0.75
_FAMILY_PROCESS = 0.6
_FAMILY_COMPONENT = 0.5
_FAMILY_OF_MODULE = 0.4
_FUNCTION_OF_NEW_MODULE = 0.85
_SECOND_MODULE = 0.25
_OWN_PROCESS = 0.15
_OWN_COMPARTMENT = 0.2
_SIGNAL = 0.6


@dataclass(frozen=True)
class GeneFunctions:
    """The true functions of the genes; the annotations show a part of them.

    Parameters
    ----------
    gene, term : ndarray of int64, shape (n_facts,)
        Each function of each gene; spurious records have none.
    main_function : ndarray of int64, shape (n_genes,)
        The function inherited within the family, -1 for spurious records.
    lost_function : ndarray of int64, shape (n_genes,)
        The family's function where a duplicate gave it up, else -1.
    module, second_module : ndarray of int64, shape (n_genes,)
        The modules a gene works in; -1 for none.
    module_process : ndarray of int64, shape (n_modules,)
        Neighbouring modules have related processes.
    domain_function : ndarray of int64, shape (n_types,)
        -1 for a domain that only gives structure.
    signal : ndarray of int64, shape (n_genes,)
        Number of the targeting signal of the sequence, -1 for none.
    """

    gene: Integers
    term: Integers
    main_function: Integers
    lost_function: Integers
    module: Integers
    second_module: Integers
    module_process: Integers
    domain_function: Integers
    signal: Integers


def simulate_functions(
    tree: FamilyTree, terms: SimulatedTerms, settings: SimulationSettings, rng: np.random.Generator
) -> GeneFunctions:
    """Let functions and modules descend along the family trees, with changes at duplications."""
    n_modules = max(2, tree.n_real // _GENES_PER_MODULE)
    process = _ordered_choice(terms, BPO, n_modules, rng)
    component = np.repeat(_ordered_choice(terms, CCO, (n_modules + 1) // 2, rng), 2)[:n_modules]
    module_function = _choice(terms.specific(MFO), n_modules, rng)
    domain_function = _choice(terms.specific(MFO), tree.n_types, rng)
    domain_function[rng.random(tree.n_types) < _STRUCTURAL_DOMAINS] = -1

    module, function, lost = _descend(tree, terms, domain_function, module_function, settings, rng)
    genes = np.arange(tree.n_real)
    second = np.where(rng.random(tree.n_real) < _SECOND_MODULE, rng.integers(n_modules, size=tree.n_real), -1)
    own = rng.random(tree.n_real) < _OWN_PROCESS
    processes = np.where(own, _choice(terms.specific(BPO), tree.n_real, rng), process[module])
    own = rng.random(tree.n_real) < _OWN_COMPARTMENT
    components = np.where(own, _choice(terms.specific(CCO), tree.n_real, rng), component[module])
    sideline = np.flatnonzero(rng.random(tree.n_real) < _MODULE_FUNCTION)
    both = np.flatnonzero(second >= 0)
    n_families = int(tree.family.max(initial=0)) + 1
    family_process = _choice(terms.specific(BPO), n_families, rng)[tree.family[: tree.n_real]]
    family_component = _choice(terms.specific(CCO), n_families, rng)[tree.family[: tree.n_real]]
    kin = np.flatnonzero(rng.random(tree.n_real) < _FAMILY_PROCESS)
    near = np.flatnonzero(rng.random(tree.n_real) < _FAMILY_COMPONENT)
    facts = [
        (genes, function),
        (sideline, module_function[module[sideline]]),
        (genes, _vary(processes, terms, rng)),
        (both, process[second[both]]),
        (kin, family_process[kin]),
        (near, family_component[near]),
        (genes, _vary(components, terms, rng)),
        (both, component[second[both]]),
    ]
    absent = np.full(settings.n_genes - tree.n_real, -1)
    signal = np.where(rng.random(tree.n_real) < _SIGNAL, _compartment_group(components, terms), -1)
    return GeneFunctions(
        gene=np.concatenate([gene for gene, _ in facts]),
        term=np.concatenate([term for _, term in facts]),
        main_function=np.concatenate([function, absent]),
        lost_function=np.concatenate([lost, absent]),
        module=np.concatenate([module, absent]),
        second_module=np.concatenate([second, absent]),
        module_process=process,
        domain_function=domain_function,
        signal=np.concatenate([signal, absent]),
    )


def _descend(
    tree: FamilyTree,
    terms: SimulatedTerms,
    domain_function: Integers,
    module_function: Integers,
    settings: SimulationSettings,
    rng: np.random.Generator,
) -> tuple[Integers, Integers, Integers]:
    """Return module, molecular function and lost function of the real genes."""
    n_modules = len(module_function)
    module = rng.integers(n_modules, size=tree.n_real)
    function = _founder_functions(tree, terms, domain_function, rng)[tree.family[: tree.n_real]]
    needed_first = rng.random(tree.n_real) < _FAMILY_OF_MODULE
    drawn = np.where(needed_first, module_function[module], _choice(terms.specific(MFO), tree.n_real, rng))
    function = np.where(needed_first | (function < 0), drawn, function)
    fresh_module = rng.integers(n_modules, size=tree.n_real)
    fresh_function = _choice(terms.specific(MFO), tree.n_real, rng)
    by_need = rng.random(tree.n_real) < _FUNCTION_OF_NEW_MODULE
    lost = np.full(tree.n_real, -1)
    for children, sources in tree.duplications():
        moved = rng.random(len(children)) < settings.rewired
        module[children] = np.where(moved, fresh_module[children], module[sources])
        renewed = rng.random(len(children)) < settings.neofunctionalised
        needed = module_function[module[children]]
        new = np.where(by_need[children], needed, fresh_function[children])
        function[children] = np.where(renewed, new, function[sources])
        lost[children] = np.where(renewed, function[sources], lost[sources])
    return module, function, lost


def _founder_functions(
    tree: FamilyTree, terms: SimulatedTerms, domain_function: Integers, rng: np.random.Generator
) -> Integers:
    """Give each family the function of its last domain that has one, made more specific in half; -1 for none."""
    founder = np.full(int(tree.family.max(initial=0)) + 1, -1)
    functional = domain_function[tree.domain_type] >= 0
    founder[tree.domain_family[functional]] = domain_function[tree.domain_type[functional]]
    having = np.flatnonzero(founder >= 0)
    special = having[rng.random(len(having)) < 0.5]
    founder[special] = terms.narrower(founder[special], rng)
    return founder


def _choice(pool: Integers, count: int, rng: np.random.Generator) -> Integers:
    """Draw terms, the first of the pool far more often than the last."""
    weights = 1 / (1 + np.arange(len(pool))) ** 0.4
    return rng.choice(pool, p=weights / weights.sum(), size=count)


def _ordered_choice(terms: SimulatedTerms, aspect: int, count: int, rng: np.random.Generator) -> Integers:
    """Draw terms and sort them along the hierarchy, so that neighbours are relatives."""
    chosen = _choice(terms.specific(aspect), count, rng)
    lines = []
    for term in chosen.tolist():
        line = [term]
        while terms.parent[line[-1]] >= 0:
            line.append(int(terms.parent[line[-1]]))
        lines.append(tuple(reversed(line)))
    order = sorted(range(count), key=lambda position: lines[position])
    return chosen[np.array(order, dtype=np.int64)]


def _vary(chosen: Integers, terms: SimulatedTerms, rng: np.random.Generator) -> Integers:
    """Make a third of the terms more specific, because the genes of a module have different parts in it."""
    return np.where(rng.random(len(chosen)) < 0.35, terms.narrower(chosen, rng), chosen)


def _compartment_group(components: Integers, terms: SimulatedTerms) -> Integers:
    """Return the top-level component above each term, counted from 0."""
    group = components.copy()
    while (terms.depth[group] > 1).any():
        group = terms.broader(group)
    return np.asarray(group - np.flatnonzero(terms.aspect == CCO)[0] - 1)

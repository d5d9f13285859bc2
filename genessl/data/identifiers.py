"""One identifier per gene, found from a name in any vocabulary."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from genessl.data.aliases import AliasTable, is_identifier
from genessl.data.coverage import HELD, JOINED, Coverage
from genessl.data.name_forms import VERSION, shortened, taxon_prefix
from genessl.data.name_stages import (
    OWN,
    SEVERAL,
    WITHOUT,
    Found,
    Names,
    Stage,
    left_records,
    left_rows,
    only,
    stages_of,
    tied_records,
    without_taxon,
)

_log = logging.getLogger(__name__)

UNKNOWN = "unknown identifier"
AMBIGUOUS = "ambiguous alias"
BY_SYMBOL, BY_SYNONYM, IGNORING_CASE = "symbol", "synonym", "ignoring case"
_REPAIRED = (*WITHOUT.values(), IGNORING_CASE)
_ENOUGH = 0.5
_WORTH_NAMING = 0.1


@dataclass(frozen=True)
class Resolution:
    """The gene of each name that has one, and the reason why any other name has none.

    `how` tells how each name with a gene was found: "own name", "SOURCE of TABLE", "record of TABLE", "symbol",
    "synonym", "without the database's name", "without isoform or chain", "without version" or "ignoring case".
    """

    targets: dict[str, str]
    lost: dict[str, str]
    how: dict[str, str] = field(default_factory=dict)

    def count(self, coverage: Coverage, source: str, unit: str) -> None:
        """Count the names held, joined and lost by reason, and those that joined only in a shorter form."""
        coverage.add(source, unit, HELD, len(self.targets) + len(self.lost))
        coverage.add(source, unit, JOINED, len(self.targets))
        for reason, count in Counter(self.lost.values()).most_common():
            coverage.add(source, unit, reason, count)
        ways = Counter(self.how.values())
        for way in _REPAIRED:
            if ways[way]:
                coverage.add_whole(source, f"{unit} joined {way}", ways[way])

    def summary(self) -> str:
        """Return how many names joined, and how, such as '2 of 3 joined (1 by own name, 1 without version)'."""
        ways = [f"{count} by {way}" for way, count in Counter(self.how.values()).most_common()]
        ways = [way.replace(" by without", " without").replace(" by ignoring", " ignoring") for way in ways]
        told = f" ({', '.join(ways)})" if ways else ""
        return f"{len(self.targets)} of {len(self.targets) + len(self.lost)} joined{told}"


class GeneIdentifiers:
    """Find the gene that a name in any of several vocabularies means.

    A record of a table is tied to a gene by its own name, else by its aliases, most reliable source first; a record
    that stays untied is tried once more through the identifiers (not the gene names) of the other tables. Names match
    with and without a taxon prefix such as ``4932.``, and a record tied to no gene is no target.

    A name that is known nowhere as it is written is looked up in shorter forms, of the name or of those known, in this
    order: without the name of a database (``SGD:S000000001``, ``sp|P12345|X_YEAST``, ``gi|1|ref|NP_1.1|``), without an
    isoform or chain (``P12345-2``, ``P12345:PRO_0000123``), without a version (``NP_1.1``); and last of all with upper
    and lower case, and other forms of a letter in Unicode, taken for the same. Such a match counts only if it means
    one gene in all sources together. Two names with different endings match only if their stem shows that the ending
    is a version: ``SPAC1002.01`` and ``SPAC1002.02`` are two genes.

    Parameters
    ----------
    genes : sequence of str
        Unique identifiers.
    tables : sequence of AliasTable
        Tried in this order.

    Attributes
    ----------
    genes : tuple of str
    tables : tuple of AliasTable
    n_ambiguous : dict of (str, str) to int
        Number of aliases, by table and source ("records" for the records' own names), that have several genes there and
        are not used from it.
    """

    def __init__(self, genes: Sequence[str], tables: Sequence[AliasTable]) -> None:
        self.genes, self.tables = tuple(genes), tuple(tables)
        self.n_ambiguous: dict[tuple[str, str], int] = {}
        own = Stage(OWN, ((gene, gene) for gene in genes))
        several: list[set[str]] = [set() for _ in tables]
        ties = [tied_records(table.sources, own.find, {}, found) for table, found in zip(tables, several)]
        if len(tables) > 1:
            ties = _tied_through_others(tables, ties)
        self._names = Names([own])
        ties = [self._tied_by_form(table, tied) for table, tied in zip(tables, ties, strict=True)]
        stages = [self._stages(*of_table) for of_table in zip(tables, ties, several, strict=True)]
        self._names = Names([own, *chain.from_iterable(stages)])

    def extended(self, table: AliasTable, tied: Mapping[str, str]) -> GeneIdentifiers:
        """Return identifiers that know one more table, tried last, whose records are tied to genes already.

        Parameters
        ----------
        table : AliasTable
        tied : mapping of str to str
            The gene of each record that has one.
        """
        more = object.__new__(GeneIdentifiers)
        more.genes, more.tables, more.n_ambiguous = self.genes, (*self.tables, table), dict(self.n_ambiguous)
        more._names = Names([*self._names.stages, *more._stages(table, tied)])
        return more

    def _tied_by_form(self, table: AliasTable, tied: dict[str, str]) -> dict[str, str]:
        """Tie the records that are left by shorter forms, then ignoring case to genes to which no record is tied."""
        names = self._names
        records = left_records(table.sources, names, tied)
        by_record = {record: names.find_shortened(record)[0] for record in records if names.may_know(record)}
        tied = tied | {record: gene for record, gene in by_record.items() if isinstance(gene, str)}
        rows = left_rows(table.sources, names, {record for record in records if record not in tied})
        tied = tied_records(rows, lambda name: names.find_shortened(name)[0], tied)
        taken = set(tied.values())
        words = {*by_record, *chain.from_iterable(aliases for _, aliases in rows.values())}
        found = {name: gene for name, gene in names.ignoring_case(words).items() if gene not in taken}
        tied |= {
            record: gene for record in by_record if record not in tied and isinstance(gene := found.get(record), str)
        }
        return tied_records(rows, found.get, tied) if found else tied

    def _stages(self, table: AliasTable, tied: Mapping[str, str], several: Collection[str] = ()) -> list[Stage]:
        stages = stages_of(table.sources, tied, Path(table.name).name, several)
        n_records = len(set(chain.from_iterable(records for records, _ in table.sources.values())))
        _log.info("%s: %d of %d records are tied to a gene", table.name, len(tied), n_records)
        counts = {source: stage.n_ambiguous for source, stage in stages.items() if stage.n_ambiguous}
        self.n_ambiguous |= {(table.name, source): count for source, count in counts.items()}
        for source, count in counts.items():
            _log.info("%s: %d aliases of %s have several genes and are not used", table.name, count, source)
        return list(stages.values())

    def resolve(
        self,
        names: Iterable[str],
        *,
        synonyms: Mapping[str, Sequence[str]] | None = None,
        ignoring_case: bool = True,
    ) -> Resolution:
        """Find the gene of each name.

        Parameters
        ----------
        names : iterable of str
        synonyms : mapping of str to sequence of str, optional
            Other names of a name, tried in the same way where the name itself has no gene: first the first of them
            (a symbol), then the others, from the first source in which those with a gene agree. A gene that another
            name has by its own, or by its symbol, is not given again: RNA genes and transposons share synonyms with
            proteins.
        ignoring_case : bool, default=True
            Whether names that are left are looked up with upper and lower case taken for the same.
        """
        known, given = self._names, synonyms or {}
        search = _Search(list(dict.fromkeys(names)))
        symbols = {name: [word for word in words[:1] if word] for name, words in given.items() if name in search.found}
        others = {name: [word for word in words[1:] if word] for name, words in given.items() if name in search.found}
        search.by_name(known.find)
        search.by_name(known.find_shortened)
        for agreed in (known.agreed, known.agreed_shortened):
            search.by_words(symbols, agreed, BY_SYMBOL)
            search.by_words(others, agreed, BY_SYNONYM)
        if ignoring_case:
            self._by_lower_case(search, symbols, others)
        targets = {name: gene for name, gene in search.found.items() if isinstance(gene, str)}
        lost = {n: AMBIGUOUS if gene is SEVERAL else UNKNOWN for n, gene in search.found.items() if n not in targets}
        return Resolution(targets, lost, {name: search.how[name] for name in targets})

    def _by_lower_case(
        self, search: _Search, symbols: Mapping[str, Sequence[str]], others: Mapping[str, Sequence[str]]
    ) -> None:
        left = [name for name, found in search.found.items() if found is None]
        lower = self._names.ignoring_case(
            chain(left, *(words.get(name, ()) for words in (symbols, others) for name in left))
        )
        search.by_name(lambda name: (lower.get(name), IGNORING_CASE))
        for words in (symbols, others):
            search.by_words(words, lambda told: only(lower.get(word) for word in told), IGNORING_CASE)

    def best_source(self, names: Iterable[str]) -> tuple[str, str, float] | None:
        """Return the alias source that knows most of some names, whether or not its records are tied to genes.

        Returns
        -------
        tuple of (str, str, float) or None
            The file of the table, the source ("records" for the records' own names) and the share of the names that it
            knows, in (0, 1]; None if no source knows any.
        """
        asked = {(taxon_prefix(name), without_taxon(name)) for name in names}
        best: tuple[str, str, float] | None = None
        for table in self.tables:
            known = {"records": chain.from_iterable(records for records, _ in table.sources.values())}
            for source, held in chain(known.items(), ((source, rows[1]) for source, rows in table.sources.items())):
                share = _share_known(asked, held)
                if share > (best[2] if best else 0):
                    best = (Path(table.name).name, source, share)
        return best

    def tell(self, resolution: Resolution, what: str) -> None:
        """Log how many names joined and how; warn, with advice, if they are few of the names and of the genes, too."""
        summary = f"{what}: {resolution.summary()}"
        joined, genes = len(resolution.targets), len(set(resolution.targets.values()))
        if joined >= _ENOUGH * (joined + len(resolution.lost)) or genes >= _ENOUGH * len(self.genes):
            _log.info("%s", summary)
        else:
            _log.warning("%s; for the others: %s", summary, self.advice(list(resolution.lost)))

    def advice(self, names: Sequence[str]) -> str:
        """Return what would join names of which few or none are genes, as the end of a sentence.

        It tells whether the names are those of another organism or differ in the version only, which alias source knows
        them although its records are tied to no gene, or that an alias table is missing.
        """
        example, gene = names[0], self.genes[0]
        theirs, ours = {taxon_prefix(name) for name in names}, {taxon_prefix(gene) for gene in self.genes}
        if theirs.isdisjoint(ours) and "" not in theirs | ours:
            return (
                f"their taxon, as in '{example}', is not that of the sequences, as in '{gene}': give the files of one"
                " organism"
            )
        forms: dict[str, list[str]] = {}
        for known in self.genes:
            for _, form in shortened(known):
                forms.setdefault(form, []).append(known)
        shared = [name for name in names if len(set(forms.get(name, ()))) > 1]
        if len(shared) >= _ENOUGH * len(names):
            one, other = list(dict.fromkeys(forms[shared[0]]))[:2]
            return (
                f"'{shared[0]}' may be '{one}' or '{other}': give one sequence of each gene, or headers that name the"
                " gene, such as gene=NAME"
            )
        stems = {form: gene for gene in self.genes for level, form in shortened(gene) if level == VERSION}
        versions = {
            name: form for name in names for level, form in shortened(name) if level == VERSION and form in stems
        }
        if len(versions) >= _ENOUGH * len(names):
            name, stem = next(iter(versions.items()))
            return f"only the version differs, as in '{name}' and '{stems[stem]}': give files of the same release"
        best = self.best_source(names)
        if best is not None and best[2] >= _WORTH_NAMING:
            table, source, share = best
            return (
                f"{share:.0%} of them are '{source}' in {table}, whose other names lead to few of the sequences: add an"
                f" alias table under `identifiers` that has names like '{gene}' beside names like '{example}'"
            )
        return "add an alias table under `identifiers`"


def _share_known(asked: set[tuple[str, str]], held: Iterable[str]) -> float:
    """Return the share of names, each as taxon prefix and rest, that are among those held; no taxon fits any."""
    exact = {(taxon_prefix(name), without_taxon(name)) for name in held}
    without, rests = {rest for taxon, rest in exact if not taxon}, {rest for _, rest in exact}
    known = [name for name in asked if name in exact or name[1] in without or (not name[0] and name[1] in rests)]
    return len(known) / max(1, len(asked))


class _Search:
    """Names with the genes that are found for them one way after another."""

    def __init__(self, names: Sequence[str]) -> None:
        self.found: dict[str, Found] = dict.fromkeys(names)
        self.how: dict[str, str] = {}

    def by_name(self, find: Callable[[str], tuple[Found, str]]) -> None:
        """Look up the names that are not known so far."""
        for name, known in self.found.items():
            if known is None:
                self.found[name], self.how[name] = find(name)

    def by_words(self, words: Mapping[str, Sequence[str]], agreed: Callable[[Sequence[str]], Found], way: str) -> None:
        """Look up the words of names without a gene; what another name has is not given again."""
        taken = {gene for gene in self.found.values() if isinstance(gene, str)}
        for name, told in words.items():
            if not isinstance(self.found[name], str) and told:
                gene = agreed(told)
                if gene is not None and gene not in taken:
                    self.found[name], self.how[name] = gene, way


def _tied_through_others(tables: Sequence[AliasTable], ties: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Tie records that are left through the identifiers of the other tables."""
    identifiers = [
        {source: rows for source, rows in table.sources.items() if is_identifier(source)} for table in tables
    ]
    stages = [list(stages_of(sources, tied, "").values()) for sources, tied in zip(identifiers, ties)]
    others = [Names([stage for j, steps in enumerate(stages) if j != k for stage in steps]) for k in range(len(tables))]
    return [
        tied_records(identifiers[k], lambda name, k=k: others[k].find(name)[0], ties[k])  # type: ignore[misc]
        for k in range(len(tables))
    ]

"""Hold the examples of the rule files against mutants: each rule with one thing changed.

    mutate_rules.py [--list] [--in=CATALOGUE] [PACK…]

A mutant is caught when one of the rule's examples fails. No example can catch one that judges every
case alike: `rule_mutants.judges_alike` knows those that follow from what a rule says, any other is
listed with its reason in tools/equal_mutants/PACK.yaml. Prints a line for each pack; ends with 1
where a pack's examples catch less than 95 % of the others, or where one that is said to judge alike
is caught or does not exist. `--list` names every mutant that is missed or judges alike.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from rule_mutants import judges_alike, mutants

from efficiency_monitor.catalogue.authoring import rule_work
from efficiency_monitor.catalogue.catalogue_files import catalogue_folder, pack_names, rule_digest
from efficiency_monitor.catalogue.strict_yaml import load, plain, validate
from efficiency_monitor.engine.encoding import BoundRule
from efficiency_monitor.faults import EffmonError
from efficiency_monitor.rules.rules import Rule
from efficiency_monitor.workspace.context import Catalogue

LEAST = Decimal(95)
EQUAL = Path(__file__).resolve().parent / "equal_mutants"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EqualMutants(_Strict):
    """Mutants of one rule that judge every case as the rule does, and why."""

    rule: str
    mutants: tuple[str, ...]
    reason: str


class EqualFile(_Strict):
    """`tools/equal_mutants/PACK.yaml`."""

    equal: tuple[EqualMutants, ...]


@dataclass(slots=True)
class Outcome:
    """What came of the mutants of a pack; names are `RULE: mutant`."""

    rules: int = 0
    caught: list[str] = field(default_factory=list)
    equal: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    #: Said to judge alike, and wrongly: each with what is wrong.
    wrongly_listed: list[str] = field(default_factory=list)

    @property
    def share(self) -> Decimal:
        """Caught in percent of those that can be, rounded down to two places."""
        of = len(self.caught) + len(self.missed)
        share = Decimal(100 * len(self.caught)) / of if of else Decimal(100)
        return share.quantize(Decimal("0.01"), ROUND_DOWN)

    @property
    def good(self) -> bool:
        """Whether the pack's examples hold what is asked of them."""
        return self.share >= LEAST and not self.wrongly_listed


def listed_equal(pack: str) -> Mapping[str, str]:
    """`RULE: mutant` → the reason why no example can catch it."""
    path = EQUAL / f"{pack}.yaml"
    if not path.is_file():
        return {}
    file = validate(load(path.read_text(encoding="utf-8"), str(path)), EqualFile)
    return {f"{one.rule}: {name}": one.reason for one in file.equal for name in one.mutants}


def hold(catalogue: Catalogue, pack: str) -> Outcome:
    """Run the examples of each rule of a pack against each of its mutants."""
    outcome = Outcome()
    equal = dict(listed_equal(pack))
    for path in sorted((catalogue.folder / "packs" / pack).glob("*.yaml")):
        document = plain(load(path.read_text(encoding="utf-8"), str(path)))
        outcome.rules += 1
        for name, mutant in _different(document):
            said = f"{document['id']}: {name}"
            caught = _caught(catalogue, mutant, pack, str(path))
            alike = judges_alike(document, name) is not None
            if alike or said in equal:
                equal.pop(said, None)
                if caught:
                    outcome.wrongly_listed.append(f"{said} (an example catches it)")
                else:
                    outcome.equal.append(said)
            else:
                (outcome.caught if caught else outcome.missed).append(said)
    outcome.wrongly_listed += [f"{said} (there is no such mutant)" for said in equal]
    return outcome


def _different(document: dict[str, Any]) -> Iterator[tuple[str, Rule]]:
    """The mutants that are rules, and not the rule itself in other words."""
    seen = {rule_digest(Rule.model_validate(document))}
    for name, mutated in mutants(document):
        try:
            rule = Rule.model_validate(mutated)
        except ValidationError:
            continue  # `rules check` refuses it
        digest = rule_digest(rule)
        if digest not in seen:
            seen.add(digest)
            yield name, rule


def _caught(catalogue: Catalogue, rule: Rule, pack: str, path: str) -> bool:
    """Whether an example fails; a rule that cannot be run at all is caught too."""
    file = rule_work.RuleFile(BoundRule(rule, pack, "mutant"), path)
    try:
        return any(not result.passed for result in rule_work.run_examples(catalogue, [file]))
    except (EffmonError, ValueError):
        return True


def main(arguments: Sequence[str]) -> int:
    """Print the figures of the packs; 1 where one falls short."""
    listing = "--list" in arguments
    own = [Path(word.removeprefix("--in=")) for word in arguments if word.startswith("--in=")]
    folder = catalogue_folder(own[0] if own else None)
    catalogue = Catalogue(folder, pack_names(folder))
    packs = [pack for pack in arguments if not pack.startswith("-")] or list(catalogue.packs)
    unknown = sorted(set(packs) - set(catalogue.packs))
    if unknown:
        print(f"no pack {', '.join(unknown)}: one of {', '.join(catalogue.packs)}")
        return 2
    code = 0
    for pack in packs:
        outcome = hold(catalogue, pack)
        print(
            f"{pack}: {outcome.rules} rules, {len(outcome.caught) + len(outcome.missed)} mutants, "
            f"{len(outcome.caught)} caught: {outcome.share} %; "
            f"{len(outcome.equal)} more judge alike",
            flush=True,
        )
        for said in outcome.equal if listing else ():
            print(f"  judges alike: {said}")
        for said in outcome.missed if listing or not outcome.good else ():
            print(f"  missed: {said}")
        for said in outcome.wrongly_listed:
            print(f"  wrongly listed as judging alike: {said}")
        code = code if outcome.good else 1
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

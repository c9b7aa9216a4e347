"""A contract for import-linter: storeys of modules named by patterns, imports only downward.

    type = "tools.import_storeys.Storeys"
    storeys = ["app", "cards | notify", "records **.store", "time **.model"]
    within = ["**.model"]

`storeys` are from top to bottom. A line is one storey: wings, divided by `|`, that do not see each
other. A wing is patterns of modules below `efficiency_monitor`, each with all that is in it; `**`
is any number of names. A module stands where the pattern says that reaches deepest into its name;
of two that reach as deep, the one with more names. Without a storey it is a fault. `within` leaves
all modules out of sight that no pattern of it matches.
"""

import re

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

PREFIX = "efficiency_monitor."


class Pattern:
    """`**.model`: modules of this name, at any depth, and all that is in them."""

    def __init__(self, text: str) -> None:
        words = text.split(".")
        self.names = sum(word != "**" for word in words)
        self._form = re.compile(
            "".join(r"(?:\w+\.)*" if word == "**" else re.escape(f"{word}.") for word in words)
        )

    def depth(self, name: str) -> int:
        """How many names of a module this pattern reaches; 0 where it does not match."""
        parts = name.split(".")
        ends = range(len(parts), 0, -1)
        return next((n for n in ends if self._form.fullmatch(".".join(parts[:n]) + ".")), 0)


class Storeys(Contract):
    """No import goes up a storey, or across into another wing."""

    storeys = fields.ListField(subfield=fields.StringField())
    within = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Every module stands somewhere, and each of its imports goes down or stays in its wing."""
        places = [
            (Pattern(text), (storey, wing))
            for storey, line in enumerate(self.storeys)
            for wing, patterns in enumerate(line.split("|"))
            for text in patterns.split()
        ]
        bounds = [Pattern(text) for text in self.within or ["**"]]
        stands, faults = {}, []
        for module in graph.modules:
            name = module.removeprefix(PREFIX)
            if name == module or not any(bound.depth(name) for bound in bounds):
                continue
            found = [(p.depth(name), p.names, place) for p, place in places if p.depth(name)]
            if found:
                stands[module] = max(found, key=lambda each: each[:2])[2]
            elif not (self.within and graph.find_children(module)):
                faults.append(f"{module} has no storey")
        for module, here in stands.items():
            for imported in graph.find_modules_directly_imported_by(module):
                there = stands.get(imported, (len(places), 0))
                if there != here and there[0] <= here[0]:
                    faults.append(f"{module} imports {imported}")
        return ContractCheck(kept=not faults, metadata={"faults": sorted(faults)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each module without a storey and each import that may not be."""
        for fault in check.metadata["faults"]:
            output.print_error(fault)

"""An office whose rules a second person approves, and files that somebody changes meanwhile."""

from collections.abc import Callable
from pathlib import Path

import yaml

from efficiency_monitor.catalogue import rule_versions
from efficiency_monitor.catalogue.rule_files import Selection
from efficiency_monitor.catalogue.rule_versions import Change
from tests.matters.office import Office

APPROVAL = '\n[rules]\napproval = "second_person"\n'


class Bureau(Office):
    """An office in which Wang proposes what judges and Sun approves it."""

    @property
    def rules(self) -> Path:
        """The folder of the only pack."""
        return self.world.folder / "catalogue" / "packs" / "story"

    def demand(self) -> None:
        """From here on a second person approves rules."""
        file = self.world.folder / "effmon.toml"
        file.write_text(file.read_text("utf-8") + APPROVAL, encoding="utf-8")
        self.world.close()

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Change a rule's file, as somebody with an editor does."""
        file = self.rules / name
        file.write_text(change(file.read_text("utf-8")), encoding="utf-8")
        self.world.close()

    def propose(self, person: str = "wang", **selection: object) -> Change:
        """Propose what differs."""
        return rule_versions.propose(
            self.acting(person),
            Selection(**selection),
            "局务会决定",  # type: ignore[arg-type]
        )

    def approve(self, number: str, person: str = "sun") -> Change:
        """Approve with the own key."""
        done = rule_versions.approve(self.acting(person), number)
        self.world.close()
        return done

    def adopt(self) -> Change:
        """Everything that differs, proposed by one and approved by another."""
        return self.approve(self.propose().change_no)

    def levels(self) -> list[str]:
        """Open cards by rule and level."""
        return sorted(
            f"{row['rule_id']} {row['level']}"
            for row in self.world.rows("SELECT rule_id, level FROM card WHERE state = 'open'")
        )


def shortened(text: str) -> str:
    """The rule CASE with its statutory limit at five working days instead of eight, version 2."""
    document = yaml.safe_load(text)
    document["version"] = 2
    document["limits"]["statutory"][1]["fixed"] = "5 working_days"
    document["limits"]["statutory"] = document["limits"]["statutory"][1:]
    return yaml.safe_dump(document, allow_unicode=True)

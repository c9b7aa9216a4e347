"""Look up every locked package in a source of advisories, and fail unless really all were.

    python tools/audit.py [SOURCE]

SOURCE is a folder or zip of advisories in the OSV format (no network is needed), the address of an
OSV query service, or `online` (the default): pip-audit's own service. Exit codes: 0 every locked
package was looked up and none is known to be vulnerable; 1 an advisory stands open; 2 there was no
audit: no source, one that is stale, one that skipped a package or does not know the probes, an
entry of the allow-list that is expired or malformed.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from advisories import Hit, NoAudit, read
from locks import ALL_LOCKS, ROOT, pins
from packaging.utils import canonicalize_name

SETTINGS = "requirements/audit.toml"
ALLOWED_DAYS_MAX = 180
TIME_LIMIT_SECONDS = 600

Package = tuple[str, str]  # canonical name, exact version
Found = dict[Package, list[Hit]]  # a package that is no key was not looked up


@dataclass(frozen=True, slots=True)
class Allowed:
    """An advisory that is borne until a day, and why."""

    id: str
    package: str
    until: date
    reason: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What `requirements/audit.toml` says."""

    max_age_days: int
    probes: tuple[Package, ...]
    allowed: tuple[Allowed, ...]


def settings(text: str, today: date) -> Settings:
    """Read the settings. Raises NoAudit for what is malformed, expired or allowed for too long."""
    try:
        raw = tomllib.loads(text)
        probes = tuple((name, version) for name, version in (p.split("==") for p in raw["probes"]))
        allowed = tuple(
            Allowed(each["id"], canonicalize_name(each["package"]), each["until"], each["reason"])
            for each in raw.get("allowed", [])
        )
        days = raw["max_age_days"]
        if not probes or type(days) is not int or set(raw) - {"max_age_days", "probes", "allowed"}:
            raise ValueError("max_age_days, probes and allowed are what it has")
        if any(type(a.until) is not date or not str(a.reason).strip() for a in allowed):
            raise ValueError("an allowed advisory has an id, a package, a date and a reason")
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        raise NoAudit(f"{SETTINGS}: {fault!r}") from None
    for each in allowed:
        if each.until < today:
            raise NoAudit(f"{SETTINGS}: {each.id} was allowed until {each.until}, that is over")
        if each.until > today + timedelta(days=ALLOWED_DAYS_MAX):
            raise NoAudit(f"{SETTINGS}: {each.id} is allowed for more than {ALLOWED_DAYS_MAX} days")
    return Settings(days, probes, allowed)


def locked(root: Path = ROOT) -> set[Package]:
    """Every package in every version that any lock names, for whatever platform."""
    return {(pin.name, pin.version) for purpose in ALL_LOCKS for pin in pins(purpose, root)}


def look_up_offline(place: Path, wanted: Iterable[Package], days: int, today: date) -> Found:
    """Answers of a folder or zip of advisories, which must not be older than `days`."""
    source = read(place)
    if source.newest > today + timedelta(days=1):
        raise NoAudit(f"{place}: its newest advisory is of {source.newest}; is the clock wrong?")
    if source.newest < today - timedelta(days=days):
        raise NoAudit(f"{place}: its newest advisory is of {source.newest}, over {days} days old")
    print(f"{place}: {source.count} advisories, the newest of {source.newest}")
    return {(name, version): source.look_up(name, version) for name, version in wanted}


def look_up_online(service: list[str], wanted: Iterable[Package]) -> Found:
    """Answers of pip-audit, asked for versions without markers, so that none is left out here.

    A name stands once in a file, hence a file for each further version of it.
    """
    files: list[dict[str, str]] = []
    for name, version in sorted(wanted):
        free = next((each for each in files if name not in each), None)
        if free is None:
            files.append(free := {})
        free[name] = version
    found: Found = {}
    for each in files:
        found |= answers(_pip_audit(service, each))
    return found


def _pip_audit(service: list[str], wanted: dict[str, str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "requirements.txt")
        file.write_text("".join(f"{n}=={v}\n" for n, v in wanted.items()), encoding="utf-8")
        command = [sys.executable, "-I", "-m", "pip_audit", "--no-deps", "--disable-pip"]
        command += ["--progress-spinner", "off", "--cache-dir", f"{folder}/cache", *service]
        command += ["-f", "json", "-r", str(file)]
        try:
            result = subprocess.run(
                command, capture_output=True, check=False, text=True, timeout=TIME_LIMIT_SECONDS
            )
            answer = json.loads(result.stdout)
        except subprocess.TimeoutExpired:
            raise NoAudit("the service of advisories does not answer") from None
        except ValueError:
            said = result.stderr.strip().splitlines() or ["pip-audit said nothing"]
            raise NoAudit(f"the service of advisories gives no answer: {said[-1][:200]}") from None
    if not isinstance(answer, dict) or not isinstance(answer.get("dependencies"), list):
        raise NoAudit("pip-audit's answer has another form than the one this reads")
    return answer


def answers(report: dict[str, Any]) -> Found:
    """What pip-audit found, by package; a package that it skipped is not among them.

    pip-audit itself says "No known vulnerabilities found" and exits 0 when it skipped everything.
    """
    return {
        (canonicalize_name(each["name"]), each["version"]): [
            Hit(v["id"], frozenset(v["aliases"]), " ".join(v["description"].split())[:160])
            for v in each["vulns"]
        ]
        for each in report["dependencies"]
        if "skip_reason" not in each and "version" in each
    }


def judge(found: Found, wanted: set[Package], rules: Settings) -> list[str]:
    """Lines about advisories that stand open. Raises NoAudit unless all were looked up."""
    silent = [
        f"{name} {version}" for name, version in rules.probes if not found.get((name, version))
    ]
    if silent:
        raise NoAudit(
            f"the source knows nothing of {', '.join(silent)}, which have published advisories: "
            "it is no source of advisories, or only a part of one"
        )
    missed = sorted(wanted - set(found))
    if missed:
        names = ", ".join(f"{name} {version}" for name, version in missed[:5])
        raise NoAudit(
            f"{len(wanted) - len(missed)} of {len(wanted)} packages were looked up; "
            f"skipped: {names}{' …' if len(missed) > 5 else ''}"
        )
    lines = []
    for name, version in sorted(wanted):
        for hit in found[name, version]:
            ids = {hit.id, *hit.aliases}
            allowed = next((a for a in rules.allowed if a.package == name and a.id in ids), None)
            doubt = "" if hit.decided else " (which versions it does not say)"
            if allowed:
                print(
                    f"allowed until {allowed.until}: {name} {version}: {hit.id}: {allowed.reason}"
                )
            else:
                lines.append(f"{name} {version}: {hit.id}{doubt}: {hit.summary}")
    return lines


def main(source: str = "online") -> int:
    """Audit all locks and print what was done; returns the exit code."""
    today = date.today()
    try:
        rules = settings((ROOT / SETTINGS).read_text(encoding="utf-8"), today)
        wanted = locked()
        asked = wanted | set(rules.probes)
        if source == "online":
            found = look_up_online([], asked)
        elif source.startswith(("http://", "https://")):
            found = look_up_online(["-s", "osv", "--osv-url", source], asked)
        else:
            found = look_up_offline(Path(source), asked, rules.max_age_days, today)
        lines = judge(found, wanted, rules)
    except NoAudit as fault:
        print(f"no audit: {fault}", file=sys.stderr)
        print("name a source: make audit ADVISORIES=FOLDER|ZIP (docs/supply.md)", file=sys.stderr)
        return 2
    print("\n".join(lines), end="\n" if lines else "")
    print(f"{len(wanted)} of {len(wanted)} locked packages looked up, {len(lines)} open advisories")
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))

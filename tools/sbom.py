"""Write what an installation brings as CycloneDX 1.6: one file for the core, one for each extra.

    python tools/sbom.py FOLDER

Made from the locks, `requirements/licences.toml` and the project file alone, so the same checkout
gives the same bytes on every machine; `SOURCE_DATE_EPOCH`, if it is set, is the time in it. Ends
with exit code 1 if a licence is unknown or not permitted.
"""

import json
import os
import re
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from locks import PROJECT, ROOT, Pin, extras, pins

SPECIFICATION = "1.6"
LICENCES = "requirements/licences.toml"
SUFFIX = ".cdx.json"


def version(root: Path = ROOT) -> str:
    """The project's version, read and not imported."""
    text = (root / "efficiency_monitor/__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if not found:
        raise ValueError("efficiency_monitor/__init__.py holds no version")
    return found.group(1)


def parts(expression: str) -> list[str]:
    """The licences that an SPDX expression names; an exception stays with its licence."""
    return [part.strip(" ()") for part in re.split(r"\b(?:AND|OR)\b", expression)]


def licence_faults(wanted: list[Pin], stated: dict[str, Any]) -> list[str]:
    """What is unknown or not permitted. Of `A OR B` both have to be permitted: nobody chose."""
    faults = []
    for pin in wanted:
        expression = stated["packages"].get(pin.name)
        exception = stated.get("exceptions", {}).get(pin.name, {})
        if expression is None:
            faults.append(f"{pin.name}: no licence is stated in {LICENCES}")
            continue
        permitted = {*stated["permitted"], exception.get("licence")}
        faults += [
            f"{pin.name}: {each} is not permitted by {LICENCES}"
            for each in parts(expression)
            if each not in permitted
        ]
    return faults


def bill(name: str, wanted: list[Pin], licences: dict[str, str], number: str) -> dict[str, Any]:
    """The bill of materials of one installation: the project and `wanted`."""
    wanted = sorted(wanted, key=lambda pin: (pin.name, pin.version))
    main = {
        "type": "application",
        "bom-ref": PROJECT,
        "name": name,
        "version": number,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "purl": f"pkg:pypi/{PROJECT}@{number}",
    }
    metadata: dict[str, Any] = {"component": main}
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        moment = datetime.fromtimestamp(int(epoch), UTC)
        metadata = {"timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), **metadata}
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPECIFICATION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "version": 1,
        "metadata": metadata,
        "components": [_component(pin, licences[pin.name]) for pin in wanted],
        "dependencies": [
            {"ref": ref, "dependsOn": [_ref(p) for p in wanted if asks in p.wanted_by]}
            for ref, asks in [(PROJECT, PROJECT), *((_ref(pin), pin.name) for pin in wanted)]
        ],
    }


def _ref(pin: Pin) -> str:
    return f"{pin.name}=={pin.version}"


def _component(pin: Pin, licence: str) -> dict[str, Any]:
    """A package; its hashes are those of all the files that the lock lets in."""
    single = re.fullmatch(r"[\w.-]+", licence) and not licence.startswith("LicenseRef-")
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": _ref(pin),
        "name": pin.name,
        "version": pin.version,
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in pin.hashes],
        "licenses": [{"license": {"id": licence}} if single else {"expression": licence}],
        "purl": f"pkg:pypi/{pin.name}@{pin.version}",
    }
    if pin.marker:
        component["properties"] = [{"name": "effmon:marker", "value": str(pin.marker)}]
    return component


def bills(root: Path = ROOT) -> dict[str, dict[str, Any]]:
    """The bills by file name. Raises SystemExit with what is wrong with the licences."""
    with (root / LICENCES).open("rb") as file:
        stated = tomllib.load(file)
    core, number = pins("core", root), version(root)
    found = {"core": core, **{extra: core + more for extra, more in extras(root).items()}}
    every = {(pin.name, pin.version): pin for wanted in found.values() for pin in wanted}
    if faults := licence_faults(list(every.values()), stated):
        raise SystemExit("\n".join(faults))
    return {
        f"effmon-{number}-{what}{SUFFIX}": bill(
            PROJECT if what == "core" else f"{PROJECT}[{what}]", wanted, stated["packages"], number
        )
        for what, wanted in found.items()
    }


def of(name: str) -> str:
    """What the bill of that file name is of: `core` or an extra."""
    return name.removesuffix(SUFFIX).rsplit("-", 1)[-1]


def write(folder: Path, made: dict[str, dict[str, Any]]) -> list[Path]:
    """Write bills into a folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (folder / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return [folder / name for name in made]


if __name__ == "__main__":
    for each in write(Path(sys.argv[1]), bills()):
        print(each)

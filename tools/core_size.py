"""Print how much disk an installation takes, and which packages weigh most.

    python tools/core_size.py [core|EXTRA...]

For an extra, what it adds to the core. Counted from the running environment: the closure of the
dependencies, the files that each package has really installed, bytecode apart. The core stays
light: this is where one sees it.
"""

import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PRODUCT = "efficiency-monitor"
HEAVIEST_COUNT = 5
BYTES_PER_MEGABYTE = 1_000_000


def closure(name: str, *extras: str) -> dict[str, Distribution]:
    """Distributions that an installation of `name` with these extras brings, by canonical name."""
    found: dict[str, Distribution] = {}
    waiting: list[tuple[str, frozenset[str]]] = [(name, frozenset(extras))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        if wanted in seen:
            continue
        seen.add(wanted)
        key, extras = wanted
        found[key] = distribution(key)
        for text in found[key].requires or []:
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in (extras or {""})):
                waiting.append(
                    (canonicalize_name(requirement.name), frozenset(requirement.extras)),
                )
    return found


def installed_bytes(found: Distribution) -> tuple[int, int]:
    """Bytes of a distribution's files, and bytes of its bytecode."""
    plain = bytecode = 0
    for entry in found.files or []:
        path = found.locate_file(entry)
        try:
            size = path.stat().st_size  # type: ignore[attr-defined]
        except FileNotFoundError:
            continue
        if entry.suffix == ".pyc":
            bytecode += size
        else:
            plain += size
    return plain, bytecode


def line(what: str, found: dict[str, Distribution]) -> str:
    """What these distributions weigh, in a sentence."""
    sizes = {name: installed_bytes(each) for name, each in found.items()}
    plain = sum(size for size, _ in sizes.values())
    bytecode = sum(size for _, size in sizes.values())
    heaviest = sorted(sizes, key=lambda name: sizes[name], reverse=True)[:HEAVIEST_COUNT]
    listed = ", ".join(f"{name} {sizes[name][0] / BYTES_PER_MEGABYTE:.1f}" for name in heaviest)
    return (
        f"{what}: {plain / BYTES_PER_MEGABYTE:.1f} MB in {len(sizes)} packages "
        f"(and {bytecode / BYTES_PER_MEGABYTE:.1f} MB of bytecode); heaviest: {listed}"
    )


def main(*wanted: str) -> None:
    """Print a line for the core and each extra that is asked for; no argument: the core."""
    try:
        known = distribution(PRODUCT).metadata.get_all("Provides-Extra") or []
        if unknown := [what for what in wanted if what not in ("core", *known)]:
            raise SystemExit(f"no extra: {', '.join(unknown)}; there are {', '.join(known)}")
        core = closure(PRODUCT)
        for what in wanted or ("core",):
            found = core if what == "core" else closure(PRODUCT, what)
            beside = {PRODUCT} if what == "core" else core.keys()
            print(line(what, {name: each for name, each in found.items() if name not in beside}))
    except PackageNotFoundError as missing:
        raise SystemExit(f"sizes: {missing.name} is not installed here") from None


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Make the folder that is carried to a machine without a network.

    python tools/bundle.py FOLDER [EXTRA...]

In it: the wheels of the core, of these extras (default: all) and of the project, the locks that
they are held against, the bills of materials, `install.sh`, and `SHA256SUMS` over all of it. For
the Python and platform that run this. `WHEELHOUSE=dir` takes the wheels from a folder instead of
an index. Nothing is compiled and nothing is taken whose hash is not in the lock.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import sbom
from build_wheel import build
from locks import PROJECT, ROOT, Pin, extras

MANIFEST = "SHA256SUMS"


def digest(path: Path) -> str:
    """SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def platform() -> str:
    """What the wheels are for: `3.13 linux-x86_64`; install.sh asks the same of its Python."""
    return f"{sys.version_info[0]}.{sys.version_info[1]} {sysconfig.get_platform()}"


def write_locks(folder: Path, wanted: dict[str, list[Pin]], wheel: Path) -> list[Path]:
    """The core's lock as it is, one for each extra out of the full lock, and the project's own."""
    folder.mkdir()
    shutil.copyfile(ROOT / "requirements/core.txt", folder / "core.txt")
    for extra, brought in wanted.items():
        text = "".join(pin.line() for pin in brought)
        (folder / f"{extra}.txt").write_text(text, encoding="utf-8")
    project = Pin(PROJECT, sbom.version(), (digest(wheel),), None, frozenset())
    (folder / "project.txt").write_text(project.line(), encoding="utf-8")
    return [folder / f"{name}.txt" for name in ("core", *wanted)]


def collect(folder: Path, locks: list[Path]) -> None:
    """Fetch the wheels of the locks. Raises SystemExit with pip's words if one cannot be had."""
    command = [sys.executable, "-I", "-m", "pip", "download", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]
    if house := os.environ.get("WHEELHOUSE"):
        command += ["--no-index", "--find-links", str(Path(house).resolve())]
    command += ["--dest", str(folder), *(word for each in locks for word in ("-r", str(each)))]
    if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
        raise SystemExit("the wheels could not be collected; without an index set WHEELHOUSE=dir")


def write_manifest(folder: Path) -> Path:
    """SHA256SUMS, as `sha256sum -c` reads it, over every file of the folder but itself."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    manifest = folder / MANIFEST
    manifest.write_text("".join(lines), encoding="utf-8")
    return manifest


def make(folder: Path, names: list[str]) -> Path:
    """Make the bundle in a folder that is not there yet, and return the manifest."""
    known = extras()
    if unknown := set(names) - set(known):
        raise SystemExit(f"no extra: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if folder.exists():
        raise SystemExit(f"{folder} is there already")
    wanted = {name: known[name] for name in names or known}
    bills = sbom.bills()
    wheel = build(folder / "wheels")
    collect(folder / "wheels", write_locks(folder / "locks", wanted, wheel))
    sbom.write(folder / "sbom", {k: v for k, v in bills.items() if sbom.of(k) in ("core", *wanted)})
    shutil.copyfile(ROOT / "deploy/install.sh", folder / "install.sh")
    (folder / "PLATFORM").write_text(platform() + "\n", encoding="utf-8")
    return write_manifest(folder)


def main(place: str, *names: str) -> None:
    """Make the bundle and print what has to be carried beside it: the manifest's digest."""
    manifest = make(Path(place).absolute(), list(names))
    wheels = list((manifest.parent / "wheels").iterdir())
    size = sum(path.stat().st_size for path in wheels) / 1_000_000
    print(f"{place}: {len(wheels)} wheels, {size:.1f} MB, for Python {platform()}")
    print(f"SHA-256 of {MANIFEST}, to be carried on paper: {digest(manifest)}")


if __name__ == "__main__":
    main(*sys.argv[1:])

#!/bin/sh
# Installs effmon from the folder that this script lies in (`make bundle`), without any network:
#     sh install.sh TARGET [EXTRA...]
#
#   PYTHON=python3.13    the interpreter to use (default: python3)
#   MANIFEST=<64 hex>    the SHA-256 of SHA256SUMS, as it was carried on paper: then it must agree
#
# Before anything is installed every file is held against SHA256SUMS, and there may be no other file.
# TARGET must not be there yet: an upgrade is a new folder and a changed link.
set -eu

say() { printf 'effmon: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

[ $# -ge 1 ] || fail "usage: sh install.sh TARGET [EXTRA...]"
target=$1
shift
case $target in /*) ;; *) target=$(pwd -P)/$target ;; esac
cd "$(dirname -- "$0")"
here=$(pwd -P)
python=${PYTHON:-python3}
unset PYTHONHOME PYTHONPATH PYTHONSTARTUP PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV || :

command -v "$python" >/dev/null 2>&1 || fail "no $python here; name an interpreter: PYTHON=/path/to/python3"
[ ! -e "$target" ] || fail "$target is there already; name a new folder"
for extra in "$@"; do
  case $extra in *[!a-z]*) fail "no extra: $extra" ;; esac
  [ -f "locks/$extra.txt" ] || fail "this bundle does not hold the extra $extra"
done

"$python" -I - "$here" "${MANIFEST:-}" <<'PYTHON' || exit 1
import hashlib, pathlib, sys, sysconfig
here, expected = pathlib.Path(sys.argv[1]), sys.argv[2].lower()
def fail(text):
    print("effmon:", text, file=sys.stderr)
    sys.exit(1)
def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
try:
    manifest = here / "SHA256SUMS"
    if expected and digest(manifest) != expected:
        fail("SHA256SUMS is not the one that was carried on paper")
    listed = dict(reversed(line.split("  ", 1)) for line in manifest.read_text("utf-8").splitlines())
    # A link may lead out of what was looked at.
    present = {p.relative_to(here).as_posix() for p in here.rglob("*") if p.is_symlink() or not p.is_dir()}
    for name in sorted(present - set(listed) - {"SHA256SUMS"}):
        fail(f"{name} is not in SHA256SUMS")
    for name, wanted in listed.items():
        if name not in present or (here / name).is_symlink() or digest(here / name) != wanted:
            fail(f"{name} is missing or was changed: copy the folder again")
    if not listed:
        fail("SHA256SUMS is empty")
except (OSError, ValueError) as fault:
    fail(f"SHA256SUMS cannot be read: {fault}")
wheels = (here / "PLATFORM").read_text("utf-8").strip()
own = f"{sys.version_info[0]}.{sys.version_info[1]} {sysconfig.get_platform()}"
if own != wheels:
    fail(f"the wheels are for Python {wheels}, this is {own}: name another interpreter, PYTHON=…")
if not expected:
    print(f"effmon: SHA256SUMS is {digest(manifest)}: compare it with the paper", file=sys.stderr)
PYTHON

"$python" -I -m venv "$target" >&2 ||
  fail "no environment could be made in $target (python3-venv missing, disk full, no right to write?)"
install() {
  "$target/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-input \
    --no-index --find-links wheels --require-hashes --only-binary :all: "$@" >&2
}
undo() { rm -rf "$target"; fail "the packages could not be installed; $target was removed"; }
set -- core "$@"
for lock in "$@"; do
  install -r "locks/$lock.txt" || undo
done
install --no-deps -r locks/project.txt || undo
# Start-up without bytecode takes several times as long.
"$target/bin/python" -I -m compileall -q "$target/lib" >/dev/null 2>&1 || :
"$target/bin/effmon" version

#!/bin/sh
# Makes the Python environment of one purpose and prints its folder on stdout:
#     tools/bootstrap.sh core|test|full|bench
#
#   PYTHON=python3.12    the interpreter to use (default: the newest usable one, 3.11 or later)
#   WHEELHOUSE=dir       install from the wheels in this folder alone, without any network
#
# An environment lives in .env/<purpose>-<version> and is made again only when its lock, the
# packaging files, the interpreter or the place of the checkout have changed.
set -eu

say() { printf 'effmon: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

purpose=${1:-core}
case $purpose in
  core | test | full | bench) ;;
  *) fail "unknown environment '$purpose': core, test, full or bench" ;;
esac
cd "$(dirname -- "$0")/.."
root=$(pwd -P)
lock=requirements/$purpose.txt
unset PYTHONHOME PYTHONPATH PYTHONSTARTUP PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV || :

# Prints "VERSION DIGEST PIP EXECUTABLE" of an interpreter that is new enough; fails otherwise.
# The digest names everything an environment depends on.
describe() {
  "$1" -I - "$root" "$lock" <<'PYTHON' 2>/dev/null
import hashlib, importlib.util, pathlib, sys
root, lock = sys.argv[1:]
if sys.version_info < (3, 11):
    sys.exit(1)
digest = hashlib.sha256(f"{root}\0{sys.executable}\0{sys.version}\0".encode())
for name in (lock, "requirements/build.txt", "pyproject.toml", "setup.py", "tools/bootstrap.sh"):
    digest.update(pathlib.Path(root, name).read_bytes())
has_pip = importlib.util.find_spec("ensurepip") is not None
print(f"{sys.version_info[0]}.{sys.version_info[1]}", digest.hexdigest(), has_pip, sys.executable)
PYTHON
}

found=
if [ -n "${PYTHON:-}" ]; then
  found=$(describe "$PYTHON") || fail "PYTHON=$PYTHON is no working Python 3.11 or later"
else
  # One that can make an environment by itself is preferred to one that cannot.
  for candidate in python3.13 python3.12 python3.11 python3.14 python3 python; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    answer=$(describe "$candidate") || continue
    case $answer in
      *" True "*) found=$answer; break ;;
      *) found=${found:-$answer} ;;
    esac
  done
  [ -n "$found" ] || fail "no Python 3.11 or later found; install one or name it: PYTHON=/path/to/python3"
fi
version=${found%% *}; rest=${found#* }
digest=${rest%% *}; rest=${rest#* }
ensurepip=${rest%% *}; python=${rest#* }

env=$root/.env/$purpose-$version
if [ "$(cat "$env/stamp" 2>/dev/null)" = "$digest" ]; then
  printf '%s\n' "$env"
  exit 0
fi

mkdir -p "$root/.env"
if command -v flock >/dev/null 2>&1; then
  # Two makes at once must not build one environment between them.
  exec 9>"$root/.env/lock"
  flock 9
  if [ "$(cat "$env/stamp" 2>/dev/null)" = "$digest" ]; then
    printf '%s\n' "$env"
    exit 0
  fi
fi

say "making the $purpose environment with Python $version in .env/$purpose-$version"
rm -rf "$env"
installer=pip
if [ "$ensurepip" = True ]; then
  "$python" -I -m venv "$env" >&2 || fail "$python could not make an environment in $env (disk full, or no right to write?)"
elif command -v uv >/dev/null 2>&1; then
  installer=uv
  uv venv --quiet --python "$python" "$env" >&2 || fail "uv could not make an environment in $env"
elif command -v virtualenv >/dev/null 2>&1; then
  virtualenv --quiet --python "$python" "$env" >&2 || fail "virtualenv could not make an environment in $env"
else
  fail "$python lacks ensurepip: install the package python$version-venv (Debian, Ubuntu, openKylin), uv or virtualenv, or name another interpreter: PYTHON=/path/to/python3"
fi

set --
remedy="without a package index set WHEELHOUSE=dir (deploy/README.md)"
if [ -n "${WHEELHOUSE:-}" ]; then
  [ -d "$WHEELHOUSE" ] || fail "WHEELHOUSE=$WHEELHOUSE is no folder"
  set -- --no-index --find-links "$(cd -- "$WHEELHOUSE" && pwd -P)"
  remedy="$WHEELHOUSE must hold their wheels for Python $version (make wheelhouse)"
fi
install() {
  if [ $installer = uv ]; then
    uv pip install --quiet --python "$env/bin/python" "$@" >&2
  else
    "$env/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-input "$@" >&2
  fi
}
install "$@" --require-hashes --only-binary :all: -r "$lock" -r requirements/build.txt ||
  fail "the packages of $lock could not be installed; $remedy"
install "$@" --no-deps --no-build-isolation --editable "$root" ||
  fail "the project itself could not be installed into $env"

# Start-up without bytecode takes several times as long, and the environment may forbid writing it.
"$env/bin/python" -I -m compileall -q -j 2 "$env/lib" >/dev/null 2>&1 || :
printf '%s\n' "$digest" >"$env/stamp"
printf '%s\n' "$env"

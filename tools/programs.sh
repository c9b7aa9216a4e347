#!/bin/sh
# Makes sure of what `make test-all` and `make soak` need beside the Python that runs them:
#     tools/programs.sh
# strace, and an interpreter of the lowest Python that the package promises. As root on a system with
# apt it installs what is missing; else it says what to install and fails.
set -eu
say() { printf 'effmon: %s\n' "$*" >&2; }
cd "$(dirname -- "$0")/.."

# A package, where there is apt and the right to use it. Where it has none of that name, nothing.
listed=
install() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 0
  export DEBIAN_FRONTEND=noninteractive
  if [ -z "$listed" ]; then
    apt-get -qq update >&2 || :
    listed=yes
  fi
  say "installing $*"
  apt-get -qq install -y --no-install-recommends "$@" >&2 || :
}

# "3.11" out of `requires-python = ">=3.11"`; tools/bootstrap.sh asks for the same.
lowest=$(sed -n 's/^requires-python = ">=\([0-9.]*\).*/\1/p' pyproject.toml)
works() { command -v "python$lowest" >/dev/null 2>&1 && "python$lowest" -I -c 'import venv, ensurepip' 2>/dev/null; }
works || install "python$lowest" "python$lowest-venv"
if ! works; then
  say "python$lowest is missing, or has no venv: the trial on the lowest Python needs both. Install" \
    "python$lowest and python$lowest-venv (Debian 12: apt-get install python$lowest python$lowest-venv;" \
    "openEuler: dnf install python3; elsewhere: uv python install $lowest, or pyenv) and put it on the PATH"
  exit 1
fi

command -v strace >/dev/null 2>&1 || install strace
if ! command -v strace >/dev/null 2>&1; then
  say "strace is missing: the trials of failing disks need it. Install the package strace" \
    "(Debian, Ubuntu, openKylin: apt-get install strace; openEuler: dnf install strace)"
  exit 1
fi
# It is there, but may be forbidden: in some containers nobody may trace a process.
if ! strace -qq -o /dev/null -e inject=fsync:error=EIO:when=1 true 2>/dev/null; then
  say "strace may not trace processes here: allow ptrace (docker run --cap-add SYS_PTRACE)"
  exit 1
fi

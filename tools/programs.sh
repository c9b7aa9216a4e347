#!/bin/sh
# Makes sure of the programs beside Python that `make test-all` and `make soak` need: strace.
#     tools/programs.sh
# As root on a system with apt it installs what is missing; else it says what to install and fails.
set -eu
say() { printf 'effmon: %s\n' "$*" >&2; }

if ! command -v strace >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing strace, which the trials of failing disks need"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update >&2 || :
    apt-get -qq install -y --no-install-recommends strace >&2 || :
  fi
fi
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

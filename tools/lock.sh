#!/bin/sh
# Writes requirements/*.txt from pyproject.toml: one resolution for every platform and Python from
# 3.11 on, with hashes, and without the name of any package index. Arguments go to uv
# (`sh tools/lock.sh --upgrade`).
set -eu
cd "$(dirname -- "$0")/.."
uv=${UV:-}
for candidate in "$uv" uv .venv/bin/uv; do
  if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1; then
    uv=$candidate
    break
  fi
done
command -v "${uv:-uv}" >/dev/null 2>&1 || {
  echo "effmon: make lock needs uv: install it or name it, UV=/path/to/uv" >&2
  exit 1
}
compile() {
  output=requirements/$1.txt
  shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
    --no-emit-index-url --no-emit-find-links --annotation-style line --output-file "$output" "$@"
  grep -q '://' "$output" && {
    echo "effmon: $output names a host" >&2
    exit 1
  }
  echo "$output: $(grep -c '==' "$output") packages"
}
# The core decides: every other lock is resolved with its versions as constraints.
compile core pyproject.toml "$@"
compile build --group pyproject.toml:build "$@"
for group in full test bench; do
  constraint=full
  [ $group = full ] && constraint=core
  compile $group pyproject.toml --group pyproject.toml:$group -c requirements/$constraint.txt "$@"
done

"""Feed a parser with inputs that reach new code, by the coverage that atheris (libFuzzer) sees.

Run as `python -m tests.fuzz.covered FOLDER PARSER SEED COUNT`. The same limits hold as in
`guarded`: four seconds of processor for an input, which end the process, and 512 MB.
"""

import os
import signal
import sys
import traceback
from pathlib import Path

import atheris

from .guarded import CURRENT, MOST_BYTES, MOST_MB, MOST_SECONDS, Watched

FAULT = "fault"
#: Longest input that is made; the mutations of `guarded` make longer ones.
_LONGEST = 4_096


def main(arguments: list[str]) -> None:
    """Feed; the exit code of libFuzzer is that of the process."""
    place, name, seed, count = arguments
    folder = Path(place)
    with atheris.instrument_imports(
        include=["efficiency_monitor", "tomllib", "json", "csv", "zipfile"]
    ):
        from . import parsers
    parser = parsers.made(name, folder)
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, data in enumerate(parser.seeds):
        (corpus / f"{number}").write_bytes(data)
    words = folder / "words"
    words.write_text("".join(f'"{_word(word)}"\n' for word in parser.words), encoding="ascii")
    watched = Watched(folder / CURRENT)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    fed = 0

    def once(data: bytes) -> None:
        nonlocal fed
        fed += 1
        watched.show(fed, data[:MOST_BYTES])
        signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
        try:
            parser.read(data)
        except BaseException:  # noqa: BLE001  whatever it is, it is what is looked for
            (folder / FAULT).write_text(traceback.format_exc(limit=-6), encoding="utf-8")
            os._exit(1)
        signal.setitimer(signal.ITIMER_PROF, 0)

    flags = (
        f"-runs={count}", f"-seed={seed}", f"-max_len={_LONGEST}", f"-rss_limit_mb={MOST_MB}",
        "-timeout=120", f"-dict={words}", "-verbosity=0", "-print_final_stats=1",
        f"-artifact_prefix={folder}/",
    )  # fmt: skip
    atheris.Setup([sys.argv[0], *flags, str(corpus)], once, enable_python_coverage=True)
    atheris.Fuzz()


def _word(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Our own parsers under a coverage-guided fuzzer, atheris (`pip install atheris`; Linux).

    python -m tests.campaigns.fuzz all --seconds 60
    python -m tests.campaigns.fuzz exif --seconds 600 --keep FOLDER

A finding is any error that the target does not allow, once for each place that raises it; its bytes are kept. What a
target lasts longer than 5 seconds for, or takes more than 2 GB for, ends it.
"""

from __future__ import annotations

import argparse
import logging
import re
import subprocess
import sys
import traceback
from pathlib import Path


def main() -> int:
    """Returns 1 if there is a finding."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", help="the name of a target, or all")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"), help="folder for bytes that fail")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        _fuzz(arguments.target, arguments.seconds, arguments.keep)
    from tests.campaigns.targets import TARGETS

    names = list(TARGETS) if arguments.target == "all" else [arguments.target]
    return int(any([_told(name, arguments) for name in names]))  # noqa: C419 (all of them)


def _told(name: str, arguments: argparse.Namespace) -> bool:
    """Fuzz one target in a process of its own, say how far it came, and whether it found something."""
    own = ["--here", "--seconds", str(arguments.seconds), "--keep", str(arguments.keep)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.fuzz", name, *own],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    said = done.stderr + done.stdout
    findings = re.findall(r"^FINDING (.*)$", said, re.MULTILINE)
    covered = re.findall(r"cov: (\d+) ft: (\d+)", said)
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", said)
    status = "" if done.returncode == 0 else f", ended by status {done.returncode}"
    edges, features = covered[-1] if covered else ("?", "?")
    print(
        f"{name}: {runs[1] if runs else '?'} runs, {edges} edges, {features} features, {len(findings)} findings{status}"
    )
    print("".join(f"  {one}\n" for one in findings), end="", flush=True)
    if done.returncode:
        print("\n".join(said.splitlines()[-25:]))
    return bool(findings) or done.returncode != 0


def _fuzz(name: str, seconds: int, keep: Path) -> None:
    """Does not come back."""
    import atheris

    with atheris.instrument_imports(include=["hdrcli"]):
        from tests.campaigns.targets import TARGETS

        target, start = TARGETS[name], TARGETS[name].start()
    logging.getLogger("hdrcli").addHandler(logging.NullHandler())
    logging.getLogger("hdrcli").propagate = False
    seen = set[str]()
    keep = keep.absolute()
    keep.mkdir(parents=True, exist_ok=True)
    folder = Path(_folder())
    (folder / "corpus").mkdir()
    (folder / "work").mkdir()
    for number, data in enumerate(start):
        (folder / "corpus" / str(number)).write_bytes(data)

    def one(data: bytes) -> None:
        try:
            target.run(data, folder / "work")
        except target.allowed:
            pass
        except Exception as error:  # noqa: BLE001 (this is what is looked for)
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
            if where not in seen:
                seen.add(where)
                file = keep / f"{name}-{len(seen)}"
                file.write_bytes(data)
                print(f"FINDING {where}: {str(error)[:200]!r} {file}", file=sys.stderr, flush=True)

    limits = [f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=2048", f"-artifact_prefix={keep}/{name}-"]
    atheris.Setup([sys.argv[0], str(folder / "corpus"), *limits, "-max_len=65536", "-print_final_stats=1"], one)
    atheris.Fuzz()


def _folder() -> str:
    import tempfile

    memory = Path("/dev/shm")
    return tempfile.mkdtemp(prefix="fuzz-", dir=memory if memory.is_dir() else None)


if __name__ == "__main__":
    sys.exit(main())

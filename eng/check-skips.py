#!/usr/bin/env python3
"""check-skips.py ALLOWED SKIPPED: every line of SKIPPED (`SKIPPED <test>: <reason>`) must stand in ALLOWED with the
same reason. Exit code 1 and one line on stderr for each that does not."""

import sys


def allowed_lines(path):
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        test, separator, reason = entry.partition(": ")
        if not separator or not reason.strip():
            sys.exit(f"{path}:{number}: {test}: no reason; write `<test>: <reason>`")
        yield entry


def main():
    allowed = set(allowed_lines(sys.argv[1]))
    try:
        skipped = [line.rstrip("\n").removeprefix("SKIPPED ") for line in open(sys.argv[2], encoding="utf-8")]
    except FileNotFoundError:
        sys.exit(f"{sys.argv[2]}: missing, so the tests did not run to their end")
    unlisted = [entry for entry in skipped if entry not in allowed]
    for entry in unlisted:
        print(f"skipped without leave: {entry} (make it run, or list it in {sys.argv[1]})", file=sys.stderr)
    return 1 if unlisted else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs test programs and counts what truly happened.

    count-tests.py [--jobs N] [--timeout SECONDS] [--alone NAME] [--out FOLDER] [--explicit] PROGRAM...

Every PROGRAM is an xunit.v3 executable. Totals come from its report (`-xml`), and its exit code must agree with them:
a program that crashes writes no report, and a report without tests proves nothing. Both count as one failure each, so
that the closing line and the exit code can never look better than the run was.

The last line is `tests: N passed, N failed, N skipped`. Exit code 0 only if something passed and nothing failed.
Each skipped test is listed as `SKIPPED <test>: <reason>`, also in FOLDER/skipped.txt.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree

EXIT_TESTS_FAILED = 1
LOG_TAIL_LINES = 40


class Result:
    """What one program did: counts, the failures to show, the skips with their reasons."""

    def __init__(self, name):
        self.name = name
        self.passed = self.failed = self.skipped = 0
        self.failures = []
        self.skips = []
        self.seconds = 0.0

    def broken(self, why):
        """One failure that no report can carry: the run itself went wrong."""
        self.failed += 1
        self.failures.append((self.name, why))


def one_line(text):
    return " ".join((text or "").split())


def read_report(path, result):
    """Takes the counts from the single tests, not from the totals beside them. Returns how many errors outside a test
    (constructors of fixtures, cleanup) the report holds."""
    errors = 0
    for assembly in ElementTree.parse(path).getroot().iter("assembly"):
        errors += len(assembly.findall("errors/error"))
        for error in assembly.findall("errors/error"):
            result.failures.append((f"{result.name}: {error.get('name') or error.get('type')}",
                                    one_line(error.findtext("failure/message"))))
        for test in assembly.iter("test"):
            name, outcome = test.get("name"), test.get("result")
            if outcome == "Pass":
                result.passed += 1
            elif outcome == "Skip":
                result.skipped += 1
                result.skips.append((name, one_line(test.findtext("reason")) or "no reason given"))
            elif outcome == "NotRun":
                continue  # an explicit test: asked for by name only
            else:
                result.failed += 1
                trace = test.findtext("failure/stack-trace") or ""
                message = test.findtext("failure/message") or f"result {outcome}"
                result.failures.append((name, message.strip() + "\n" + trace.rstrip()))
    result.failed += errors


def unfinished(log):
    """The tests that had started and not finished when the program ended."""
    running = {}
    for line in log.splitlines():
        match = re.match(r"\s*(.+) \[(STARTING|FINISHED)\]", line)
        if match and match.group(2) == "STARTING":
            running[match.group(1)] = True
        elif match:
            running.pop(match.group(1), None)
    return list(running)


def ended(code):
    """Says an exit code in words; a shell reports a signal as 128 + its number."""
    number = -code if code < 0 else code - 128
    try:
        return f"exit code {code} ({signal.Signals(number).name})"
    except ValueError:
        return f"exit code {code}"


RUNNING = set()
GATE = threading.Lock()


def kill_group(process, how):
    try:
        os.killpg(process.pid, how)
    except (ProcessLookupError, PermissionError):
        pass


def execute(command, log_path, timeout):
    """Runs the command as the leader of a group of its own. Returns its exit code, or None when time ran out.
    Whatever it leaves behind in that group ends with it."""
    with open(log_path, "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        with GATE:
            RUNNING.add(process)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            kill_group(process, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                pass
            return None
        finally:
            kill_group(process, signal.SIGKILL)
            process.wait()
            with GATE:
                RUNNING.discard(process)


def run(program, options, out):
    name = program.name.removeprefix("Fairlead.")
    result = Result(name)
    report, log_path = out / f"{name}.xml", out / f"{name}.log"
    report.unlink(missing_ok=True)
    began = time.monotonic()
    try:
        command = [str(program), "-xml", str(report), "-reporter", "verbose", "-noColor", "-noLogo"]
        if options.explicit:
            command += ["-explicit", "only"]
        code = execute(command, log_path, options.timeout)
    except OSError as error:
        result.broken(f"cannot be started: {error}")
        return result
    result.seconds = time.monotonic() - began
    judge(result, report, code, options.timeout, log_path)
    return result


def judge(result, report, code, timeout, log_path):
    """Sets the report beside the exit code; whatever does not fit is a failure."""
    log = log_path.read_text("utf-8", "replace")
    try:
        read_report(report, result)
        complete = True
    except (FileNotFoundError, ElementTree.ParseError):
        complete = False
    if code is None or not complete or code not in (0, EXIT_TESTS_FAILED):
        why = f"no end within {timeout} s" if code is None else f"crashed, {ended(code)}"
        running = "".join(f"\n  was running: {test}" for test in unfinished(log))
        tail = "".join(f"\n  | {line}" for line in log.splitlines()[-LOG_TAIL_LINES:])
        result.broken(f"{why}{running}{tail}")
    elif code == EXIT_TESTS_FAILED and result.failed == 0:
        result.broken(f"{ended(code)}, though its report holds no failure")
    elif code == 0 and result.failed > 0:
        result.failures.append((result.name, "exit code 0, though its report holds failures"))
    elif result.passed + result.failed + result.skipped == 0:
        result.broken("holds no test")


def show(result):
    print(f"{result.name}: {result.passed} passed, {result.failed} failed, {result.skipped} skipped"
          f" in {result.seconds:.1f} s", flush=True)
    for name, text in result.failures:
        indented = text.replace("\n", "\n    ")
        print(f"FAILED {name}\n    {indented}", flush=True)


def run_all(programs, options, out):
    together = [p for p in programs if p.name.removeprefix("Fairlead.") not in options.alone]
    alone = [p for p in programs if p not in together]
    results = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for future in concurrent.futures.as_completed([pool.submit(run, p, options, out) for p in together]):
            results.append(future.result())
            show(results[-1])
    for program in alone:
        results.append(run(program, options, out))
        show(results[-1])
    return sorted(results, key=lambda result: result.name)


def end_programs(number, _frame):
    with GATE:
        for process in RUNNING:
            kill_group(process, signal.SIGKILL)
    os._exit(128 + number)


def main():
    parser = argparse.ArgumentParser(description="Runs test programs and counts what truly happened.")
    parser.add_argument("--jobs", type=int, default=2, help="programs at a time")
    parser.add_argument("--timeout", type=float, default=300, help="seconds that one program may take")
    parser.add_argument("--alone", action="append", default=[], help="a program that shares the machine with no other")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("artifacts/tests"))
    parser.add_argument("--explicit", action="store_true", help="the tests that run only where they are asked for")
    parser.add_argument("programs", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_programs)

    results = run_all([program.resolve() for program in options.programs], options, options.out.resolve())
    skips = sorted(f"SKIPPED {name}: {reason}" for result in results for name, reason in result.skips)
    (options.out / "skipped.txt").write_text("".join(line + "\n" for line in skips), "utf-8")
    for line in skips:
        print(line)
    passed, failed, skipped = (sum(getattr(result, kind) for result in results)
                               for kind in ("passed", "failed", "skipped"))
    print(f"tests: {passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 0 if passed > 0 and failed == 0 and all(not result.failures for result in results) else EXIT_TESTS_FAILED


if __name__ == "__main__":
    sys.exit(main())

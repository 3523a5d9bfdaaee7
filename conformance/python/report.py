"""Features, their one-line reports, and waiting.

A check is a function that returns a note or nothing; an exception is a failure, and `NotApplicable` says why
a client has no such feature.
"""

import json
import os
import time

BOOTSTRAP = os.environ["BOOTSTRAP"]
PREFIX = os.environ["PREFIX"]
WAIT_SECONDS = 20


class NotApplicable(Exception):
    """The client has no such feature; the text says why."""


class Case:
    """Names for the topics and groups of one check, which no other check or run uses."""

    def __init__(self, feature):
        self.topic = f"{PREFIX}-{feature}"
        self.group = f"{PREFIX}-{feature}-group"


def run(version, checks):
    """Runs `checks`, a dict from feature to function, and prints one JSON line for each."""
    print(json.dumps({"version": version}), flush=True)
    wanted = [name for name in os.environ.get("FEATURES", "").split(",") if name]
    for feature, check in checks.items():
        if wanted and feature not in wanted:
            continue
        try:
            report(feature, True, check(Case(feature)) or "")
        except NotApplicable as reason:
            report(feature, None, str(reason))
        except Exception as error:
            report(feature, False, f"{type(error).__name__}: {error}")


def report(feature, ok, note):
    print(json.dumps({"feature": feature, "ok": ok, "note": " ".join(note.split())}), flush=True)


def equal(got, wanted, what):
    """Fails with both values when they differ."""
    if got != wanted:
        raise AssertionError(f"{what}: got {shorten(got)}, wanted {shorten(wanted)}")


def shorten(value):
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}…"


def wait_until(condition, what):
    """Waits for what others do, at most `WAIT_SECONDS`; `what` is a text or makes one."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {WAIT_SECONDS} s for {what() if callable(what) else what}")
        time.sleep(0.02)

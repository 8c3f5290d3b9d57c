"""The table of cases. A case is a function that sets a situation up, with what the diagnosis must say of it."""
import os
from dataclasses import dataclass
from typing import Callable, Optional

CASES = {}
PEAK_MB = 64 # whatever a server sends


@dataclass
class Case:
    id: str
    cause: Optional[str] # the finding that must be the cause; None: nothing fails
    warnings: frozenset # findings that must stand in `also`
    also: frozenset	 # findings that may stand there besides
    setup: Callable
    hops: int = 1
    needs: tuple = ()
    seconds: float = 20.0 # the longest that the command may take


def case(identifier, cause=None, warn=(), also=(), hops=1, needs=(), seconds=20.0):
    """`cause` may be left out: then nothing may fail, and exactly the warnings of `warn` are expected."""
    def add(function):
        if identifier in CASES:
            raise ValueError(f"two cases are called {identifier}")
        CASES[identifier] = Case(identifier, cause, frozenset(warn), frozenset(also), function, hops, tuple(needs), seconds)
        return function
    return add


def judge(one, outcome):
    """None when the outcome is as promised; else what is wrong with it."""
    if outcome.verdict is None:
        return f"no verdict (exit {outcome.exit_code}): {outcome.errors.strip()[-300:]}"
    if outcome.cause != one.cause:
        return f"cause {outcome.cause} in place of {one.cause} (also {outcome.also})"
    missing = one.warnings - set(outcome.also)
    extra = set(outcome.also) - one.warnings - one.also
    if missing:
        return f"does not name {sorted(missing)} (also {outcome.also})"
    if extra:
        return f"names {sorted(extra)} beside it"
    expected = 1 if one.cause else 3 if one.warnings else 0
    if outcome.exit_code != expected and not (outcome.exit_code == 3 and outcome.also and not one.cause):
        return f"exit code {outcome.exit_code} in place of {expected}"
    if outcome.peak_mb > PEAK_MB and "ASAN_OPTIONS" not in os.environ:
        return f"took {outcome.peak_mb:.0f} MB of memory, more than {PEAK_MB} MB"
    if outcome.seconds > one.seconds:
        return f"took {outcome.seconds:.1f} s, more than {one.seconds:.0f} s"
    return None

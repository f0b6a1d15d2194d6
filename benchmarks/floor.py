"""The protocol's floor: what the fewest requests and the lab's own answer time cost, whoever asks.

For one host, with a latency L added to each request::

    floor = R * L + W

R counts the fewest requests that MS-WSMV and MS-PSRP allow for one pipeline whose answer fits one envelope. On an open
session they are two: Command, Receive. Cold they are five: the request that fetches NTLM's challenge, then Create (it
carries NTLM's last token over HTTPS), Command, Receive, Delete. The Receive that a client sends to learn that its pool
has opened is not among them: a pipeline may follow Create at once, and the machine queues it. Nor is closing the
pipeline (Signal): deleting the shell ends it.

W is measured in the same run, in turn with the clients, at no latency: the envelopes of a session of ours are recorded
and sent again, without those Receives, by a client that does nothing but send bytes and take bytes (replay.py). So W
holds the lab's work, TLS and authentication, and nothing that a client could leave out.

For N hosts, F at a time, a client cannot be faster than its lanes, one after the other, nor than the lab, which has a
single thread and needs the CPU time C for one host::

    floor = max(ceil(N / F) * R * L + W, R * L + N * C)

The floor takes no credit for a latency that passes while the lab works: the Receive of a pipeline may already be on
its way. A client that comes out below 1 has done that. TCP's and TLS' own round trips carry no latency here, for
nobody.
"""

import math
from dataclasses import dataclass

__all__ = ["COLD_REQUESTS", "OPEN_REQUESTS", "Work", "floor"]

COLD_REQUESTS = 5
OPEN_REQUESTS = 2


@dataclass(frozen=True, slots=True)
class Work:
    """What one host's facts cost the lab: ``seconds`` as the replaying client sees it, ``cpu`` of the lab's process."""

    seconds: float
    cpu: float


def floor(requests: int, latency: float, work: Work, *, hosts: int = 1, forks: int = 1) -> float:
    """Seconds that the fewest requests cost; the module's text has the formula.

    Example:
        >>> floor(2, 0.02, Work(0.03, 0.025))
        0.07
        >>> floor(5, 0.02, Work(0.05, 0.04), hosts=100, forks=16)
        4.1
    """
    lanes = math.ceil(hosts / forks) * requests * latency + work.seconds
    lab = requests * latency + hosts * work.cpu
    return round(max(lanes, lab), 9)

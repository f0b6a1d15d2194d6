"""The protocol's floor: what the fewest requests and the lab's own work cost, whoever asks.

For one host, with a latency L added to each request and the lab's CPU time W for the answers::

    floor = R * L + W

R counts the fewest requests that MS-WSMV and MS-PSRP allow for one pipeline whose answer fits one envelope. On an open
session they are two: Command, Receive. Cold they are five: the request that fetches NTLM's challenge, then Create (it
carries NTLM's last token over HTTPS), Command, Receive, Delete. The Receive that a client sends to learn that its pool
has opened is not among them: a pipeline may follow Create at once, and the machine queues it. Nor is closing the
pipeline (Signal): deleting the shell ends it.

W is measured: the envelopes of a session of ours are recorded and sent again, without those Receives, by a client that
does nothing but send them, and the CPU time of the lab's process in that while is taken, TLS and authentication
included. The client's own time is not part of it. W / R is what the answer to one request costs.

For N hosts, F at a time, no client can be faster than either of two: one lane after another, or the lab, which has a
single thread::

    floor = max(ceil(N / F) * R * L + W, R * L + N * W)

The TCP and TLS handshakes' own round trips carry no latency here, for no client.
"""

import http.client
import math
import ssl
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median

import spnego
import spnego.channel_bindings
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from pydantic import SecretStr

from benchmarks.job import Endpoint, Job
from benchmarks.lab import LabProcess
from harness.core.model import Auth, Connection
from harness.remoting import Credential, PowerShellSession, open_powershell
from harness.windows import gather_host

__all__ = ["COLD_REQUESTS", "OPEN_REQUESTS", "Work", "floor", "measure_work"]

COLD_REQUESTS = 5
OPEN_REQUESTS = 2
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Work:
    """The lab's CPU seconds for one host's facts: with a session's beginning and end, and on an open one."""

    cold: float
    open: float


def floor(requests: int, latency: float, work: float, *, hosts: int = 1, forks: int = 1) -> float:
    """Seconds below which no client can be; the module's text has the formula.

    Example:
        >>> floor(2, 0.02, 0.03)
        0.07
        >>> floor(5, 0.02, 0.04, hosts=100, forks=16)
        4.1
    """
    lanes = math.ceil(hosts / forks) * requests * latency + work
    lab = requests * latency + hosts * work
    return round(max(lanes, lab), 9)


@dataclass(slots=True)
class _Recorder:
    """The transport of a session, which keeps what goes through it."""

    inner: object
    sent: list[bytes] = field(default_factory=list)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def post(self, envelope: bytes, operation_seconds: float) -> bytes:
        self.sent.append(envelope)
        answer: bytes = self.inner.post(envelope, operation_seconds)  # type: ignore[attr-defined]
        return answer


@dataclass(frozen=True, slots=True)
class _Recording:
    """A session's envelopes: its Create, the Command and Receive of each pipeline, its Delete."""

    create: bytes
    pipelines: tuple[tuple[bytes, bytes], ...]
    delete: bytes


def measure_work(lab: LabProcess, job: Job, *, repetitions: int) -> Work:
    """Measure the lab's work for the first host of a job; medians of so many repetitions, at the present latency."""
    endpoint = job.endpoints[0]
    recording = _record(job, endpoint, pipelines=repetitions + 1)
    cold = [_replayed(lab, job, endpoint, recording, first=1)[0] for _ in range(repetitions)]
    _, *warm = _replayed(lab, job, endpoint, recording, first=len(recording.pipelines))[1:]
    return Work(median(cold), median(warm))


def _record(job: Job, endpoint: Endpoint, *, pipelines: int) -> _Recording:
    connection = Connection(endpoint.address, endpoint.port, "https", Auth.NEGOTIATE, "bench", ca=job.ca)
    session = open_powershell(connection, Credential(job.username, SecretStr(job.password)), target=endpoint.name)
    known = None
    with session:
        _, known = _gather(session, endpoint, None)
    recorder = _Recorder(session._transport)  # type: ignore[attr-defined]  # noqa: SLF001 - no one else needs a tap
    session._transport = recorder  # type: ignore[attr-defined]  # noqa: SLF001
    with session:
        for _ in range(pipelines):
            _gather(session, endpoint, known)
    found = [(_action(envelope), envelope) for envelope in recorder.sent]
    commands = [place for place, (action, _) in enumerate(found) if action == "Command"]
    pairs = tuple((found[place][1], found[place + 1][1]) for place in commands)
    return _Recording(found[0][1], pairs, found[-1][1])


def _gather(session: PowerShellSession, endpoint: Endpoint, known: object) -> tuple[object, object]:
    return gather_host(
        session,
        endpoint.name,
        known=known,  # type: ignore[arg-type]
        clock=lambda: datetime.now(UTC),
        seconds=_SECONDS,
    )


def _action(envelope: bytes) -> str:
    """The last word of an envelope's action: Create, Command, Receive, Delete."""
    for name in ("Create", "Command", "Receive", "Delete"):
        if f"/{name}<".encode() in envelope:
            return name
    raise ValueError("an envelope of another kind")


def _replayed(lab: LabProcess, job: Job, endpoint: Endpoint, recording: _Recording, *, first: int) -> list[float]:
    """The lab's CPU seconds: for all of it, then for each pipeline."""
    marks = [lab.cpu()]
    client = _Client(job, endpoint)
    client.greet(recording.create)
    pipelines = []
    for command, receive in recording.pipelines[:first]:
        before = lab.cpu()
        client.send(command)
        while b"CommandState/Done" not in client.send(receive):
            pass
        pipelines.append(lab.cpu() - before)
    client.send(recording.delete)
    client.close()
    marks.append(lab.cpu())
    return [marks[1] - marks[0], *pipelines]


class _Client:
    """Sends bytes and takes bytes, after NTLM over HTTPS."""

    def __init__(self, job: Job, endpoint: Endpoint) -> None:
        context = ssl.create_default_context(cafile=job.ca)
        self._http = http.client.HTTPSConnection(endpoint.address, endpoint.port, context=context, timeout=_SECONDS)
        self._job = job

    def greet(self, first: bytes) -> None:
        """Authenticate this connection; the first envelope rides on the last leg."""
        self._http.connect()
        context = spnego.client(
            self._job.username, self._job.password, protocol="ntlm", channel_bindings=self._bindings()
        )
        challenge = self._post(b"", context.step()).getheader("WWW-Authenticate") or ""
        self._post(first, context.step(b64decode(challenge.partition(" ")[2])))

    def send(self, envelope: bytes) -> bytes:
        """One envelope and its answer."""
        return self._post(envelope, None).body

    def close(self) -> None:
        self._http.close()

    def _bindings(self) -> spnego.channel_bindings.GssChannelBindings:
        der = self._http.sock.getpeercert(binary_form=True)  # type: ignore[union-attr]
        algorithm = x509.load_der_x509_certificate(der).signature_hash_algorithm or hashes.SHA256()
        digest = hashes.Hash(algorithm)
        digest.update(der)
        return spnego.channel_bindings.GssChannelBindings(application_data=b"tls-server-end-point:" + digest.finalize())

    def _post(self, body: bytes, token: bytes | None) -> "_Answer":
        headers = {"Content-Type": "application/soap+xml;charset=UTF-8"}
        if token is not None:
            headers["Authorization"] = f"Negotiate {b64encode(token).decode()}"
        self._http.request("POST", "/wsman", body, headers)
        response = self._http.getresponse()
        answer = _Answer(response.status, response.getheaders(), response.read())
        if answer.status != (401 if token is not None and not body else 200):
            raise RuntimeError(f"the lab answered {answer.status} to a replayed message")
        return answer


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Iterable[tuple[str, str]]
    body: bytes

    def getheader(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

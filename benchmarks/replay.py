"""The quickest client there is: sends the envelopes of a recorded session again, and reads nothing of the answers."""

import http.client
import ssl
import time
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime

import spnego
import spnego.channel_bindings
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from pydantic import SecretStr

from benchmarks.floor import Work
from benchmarks.job import Endpoint, Job
from benchmarks.lab import LabProcess
from harness.core.model import Auth, Connection
from harness.remoting import Credential, PowerShellSession, open_powershell
from harness.windows import HostCapabilities, gather_host

__all__ = ["Replay"]

_SECONDS = 60.0


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


class Replay:
    """One host's facts as bytes, recorded once, sent as often as wanted.

    Args:
        lab: whose CPU time is read.
        job: its first host is asked.
    """

    def __init__(self, lab: LabProcess, job: Job) -> None:
        self._lab = lab
        self._job = job
        self._endpoint = job.endpoints[0]
        self._tls = ssl.create_default_context(cafile=job.ca)
        sent = _recorded(job, self._endpoint)
        start = next(place for place, envelope in enumerate(sent) if b"/Command<" in envelope)
        self._create, self._command, self._receive, self._delete = sent[0], sent[start], sent[start + 1], sent[-1]

    def cold(self) -> Work:
        """Connect, authenticate, open, ask, delete."""
        cpu, begun = self._lab.cpu(), time.perf_counter()
        client = _Client(self._job, self._endpoint, self._tls)
        client.greet(self._create)
        self._ask(client)
        client.send(self._delete)
        client.close()
        return self._work(cpu, begun)

    def open(self) -> Work:
        """Ask, in a shell that is open."""
        client = _Client(self._job, self._endpoint, self._tls)
        client.greet(self._create)
        cpu, begun = self._lab.cpu(), time.perf_counter()
        self._ask(client)
        work = self._work(cpu, begun)
        client.send(self._delete)
        client.close()
        return work

    def _ask(self, client: "_Client") -> None:
        client.send(self._command)
        while b"CommandState/Done" not in client.send(self._receive):
            pass

    def _work(self, cpu: float, begun: float) -> Work:
        seconds = time.perf_counter() - begun
        return Work(seconds, self._lab.cpu() - cpu)


def _recorded(job: Job, endpoint: Endpoint) -> list[bytes]:
    """The envelopes of a session in which a known host is asked once."""
    connection = Connection(endpoint.address, endpoint.port, "https", Auth.NEGOTIATE, "bench", ca=job.ca)
    session = open_powershell(connection, Credential(job.username, SecretStr(job.password)), target=endpoint.name)
    with session:
        known = _gather(session, endpoint, None)
    recorder = _Recorder(session._transport)  # type: ignore[attr-defined]  # noqa: SLF001 - nobody else needs a tap
    session._transport = recorder  # type: ignore[attr-defined]  # noqa: SLF001
    with session:
        _gather(session, endpoint, known)
    return recorder.sent


def _gather(session: PowerShellSession, endpoint: Endpoint, known: HostCapabilities | None) -> HostCapabilities:
    return gather_host(session, endpoint.name, known=known, clock=lambda: datetime.now(UTC), seconds=_SECONDS)[1]


class _Client:
    """Sends bytes and takes bytes, after NTLM over HTTPS."""

    def __init__(self, job: Job, endpoint: Endpoint, tls: ssl.SSLContext) -> None:
        self._http = http.client.HTTPSConnection(endpoint.address, endpoint.port, context=tls, timeout=_SECONDS)
        self._job = job

    def greet(self, first: bytes) -> None:
        """Authenticate this connection; the first envelope rides on the last leg."""
        self._http.connect()
        context = spnego.client(
            self._job.username, self._job.password, protocol="ntlm", channel_bindings=self._bindings()
        )
        challenge, _ = self._post(b"", context.step(), 401)
        self._post(first, context.step(b64decode(challenge.partition(" ")[2])), 200)

    def send(self, envelope: bytes) -> bytes:
        """One envelope; the body of its answer."""
        return self._post(envelope, None, 200)[1]

    def close(self) -> None:
        self._http.close()

    def _bindings(self) -> spnego.channel_bindings.GssChannelBindings:
        assert isinstance(self._http.sock, ssl.SSLSocket)
        der = self._http.sock.getpeercert(binary_form=True)
        assert isinstance(der, bytes)
        algorithm = x509.load_der_x509_certificate(der).signature_hash_algorithm or hashes.SHA256()
        digest = hashes.Hash(algorithm)
        digest.update(der)
        return spnego.channel_bindings.GssChannelBindings(application_data=b"tls-server-end-point:" + digest.finalize())

    def _post(self, body: bytes, token: bytes | None, status: int) -> tuple[str, bytes]:
        headers = {"Content-Type": "application/soap+xml;charset=UTF-8"}
        if token is not None:
            headers["Authorization"] = f"Negotiate {b64encode(token).decode()}"
        self._http.request("POST", "/wsman", body, headers)
        response = self._http.getresponse()
        answer = response.read()
        if response.status != status:
            raise RuntimeError(f"the lab answered {response.status} to a replayed message")
        return response.getheader("WWW-Authenticate") or "", answer

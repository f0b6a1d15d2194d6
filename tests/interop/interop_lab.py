"""The lab that foreign clients drive: a Hyper-V host that takes Basic, NTLM and the tickets of a KDC beside it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.sim.lab import LabThread
from harness.sim.topology import parse_topology
from tests.sim.sim_kdc import ADDRESS as KDC_ADDRESS
from tests.sim.sim_kdc import HOST, PASSWORD, REALM, USER, Kdc

__all__ = ["GUESTS", "Endpoint", "ForeignLab", "serve"]

GUESTS = {"web": "Running", "files": "Running", "spare": "Off"}
"""Name and state of each virtual machine of the host, as Get-VM shows them."""

_GUEST_PASSWORD = "Battery-Staple-4"
_TOPOLOGY = """
version: 1
name: interop
domain: avma.test
host_account: {{username: 'AVMA\\{user}', password: {password}}}
guest_account: {{username: Administrator, password: {guest_password}}}
hosts:
  - name: {host}
    os: {{release: "2022", edition: Datacenter}}
    listen: {listen}
    guests:
      - {{name: web, os: {{release: "2022"}}, access: direct}}
      - {{name: files, os: {{release: "2019"}}, access: none}}
      - {{name: spare, os: {{release: "2016"}}, access: none, state: "off"}}
"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the host listens and who may come in; what a driver is told. ``environment`` is its process's own."""

    address: str
    http: int
    https: int
    ca: str
    user: str
    domain: str
    password: str
    realm: str
    principal_host: str
    guest_user: str
    guest_password: str
    kdc: tuple[str, int] | None
    cache: str
    environment: dict[str, str]


@dataclass(frozen=True, slots=True)
class ForeignLab:
    """A running lab."""

    thread: LabThread
    endpoint: Endpoint

    def shells(self) -> int:
        """How many shells the host has opened so far."""
        counters: Any = self.thread.do(lambda lab: lab.counters())
        return sum(machine["shells"] for machine in counters["by_host"].values())

    def refused(self) -> int:
        """How many requests the host has refused for want of a good credential."""
        return self.thread.do(lambda lab: sum(one.unauthorized for one in lab.server.counters.values()))

    def left_over(self) -> int:
        """How many shells are open now."""
        return self.thread.do(lambda lab: sum(lab.server.open_shells(name) for name in lab.server.machines))


@contextmanager
def serve(directory: Path, *, kerberos: bool) -> Iterator[ForeignLab]:
    """Serve the lab; with ``kerberos`` beside a KDC of its own (`make kerberos-deps`).

    Messages are never accepted unencrypted: over HTTP a client seals them, or it comes over HTTPS.
    """
    keytab = directory / "host.keytab"
    listen = f"{{auth: [Negotiate, Kerberos, Basic], keytab: '{keytab}'}}" if kerberos else "{}"
    text = _TOPOLOGY.format(
        user=USER,
        password=PASSWORD,
        guest_password=_GUEST_PASSWORD,
        host=HOST.partition(".")[0].upper(),
        listen=listen,
    )
    with LabThread(parse_topology(text, "interop"), directory=directory / "lab") as thread:
        if not kerberos:
            yield ForeignLab(thread, _endpoint(thread, None, {}))
            return
        kdc = _started_kdc(directory)
        try:
            yield ForeignLab(thread, _with_kerberos(thread, kdc, keytab))
        finally:
            kdc.stop()


def _started_kdc(directory: Path) -> Kdc:
    kdc = Kdc(directory / "kdc")
    kdc.directory.mkdir()
    try:
        kdc.start()
    except BaseException:
        kdc.stop()
        raise
    return kdc


def _with_kerberos(thread: LabThread, kdc: Kdc, keytab: Path) -> Endpoint:
    """The host's keys, also for its address: some clients ask for a ticket in the name they dial."""
    os.environ["KRB5_CONFIG"] = kdc.environment["KRB5_CONFIG"]
    endpoint = _endpoint(thread, kdc, dict(kdc.environment))
    by_address = f"HTTP/{endpoint.address}"
    kdc.add(by_address)
    kdc.keytab(f"HTTP/{HOST}", f"WSMAN/{HOST}", by_address).replace(keytab)
    return replace(endpoint, cache=str(kdc.credentials(by_address)))


def _endpoint(thread: LabThread, kdc: Kdc | None, environment: dict[str, str]) -> Endpoint:
    found = {entry["scheme"]: entry for entry in thread.document["endpoints"]}
    return Endpoint(
        address=found["https"]["address"],
        http=found["http"]["port"],
        https=found["https"]["port"],
        ca=thread.document["ca"],
        user=USER,
        domain="AVMA",
        password=PASSWORD,
        realm=REALM,
        principal_host=HOST,
        guest_user="Administrator",
        guest_password=_GUEST_PASSWORD,
        kdc=None if kdc is None else (KDC_ADDRESS, kdc.port),
        cache="",
        environment=environment,
    )

"""A real MIT KDC on loopback, of the tests' own: its database, keys and configuration live in one directory."""

import importlib.util
import os
import shutil
import socket
import struct
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

REALM = "AVMA.TEST"
ADDRESS = "127.0.88.1"
HOST = "hv01.avma.test"
USER, PASSWORD = "operator", "Correct-Horse-9"
_PROGRAMS = ("krb5kdc", "kadmin.local", "kdb5_util", "kinit", "kvno")
_PLACES = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
_CONFIGURATION = """
[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
    kdc_timesync = 1

[realms]
    {realm} = {{
        kdc = {address}:{port}
    }}

[domain_realm]
    .avma.test = {realm}
    avma.test = {realm}
"""
_KDC_CONFIGURATION = """
[kdcdefaults]
    kdc_listen = ""
    kdc_tcp_listen = {address}:{port}

[realms]
    {realm} = {{
        database_name = {directory}/principal
        key_stash_file = {directory}/stash
        acl_file = {directory}/acl
        max_life = 10h
        supported_enctypes = aes256-cts-hmac-sha1-96:normal
    }}

[logging]
    kdc = FILE:{directory}/kdc.log
"""


def missing() -> str:
    """Why there can be no Kerberos test here, with what to do; empty when there can."""
    programs = [name for name in _PROGRAMS if _find(name) is None]
    modules = [name for name in ("gssapi", "krb5", "kerberos") if importlib.util.find_spec(name) is None]
    if not programs and not modules:
        return ""
    return f"{', '.join(programs + modules)} not here: `make kerberos-deps` installs an MIT KDC and the bindings"


def _find(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join(_PLACES))


@dataclass
class Kdc:
    """One realm. Use ``start`` and ``stop``; ``environment`` points the Kerberos library at it."""

    directory: Path
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _keytabs: int = field(default=0)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "KRB5_CONFIG": str(self.directory / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(self.directory / "kdc.conf"),
            "KRB5CCNAME": f"FILE:{self.directory}/nobody.ccache",
        }

    def start(self) -> None:
        """Make the realm and its principals, and serve it."""
        with socket.socket() as probe:
            probe.bind((ADDRESS, 0))
            self.port = probe.getsockname()[1]
        fill = {"realm": REALM, "address": ADDRESS, "port": self.port, "directory": self.directory}
        (self.directory / "krb5.conf").write_text(_CONFIGURATION.format(**fill))
        (self.directory / "kdc.conf").write_text(_KDC_CONFIGURATION.format(**fill))
        (self.directory / "acl").write_text("")
        self.run("kdb5_util", "create", "-s", "-r", REALM, "-P", "master-of-the-tests")
        self.add(USER, PASSWORD)
        for service in ("HTTP", "WSMAN", "host"):
            self.add(f"{service}/{HOST}")
        self._process = subprocess.Popen(
            [str(_find("krb5kdc")), "-n", "-r", REALM], env=os.environ | self.environment, stderr=subprocess.DEVNULL
        )
        self._await_answer()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def run(self, program: str, *words: str, given: str = "", **environment: str) -> str:
        done = subprocess.run(
            [str(_find(program)), *words],
            input=given,
            env=os.environ | self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"
        return done.stdout

    def add(self, principal: str, password: str = "") -> None:
        """Add a principal, with a password or with a random key."""
        key = ["+requires_preauth", "-pw", password] if password else ["-randkey"]
        self.run("kadmin.local", "-r", REALM, "addprinc", *key, f"{principal}@{REALM}")

    def keytab(self, *principals: str) -> Path:
        """The keys of these principals in a file of their own. Keys are kept, so that several keytabs agree."""
        self._keytabs += 1
        path = self.directory / f"keys-{self._keytabs}.keytab"
        for principal in principals:
            self.run("kadmin.local", "-r", REALM, "ktadd", "-norandkey", "-k", str(path), f"{principal}@{REALM}")
        return path

    def service_keytab(self) -> Path:
        return self.keytab(f"HTTP/{HOST}", f"WSMAN/{HOST}", f"host/{HOST}")

    def credentials(self, *services: str, options: tuple[str, ...] = ()) -> Path:
        """A credential cache of the user's, with tickets for these services in it."""
        path = self.directory / f"cache-{time.monotonic_ns()}"
        self.run("kinit", *options, "-c", str(path), f"{USER}@{REALM}", given=f"{PASSWORD}\n")
        for service in services:
            self.run("kvno", "-c", str(path), service)
        return path

    def _await_answer(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection((ADDRESS, self.port), timeout=1).close()
            except OSError:
                assert self._process is not None
                assert self._process.poll() is None, (self.directory / "kdc.log").read_text()
                assert time.monotonic() < deadline, "the KDC does not answer"
            else:
                return


def put_clock_off(cache: Path, seconds: int) -> None:
    """Write a clock offset into a credential cache (format 4, tag 1): its owner then lives at another time."""
    data = cache.read_bytes()
    assert data[:2] == b"\x05\x04", "a credential cache of format 4"
    (size,) = struct.unpack_from(">H", data, 2)
    header = struct.pack(">HHii", 1, 8, seconds, 0)
    cache.write_bytes(data[:2] + struct.pack(">H", len(header)) + header + data[4 + size :])

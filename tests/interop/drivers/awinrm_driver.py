"""awinrm: the command shell over asyncio, with NTLM and Kerberos of its own making (asyauth, minikerberos)."""

import asyncio
from typing import Any

from answering import PROGRAM, SCRIPT, UNKNOWN, WRONG_PASSWORD, answer
from asyauth.common.constants import asyauthSecret
from asyauth.common.credentials.kerberos import KerberosCredential
from asyauth.common.credentials.ntlm import NTLMCredential
from asyauth.common.credentials.spnego import SPNEGOCredential
from asysocks.unicomm.common.target import UniProto, UniTarget
from awinrm import Session


def credential(job: Any, password: str) -> SPNEGOCredential:
    """NTLM by password. Kerberos with the ticket of a credential cache, unless it is a wrong password's turn."""
    if job.auth == "ntlm":
        return SPNEGOCredential([NTLMCredential(password, job.user, job.domain, asyauthSecret.PASSWORD)])
    secret, kind = password, asyauthSecret.PASSWORD
    if password == job.password:
        secret, kind = job.cache, asyauthSecret.CCACHE
    address, port = job.kdc
    target = UniTarget(address, port, UniProto.CLIENT_TCP, dc_ip=address)
    return SPNEGOCredential([KerberosCredential(secret, job.user, job.realm, kind, target=target, etypes=[18])])


def run(job: Any, command: str, words: tuple[str, ...] = (), *, script: bool = False, password: str = "") -> str:
    async def talk() -> str:
        url = f"http://{job.address}:{job.http}"
        async with Session(url, credential=credential(job, password or job.password)) as session:
            done = await (session.run_ps(command) if script else session.run_cmd(command, words))
        out, err, code = done
        return f"exit code {code}\n{(out + err).decode('cp437')}"

    return asyncio.run(talk())


answer(
    {
        "script": lambda job: run(job, SCRIPT, script=True),
        "program": lambda job: run(job, PROGRAM[0], tuple(PROGRAM[1])),
        "error": lambda job: run(job, UNKNOWN, script=True),
        "wrong password": lambda job: run(job, "hostname", password=WRONG_PASSWORD),
        "exit code": lambda job: run(job, "cmd", ("/c", "exit", "3")),
    }
)

"""Doors that several causes want to open at once."""

import json
import socket
import urllib.request
from pathlib import Path

from harness.sim.lab import LabThread
from harness.sim.topology import load_topology

SMALL = Path(__file__).parent.parent / "cases" / "topologies" / "small.yaml"


def tell(lab: LabThread, path: str, body: dict) -> None:
    request = urllib.request.Request(lab.document["control"] + path, json.dumps(body).encode())
    urllib.request.urlopen(request).close()


def test_every_machine_listens_again_after_a_reset_that_ends_a_refusal(tmp_path, caplog):
    with LabThread(load_topology(SMALL), directory=tmp_path) as lab:
        for _ in range(5):
            tell(lab, "/faults", {"faults": [{"kind": "refuse"}]})
            tell(lab, "/reset", {})
            for endpoint in lab.document["endpoints"]:
                socket.create_connection((endpoint["address"], endpoint["port"]), timeout=5).close()
    assert not [record for record in caplog.records if record.levelname == "ERROR"], caplog.text

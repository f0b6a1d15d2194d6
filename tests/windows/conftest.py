"""A small simulated lab over the real wire."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from windows_lab import Wire, topology

from harness.sim.lab import serve_in_thread

LAB = """
host_keys:
  azl-a: {key: FAKE0-AZL22-LABOR-N0DE1-0A1LS, kind: retail, version: "2022"}
  azl-b: {key: FAKE0-AZL22-LABOR-N0DE2-0B1LS, kind: retail, version: "2022"}
hosts:
  - name: HV1
    os: {release: "2022", edition: Datacenter, language: de, utc_offset: 60}
    guests:
      - {name: web, os: {release: "2022", language: ja, utc_offset: 540}}
      - {name: bare, os: {release: "2022"}, script_engine: false}
      - {name: old, os: {release: "2012 R2"}, key: avma, generation: 1}
      - {name: eval, os: {release: "2022", edition: Datacenter, evaluation: true}, key: evaluation, licensed: true}
      - {name: vault, os: {release: "2019"}, access: direct, key: avma}
      - {name: "<b>&'\\"", id: 3d1bd1f6-0000-4000-8000-000000000001, computer_name: EVIL, os: {release: "2022"}}
      - {name: tux, linux: {}}
      - {name: sleeper, os: {release: "2022"}, state: "off"}
  - name: HV2
    os: {release: "2022", edition: Datacenter}
    activated: false
    guests:
      - {name: lost, os: {release: "2022"}, key: avma}
  - name: PLAIN
    os: {release: "2019", edition: Standard}
    hyperv: false
clusters:
  - name: AZL
    licensing: byol
    nodes:
      - name: AZL1
        os: {family: azure, release: "23H2", edition: Azure Stack HCI, core: true}
        key: azl-a
        guests:
          - {name: app, os: {release: "2022"}, key: avma}
      - name: AZL2
        os: {family: azure, release: "22H2", edition: Azure Stack HCI, core: true}
        key: azl-b
        applied_keys: [azl-b]
"""

Start = Callable[..., Wire]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a lab: the one above, or another topology's; keyword arguments choose variants."""
    with ExitStack() as stack:

        def begin(text: str = LAB, **variants: str) -> Wire:
            wire = Wire(stack.enter_context(serve_in_thread(topology(text), variants=variants)))
            stack.callback(wire.close)
            return wire

        yield begin


@pytest.fixture
def wire(start: Start) -> Wire:
    return start()

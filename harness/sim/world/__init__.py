"""The world behind the simulated lab: pure state and rules, no input or output, one thread, a clock of its own."""

from harness.sim.world._activation import host_answer, host_is_activated
from harness.sim.world._clock import FILETIME_ZERO, VirtualClock
from harness.sim.world._edition import current_edition, order_edition, target_editions
from harness.sim.world._events import SPP_PROVIDER, Event, EventLog
from harness.sim.world._fabric import Cluster, Host, HostKeyApplication, NodeState, Subscription
from harness.sim.world._installation import Installation, SessionConfiguration
from harness.sim.world._keys import HostKey, KeyBook, KeyChannel, ProductKey
from harness.sim.world._kvp import guest_parameters, intrinsic_items, item_xml
from harness.sim.world._licence import Grant, KmsSettings, Licence, LicensingError, Status, minutes_left
from harness.sim.world._products import WINDOWS_APPLICATION, Row, digits, family_name, primary_row, product_rows
from harness.sim.world._snapshot import snapshot
from harness.sim.world._systems import AZURE_EDITION, LANGUAGES, Language, OperatingSystem
from harness.sim.world._upgrade import upgrade_guest, upgrade_host
from harness.sim.world._virtual import (
    COMPONENTS,
    DATA_EXCHANGE,
    HEARTBEAT,
    IntegrationService,
    LinuxSystem,
    ServiceStatus,
    VirtualMachine,
    VmState,
)
from harness.sim.world._world import NoSuchThingError, World

__all__ = [
    "AZURE_EDITION",
    "COMPONENTS",
    "DATA_EXCHANGE",
    "FILETIME_ZERO",
    "HEARTBEAT",
    "LANGUAGES",
    "SPP_PROVIDER",
    "WINDOWS_APPLICATION",
    "Cluster",
    "Event",
    "EventLog",
    "Grant",
    "Host",
    "HostKey",
    "HostKeyApplication",
    "Installation",
    "IntegrationService",
    "KeyBook",
    "KeyChannel",
    "KmsSettings",
    "Language",
    "Licence",
    "LicensingError",
    "LinuxSystem",
    "NoSuchThingError",
    "NodeState",
    "OperatingSystem",
    "ProductKey",
    "Row",
    "ServiceStatus",
    "SessionConfiguration",
    "Status",
    "Subscription",
    "VirtualClock",
    "VirtualMachine",
    "VmState",
    "World",
    "current_edition",
    "digits",
    "family_name",
    "guest_parameters",
    "host_answer",
    "host_is_activated",
    "intrinsic_items",
    "item_xml",
    "minutes_left",
    "order_edition",
    "primary_row",
    "product_rows",
    "snapshot",
    "target_editions",
    "upgrade_guest",
    "upgrade_host",
]

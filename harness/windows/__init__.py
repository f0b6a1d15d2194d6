"""Typed questions and commands to a host, a cluster, a guest: a pipeline goes out, a core record comes back.

Each operation's retry class is in ``OPERATIONS`` and in its docstring. Nothing here repeats anything by itself.
"""

from collections.abc import Mapping
from types import MappingProxyType

from harness.core.model import RetryClass
from harness.windows.activation import HostKeyAnswer, read_host_activation, set_host_key
from harness.windows.capabilities import HostCapabilities, probe, read_capabilities, write_capabilities
from harness.windows.cluster import move_role, read_role_owner
from harness.windows.edition import order_edition, read_guest_system, restart_guest
from harness.windows.guest import (
    activate_guest,
    clear_guest_key,
    gather_guest,
    install_guest_key,
    read_guest_licence,
    uninstall_guest_key,
)
from harness.windows.guest_registry import read_host_values, remove_host_values
from harness.windows.host import gather_host
from harness.windows.integration import read_guest_service, read_service, read_services, set_service
from harness.windows.subscription import enable_subscription, read_subscription

__all__ = [
    "OPERATIONS",
    "HostCapabilities",
    "HostKeyAnswer",
    "activate_guest",
    "clear_guest_key",
    "enable_subscription",
    "gather_guest",
    "gather_host",
    "install_guest_key",
    "move_role",
    "order_edition",
    "probe",
    "read_capabilities",
    "read_guest_licence",
    "read_guest_service",
    "read_guest_system",
    "read_host_activation",
    "read_host_values",
    "read_role_owner",
    "read_service",
    "read_services",
    "read_subscription",
    "remove_host_values",
    "restart_guest",
    "set_host_key",
    "set_service",
    "uninstall_guest_key",
    "write_capabilities",
]

OPERATIONS: Mapping[str, RetryClass] = MappingProxyType(
    {
        "probe": RetryClass.READ,
        "gather_host": RetryClass.READ,
        "gather_guest": RetryClass.READ,
        "read_service": RetryClass.READ,
        "read_services": RetryClass.READ,
        "read_host_activation": RetryClass.READ,
        "read_guest_licence": RetryClass.READ,
        "read_host_values": RetryClass.READ,
        "read_guest_service": RetryClass.READ,
        "read_guest_system": RetryClass.READ,
        "order_edition": RetryClass.ONCE,
        "restart_guest": RetryClass.ONCE,
        "read_subscription": RetryClass.READ,
        "read_role_owner": RetryClass.READ,
        "set_service": RetryClass.IDEMPOTENT,
        "remove_host_values": RetryClass.IDEMPOTENT,
        "install_guest_key": RetryClass.IDEMPOTENT,
        "activate_guest": RetryClass.IDEMPOTENT,
        "uninstall_guest_key": RetryClass.IDEMPOTENT,
        "clear_guest_key": RetryClass.IDEMPOTENT,
        "enable_subscription": RetryClass.IDEMPOTENT,
        "move_role": RetryClass.IDEMPOTENT,
        "set_host_key": RetryClass.ONCE,
    }
)
"""How each operation of this room may be repeated."""

"""Typed questions and commands to a host, a cluster, a guest: a pipeline goes out, a core record comes back."""

from harness.windows.activation import HostKeyAnswer, read_host_activation, set_host_key
from harness.windows.integration import read_service, read_services, set_service

__all__ = [
    "HostKeyAnswer",
    "read_host_activation",
    "read_service",
    "read_services",
    "set_host_key",
    "set_service",
]

"""Just Enough Administration: endpoints in NoLanguage mode that show a role's commands and nothing else."""

from harness.sim.jea._role import ParameterRule, Role, RoleError, VisibleCommand, parse_role, role_text
from harness.sim.jea._session import Endpoint, JeaTable

__all__ = [
    "Endpoint",
    "JeaTable",
    "ParameterRule",
    "Role",
    "RoleError",
    "VisibleCommand",
    "parse_role",
    "role_text",
]

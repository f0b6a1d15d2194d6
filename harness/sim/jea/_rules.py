"""Checking an argument against the rules of a visible parameter, with the binder's ids."""

import re
from collections.abc import Mapping

from harness.sim.cmdlets import Command, Scope, as_list, binding_failure, to_text
from harness.sim.jea._role import ParameterRule

__all__ = ["check_arguments"]

_FAILED = "ParameterArgumentValidationError"


def check_arguments(
    command: Command[Scope], rules: Mapping[str, ParameterRule], arguments: Mapping[str, object]
) -> None:
    """Hold bound arguments to their rules.

    Raises:
        TerminatingError: ParameterArgumentValidationError, as ValidateSet and ValidatePattern of a proxy function.
    """
    for name, value in arguments.items():
        rule = rules.get(name.casefold())
        if rule is None:
            continue
        for item in as_list(value):
            complaint = _complaint(rule, to_text(item))
            if complaint:
                text = f"Cannot validate argument on parameter '{name}'. {complaint}"
                raise binding_failure(_FAILED, command.id_suffix, command.name, text)


def _complaint(rule: ParameterRule, value: str) -> str:
    if rule.patterns:
        pattern = f"^({'|'.join(rule.patterns)})$"
        if re.search(pattern, value, re.IGNORECASE):
            return ""
        return (
            f'The argument "{value}" does not match the "{pattern}" pattern. Supply an argument that matches '
            f'"{pattern}" and try the command again.'
        )
    if not rule.choices or value.casefold() in (choice.casefold() for choice in rule.choices):
        return ""
    return (
        f'The argument "{value}" does not belong to the set "{",".join(rule.choices)}" specified by the ValidateSet '
        "attribute. Supply an argument that is in the set and then try the command again."
    )

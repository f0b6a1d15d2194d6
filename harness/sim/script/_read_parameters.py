"""``param()`` blocks: types, defaults and the attributes that the binder knows."""

from dataclasses import replace

from tree_sitter import Node

from harness.sim.script import _nodes as nodes
from harness.sim.script._grammar import parts
from harness.sim.script._read_expressions import ExpressionReader

__all__ = ["ParameterReader"]

_DECORATION = frozenset(
    {
        "helpmessage",
        "valuefrompipelinebypropertyname",
        "validatenotnull",
        "allownull",
        "allowemptystring",
        "allowemptycollection",
    }
)


class ParameterReader(ExpressionReader):
    """Reads the parameters of scripts, script blocks and functions."""

    def param_block(self, node: Node) -> tuple[tuple[nodes.Parameter, ...], bool]:
        """The parameters, and whether attributes make the block an advanced function."""
        advanced = False
        read: tuple[nodes.Parameter, ...] = ()
        for part in parts(node):
            if part.type == "attribute_list":
                advanced = self._binding_attributes(part)
            elif part.type == "parameter_list":
                read = self.parameters(part)
                advanced = advanced or b"[parameter" in (part.text or b"").lower()
        return read, advanced

    def declared(self, node: Node) -> tuple[nodes.Parameter, ...]:
        """The parameters in parentheses after a function's name."""
        return tuple(one for part in parts(node) if part.type == "parameter_list" for one in self.parameters(part))

    def parameters(self, node: Node) -> tuple[nodes.Parameter, ...]:
        return tuple(one for part in parts(node) if part.type == "script_parameter" for one in self._parameter(part))

    def _binding_attributes(self, node: Node) -> bool:
        for attribute in parts(node):
            name = self._attribute_name(attribute)
            if name not in ("cmdletbinding", "outputtype"):
                raise self._source.unsupported(attribute, f"the attribute {name}")
            if b"shouldprocess" in (attribute.text or b"").lower():
                raise self._source.unsupported(attribute, "SupportsShouldProcess")
        return True

    def _parameter(self, node: Node) -> list[nodes.Parameter]:
        attributes: list[Node] = []
        name, default = "", None
        rest: list[nodes.Parameter] = []
        for part in parts(node):
            if part.type == "attribute_list":
                attributes = parts(part)
            elif part.type == "variable":
                name = self._source.text(part)[1:]
            elif part.type == "script_parameter_default":
                default, rest = self._default(parts(part)[1])
        parameter = nodes.Parameter(name, self._types(attributes), default)
        for attribute in attributes:
            parameter = self._attributed(parameter, attribute)
        return [parameter, *rest]

    def _default(self, node: Node) -> tuple[nodes.Expression, list[nodes.Parameter]]:
        """A default value. The grammar reads ``$a = 1, [int]$b`` as one array: the tail is further parameters."""
        if node.type != "array_literal_expression":
            return self.expression(node), []
        first, *tail = (part for part in parts(node) if part.type != ",")
        return self.expression(first), [self._bare_parameter(part) for part in tail]

    def _bare_parameter(self, node: Node) -> nodes.Parameter:
        read = self.expression(node)
        types: list[nodes.TypeName] = []
        while isinstance(read, nodes.Cast):
            types.append(read.type)
            read = read.operand
        if not isinstance(read, nodes.Variable):
            raise self._source.unsupported(node, "this entry of a param block")
        return nodes.Parameter(read.name, tuple(types))

    def _attribute_name(self, node: Node) -> str:
        for part in parts(node):
            if part.type == "attribute_name":
                return self._source.text(part).lower().removesuffix("attribute")
        return ""

    def _types(self, attributes: list[Node]) -> tuple[nodes.TypeName, ...]:
        kinds = [parts(node)[0] if node.type == "attribute" else node for node in attributes]
        return tuple(self.type(kind) for kind in kinds if kind.type == "type_literal")

    def _attributed(self, parameter: nodes.Parameter, node: Node) -> nodes.Parameter:
        name = self._attribute_name(node)
        if not name or name in _DECORATION:
            return parameter
        if name == "parameter":
            return self._parameter_attribute(parameter, node)
        if name == "alias":
            return replace(parameter, aliases=self._texts(node))
        if name == "validateset":
            return replace(parameter, allowed=self._texts(node))
        if name == "validatenotnullorempty":
            return replace(parameter, not_empty=True)
        raise self._source.unsupported(node, f"the attribute {name}")

    def _attribute_arguments(self, node: Node) -> list[Node]:
        return [
            one
            for part in parts(node)
            if part.type == "attribute_arguments"
            for one in parts(part)
            if one.type == "attribute_argument"
        ]

    def _texts(self, node: Node) -> tuple[str, ...]:
        found: list[str] = []
        for argument in self._attribute_arguments(node):
            read = self.expression(parts(argument)[0])
            items = read.items if isinstance(read, nodes.ArrayLiteral) else (read,)
            found += [str(item.value) for item in items if isinstance(item, nodes.Literal)]
        return tuple(found)

    def _parameter_attribute(self, parameter: nodes.Parameter, node: Node) -> nodes.Parameter:
        for argument in self._attribute_arguments(node):
            inside = parts(argument)
            name = self._source.text(inside[0]).lower()
            value = self._source.text(inside[2]).lower() if len(inside) > 2 else "$true"
            if name == "mandatory":
                parameter = replace(parameter, mandatory=value in ("$true", "1"))
            elif name == "position" and value.isdecimal():
                parameter = replace(parameter, position=int(value))
            elif name == "valuefrompipeline":
                parameter = replace(parameter, from_pipeline=value in ("$true", "1"))
            elif name not in _DECORATION:
                raise self._source.unsupported(argument, f"the parameter attribute {name}")
        return parameter

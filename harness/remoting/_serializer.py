"""pypsrp's serializer with our reading and writing: outputs and errors become plain Python, streams nobody reads are
not parsed, and a pipeline is written as text.
"""

from typing import Any

from pypsrp.messages import (
    CreatePipeline,
    DebugRecord,
    ErrorRecordMessage,
    InformationRecord,
    ProgressRecord,
    VerboseRecord,
)
from pypsrp.serializer import Serializer

from harness.remoting._pipeline_xml import create_pipeline_xml
from harness.remoting.decode import from_clixml

__all__ = ["ErrorMessage", "OutputSerializer"]

_UNREAD = (DebugRecord, InformationRecord, ProgressRecord, VerboseRecord)
_ENDING_ERROR = "ExceptionAsErrorRecord"


class ErrorMessage(ErrorRecordMessage):
    """An error record in our reading; pypsrp's own refuses records that lack one of 40 properties."""

    def __init__(self, record: object) -> None:  # its parent's table of properties is not wanted
        self.record = record


class OutputSerializer(Serializer):
    """Reads and writes what the harness says and hears by itself, and the rest, which is protocol, as pypsrp does."""

    def serialize(self, value: Any, metadata: Any = None, parent: Any = None, clear: bool = True) -> Any:  # noqa: FBT001, FBT002
        if isinstance(value, CreatePipeline) and value.pipeline is not None and value.pipeline.commands:
            return create_pipeline_xml(value.pipeline.commands, self._serialize_string, self._serialize_secure_string)
        return super().serialize(value, metadata, parent, clear)

    def deserialize(self, element: Any, metadata: Any = None, clear: bool = True) -> Any:  # noqa: FBT001, FBT002
        if metadata is None and clear:
            return from_clixml(element)
        made = getattr(metadata, "object", None)
        if made is ErrorRecordMessage or getattr(metadata, "name", None) == _ENDING_ERROR:
            return ErrorMessage(from_clixml(element))
        if made in _UNREAD:
            return made.__new__(made)
        return super().deserialize(element, metadata, clear)

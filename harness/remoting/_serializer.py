"""pypsrp's serializer with our reading: outputs and errors become plain Python, streams nobody reads are not parsed."""

from typing import Any

from pypsrp.messages import DebugRecord, ErrorRecordMessage, InformationRecord, ProgressRecord, VerboseRecord
from pypsrp.serializer import Serializer

from harness.remoting.decode import from_clixml

__all__ = ["ErrorMessage", "OutputSerializer"]

_UNREAD = (DebugRecord, InformationRecord, ProgressRecord, VerboseRecord)
_ENDING_ERROR = "ExceptionAsErrorRecord"


class ErrorMessage(ErrorRecordMessage):
    """An error record in our reading; pypsrp's own refuses records that lack one of 40 properties."""

    def __init__(self, record: object) -> None:  # its parent's table of properties is not wanted
        self.record = record


class OutputSerializer(Serializer):
    """Reads what the harness reads with harness.remoting.decode, and the rest, which is protocol, as pypsrp does."""

    def deserialize(self, element: Any, metadata: Any = None, clear: bool = True) -> Any:  # noqa: FBT001, FBT002
        if metadata is None and clear:
            return from_clixml(element)
        made = getattr(metadata, "object", None)
        if made is ErrorRecordMessage or getattr(metadata, "name", None) == _ENDING_ERROR:
            return ErrorMessage(from_clixml(element))
        if made in _UNREAD:
            return made.__new__(made)
        return super().deserialize(element, metadata, clear)

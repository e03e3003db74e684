"""Server-sent events of a streamed answer: bytes in, typed events out.

An event is one of the wire models, so `match` tells them apart: `HitsEvent`, `DeltaEvent`, `CitationOut`, and at the
end `AskResponse`, the whole reply. Names that a newer server adds are passed over, and so are its heartbeats.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from server.client.errors import problem_error
from server.client.transport import parsed
from server.schemas import AskResponse, CitationOut, DeltaEvent, HitsEvent, Problem

StreamEvent = HitsEvent | DeltaEvent | CitationOut | AskResponse

_MODELS: dict[str, type[StreamEvent]] = {
    "hits": HitsEvent,
    "delta": DeltaEvent,
    "citation": CitationOut,
    "done": AskResponse,
}
_LINE_END = re.compile(r"\r\n|\n|\r")  # of the format; str.splitlines knows more, which may stand in an article


class EventReader:
    """Cuts a stream of bytes into events.

    Args:
        where: the address that is read from, for errors.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._name = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[StreamEvent]:
        """The events that a chunk completes.

        Raises:
            ProblemError: the server tells that the answer failed.
            ReplyError: an event is not what the API sends.
        """
        text = self._rest + self._decoder.decode(chunk)
        # A carriage return at the very end may be half of a line end.
        held = "\r" if text.endswith("\r") else ""
        *lines, rest = _LINE_END.split(text[: len(text) - len(held)])
        self._rest = rest + held
        for line in lines:
            event = self._line(line)
            if event is not None:
                yield event

    def _line(self, line: str) -> StreamEvent | None:
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "event":
                self._name = value
            elif name == "data":
                self._data.append(value)
            return None
        name, data = self._name, "\n".join(self._data)
        self._name, self._data = "", []
        if name == "error":
            raise problem_error(parsed(Problem, data, self._where), where=self._where)
        return parsed(_MODELS[name], data, self._where) if name in _MODELS else None

"""The log of a server: lines for people, or one JSON object a line (`log_format`), on stderr.

Whatever logs goes through here, uvicorn and `warnings` included. A line holds no key: those of the settings are taken
out wherever they turn up. Questions are logged only where `log_questions` asks for them.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import IO

from rag.settings import Settings
from server.telemetry.requests import current_request

FIELDS = ("method", "route", "status", "took_ms", "question", "url")
"""What a record may hold beside its message, as attributes of the same names."""

_HIDDEN = "[key]"
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=$-]{6,}")
# A message that ends a line early could pass for a line of the log; traces come with line ends of their own.
_CONTROLS = {code: f"\\u{code:04x}" for code in (*range(32), *range(0x7F, 0xA0), 0x2028, 0x2029) if code != 0x09}

# These end a line for many readers, and JSON leaves them as they are.
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def set_up_logs(settings: Settings, stream: IO[str] | None = None) -> logging.Handler:
    """Has everything that this process logs from here on go to one handler in the format that is set.

    Args:
        settings: format, level, and the keys that no line may hold.
        stream: where to; None is stderr.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter_of(settings))
    root = logging.getLogger()
    for old in [one for one in root.handlers if type(one) is logging.StreamHandler]:
        root.removeHandler(old)
    root.addHandler(handler)
    level = settings.log_level.upper()
    for name in ("rag", "server"):
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(settings.log_format == "json")  # else they are lines of another kind among ours
    return handler


def formatter_of(settings: Settings) -> logging.Formatter:
    """The formatter that the settings ask for."""
    named = [key.get_secret_value() for key in settings.api_keys]
    keys = [key.removeprefix("read:").removeprefix("write:") for key in named]
    if settings.llm_api_key is not None:
        keys.append(settings.llm_api_key.get_secret_value())
    return JsonFormatter(keys) if settings.log_format == "json" else TextFormatter(keys)


def tell_address(settings: Settings, url: str) -> None:
    """Says where the server answers: in any case, whatever the level is, and in the format that is set."""
    if settings.log_format == "json":
        record = logging.makeLogRecord(
            {"name": "server", "levelno": logging.INFO, "levelname": "INFO", "msg": "listening", "url": url}
        )
        line = formatter_of(settings).format(record)
    else:
        line = f"wenbao: {url}"
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


class _Formatter(logging.Formatter):
    """Takes keys out of whatever it formats."""

    def __init__(self, keys: list[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._keys = sorted((key for key in keys if key), key=len, reverse=True)

    def clean(self, text: str) -> str:
        """The text without keys."""
        for key in self._keys:
            text = text.replace(key, _HIDDEN)
        return _BEARER.sub(rf"\1 {_HIDDEN}", text)


class TextFormatter(_Formatter):
    """`time LEVEL logger: message [request id]`, and the trace below it where there is one."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the base class's name
        request, question = current_request(), getattr(record, "question", "")
        asked = f" {json.dumps(question, ensure_ascii=False)}" if question else ""
        named = f" [{request.request_id}]" if request is not None else ""
        record.message = (self.clean(record.message) + asked).translate(_CONTROLS) + named
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802
        return self.clean(super().formatException(ei))  # type: ignore[arg-type]


class JsonFormatter(_Formatter):
    """One object: `time`, `level`, `logger`, `message`, `process`, then what there is of `request_id`, `trace_id`,
    `FIELDS` and `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.clean(record.getMessage()),
            "process": record.process,
        }
        request = current_request()
        if request is not None:
            line["request_id"] = request.request_id
            if request.trace_id:
                line["trace_id"] = request.trace_id
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = self.clean(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str).translate(_LINE_ENDS)

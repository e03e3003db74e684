"""One call to a language model behind an OpenAI-compatible server, streamed, with every way it can fail told in words.

The words never hold the key, the server's own text or the rest of the address: servers echo keys.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from rag.answering.phrasing.line import Line
from rag.cancellation import Cancellation
from rag.errors import RagError

if TYPE_CHECKING:
    import httpx

Message = dict[str, str]
"""`role` and `content`."""

_TOO_LONG = re.compile(r"context|too long|too many tokens|maximum.{0,20}length|exceed", re.IGNORECASE)
_THINKING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_JSON, _EVENTS = "application/json", "text/event-stream"


class ModelFailed(RagError):
    """The language model gave no usable reply. Caught where answers are phrased, and told as a warning."""

    slug = "language-model"


class ContextTooLong(ModelFailed):
    """The prompt does not fit the model."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a model is waited for, in seconds, and how much it may write."""

    connect: float = 5.0
    silence: float = 120.0
    """Between two signs of life: a small machine reads 25 tokens a second before it writes the first."""
    whole: float = 240.0
    """For the whole reply."""
    tokens: int = 600
    characters: int = 12_000
    """From here on a reply is taken for one that never ends."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model wrote."""

    text: str
    cut: bool
    """True where it ran out of tokens, so that the last sentence may lack its end."""


class ChatClient:
    """Asks one model. Safe to share between threads.

    Args:
        base_url: as OpenAI's clients take it, mostly ending in /v1.
        model: its name; None where the server has only one.
        api_key: sent as a bearer token; None sends none.
    """

    def __init__(
        self, base_url: str, model: str | None, api_key: SecretStr | None, patience: Patience | None = None
    ) -> None:
        address = base_url.rstrip("/").removesuffix("/chat/completions")
        self._url = f"{address}{'' if urlsplit(address).path else '/v1'}/chat/completions"
        self._model = model
        self._api_key = api_key
        self._patience = patience or Patience()
        self.host = urlsplit(address).netloc.rpartition("@")[2]
        """Host and port, for messages."""

    def complete(self, messages: Sequence[Message], cancellation: Cancellation | None = None) -> Completion:
        """The model's reply.

        Args:
            messages: the conversation.
            cancellation: lets another thread call the work off; the connection is cut then, so that the model stops.

        Raises:
            Cancelled: the work was called off.
            ContextTooLong: the prompt does not fit.
            ModelFailed: it cannot be reached, refuses, is too slow, breaks off, or says nothing that can be read.
        """
        cancellation = cancellation or Cancellation()
        cancellation.check()
        with Line() as line, cancellation.calling(line.cut):
            try:
                return self._asked(messages, line)
            except ModelFailed:
                cancellation.check()  # it failed because it was cut
                raise

    def _asked(self, messages: Sequence[Message], line: Line) -> Completion:
        import httpx  # takes 60 ms, which who has no model need not pay

        patience = self._patience
        timeout = httpx.Timeout(patience.silence, connect=patience.connect)
        headers = {"Accept": f"{_EVENTS}, {_JSON}"}
        if self._api_key is not None:
            key = self._api_key.get_secret_value().strip()
            if not re.fullmatch(r"[!-~]+", key):  # httpx would quote it in its log
                raise self._failed("could not be asked: no header can hold the key", "Look at llm_api_key.")
            headers["Authorization"] = f"Bearer {key}"
        body = {
            "model": self._model or "default",
            "messages": list(messages),
            "temperature": 0,
            "max_tokens": patience.tokens,
            "stream": True,
        }
        # What httpx says may quote the header with the key, so nothing of it is passed on: `from None`.
        try:
            with (
                httpx.Client(timeout=timeout) as client,
                client.stream(
                    "POST", self._url, json=body, headers=headers, extensions={"trace": line.trace}
                ) as response,
            ):
                return self._read(response, time.monotonic() + patience.whole)
        except httpx.ConnectTimeout:
            raise self._failed("did not accept the connection in time", "Is it running?") from None
        except httpx.TimeoutException:
            raise self._failed(f"was silent for {patience.silence:g} seconds", "Try a smaller model.") from None
        except httpx.ConnectError:
            raise self._failed("cannot be reached", "Is it running? Look at llm_base_url.") from None
        except (httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError):
            raise self._failed("broke off the connection", "Look at its log.") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError):
            raise self._failed("could not be asked", "Look at llm_base_url and llm_api_key.") from None

    def _read(self, response: httpx.Response, deadline: float) -> Completion:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.status_code != 200:
            raise self._refused(response.status_code, _excerpt(response))
        if kind == _JSON:
            return self._completion([self._object(b"".join(self._pieces(response, deadline)))], ended=True)
        if kind != _EVENTS:
            raise self._failed(f"sent {kind or 'a reply of no stated kind'}", "Is llm_base_url an API's address?")
        events: list[dict[str, Any]] = []
        ended = False
        for line in _lines(self._pieces(response, deadline)):
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip()
            if data == b"[DONE]":
                ended = True
                break
            events.append(self._object(data))
        return self._completion(events, ended)

    def _pieces(self, response: httpx.Response, deadline: float) -> Iterator[bytes]:
        read = 0
        for piece in response.iter_bytes():
            read += len(piece)
            if time.monotonic() > deadline:
                raise self._failed(f"took longer than {self._patience.whole:g} seconds", "Try a smaller model.")
            # An event of one character is some 300 bytes.
            if read > 400 * self._patience.characters:
                raise self._failed("did not stop writing", "Look at its log.")
            yield piece

    def _completion(self, events: Sequence[dict[str, Any]], ended: bool) -> Completion:
        written: list[str] = []
        reason = None
        for event in events:
            if event.get("error"):
                if _TOO_LONG.search(json.dumps(event["error"])):
                    raise ContextTooLong(f"The language model at {self.host} found the passages too long.")
                raise self._failed("reported an error in mid-reply", "Look at its log.")
            for choice in _list(event.get("choices"))[:1]:
                message = choice.get("delta") or choice.get("message") or {}
                content = message.get("content") if isinstance(message, dict) else None
                written.append(content if isinstance(content, str) else "")
                reason = choice.get("finish_reason") or reason
        text = _THINKING.sub("", "".join(written)).strip()
        if not ended and reason is None:
            raise self._failed("broke off in mid-reply", "Look at its log.")
        if reason == "content_filter":
            raise self._failed("withheld its reply", "Ask in other words.")
        if not text:
            raise self._failed("sent an empty reply", "Look at llm_model.")
        if len(text) > self._patience.characters:
            raise self._failed("did not stop writing", "Look at its log.")
        return Completion(text, cut=reason == "length")

    def _object(self, data: bytes) -> dict[str, Any]:
        try:
            value = json.loads(data)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise self._failed("sent what cannot be read", "Is llm_base_url an API's address?")
        return value

    def _refused(self, status: int, said: str) -> ModelFailed:
        if status in (401, 403):
            return self._failed(f"refused the key ({status})", "Look at llm_api_key.")
        if status == 404:
            return self._failed("knows no such address or model (404)", "Look at llm_base_url and llm_model.")
        if status == 429:
            return self._failed("is asked too often (429)", "Wait a while.")
        if status in (400, 413, 422) and (status == 413 or _TOO_LONG.search(said)):
            return ContextTooLong(f"The language model at {self.host} found the passages too long ({status}).")
        hint = "Look at its log." if status >= 500 else "Look at llm_base_url and llm_model."
        return self._failed(f"answered with status {status}", hint)

    def _failed(self, what: str, hint: str) -> ModelFailed:
        return ModelFailed(f"The language model at {self.host} {what}.", hint=hint)


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Lines ended by \\n or \\r\\n alone: JSON holds other line ends as they are."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line.removesuffix(b"\r") for line in lines)
    if rest:
        yield rest


def _list(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _excerpt(response: httpx.Response) -> str:
    """The opening of a refusal, to be read for its reason and never to be shown."""
    read = b""
    for piece in response.iter_bytes():
        read += piece
        if len(read) > 4_000:
            break
    return read.decode("utf-8", "replace")

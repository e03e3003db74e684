"""When a refused call is sent again. Only calls that change nothing on the server ever are."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Protocol

import httpx

from server.client.transport import retry_after


class RetryPolicy(Protocol):
    """Decides what follows a refusal of a safe call."""

    def pause(self, tries: int, response: httpx.Response) -> float | None:
        """Seconds to wait before the next try; None: the refusal is final.

        Args:
            tries: how often the call has been sent, from 1.
            response: the reply to the last one.
        """


@dataclass(frozen=True, slots=True)
class Retries:
    """Waits as long as the server asks for, or longer with every try where it does not ask.

    A 429 is always worth another try. A 503 is while it says when to come back: one without Retry-After (no index has
    been built) does not pass by itself.

    Args:
        tries: how often a call is sent at most; 1 sends nothing twice.
        first_pause: seconds before the second try, doubled with each; a tenth more or less, so that many do not come at
            once.
        longest_pause: a server that asks for more is not waited for: its refusal is final.
    """

    tries: int = 4
    first_pause: float = 0.5
    longest_pause: float = 30.0

    def pause(self, tries: int, response: httpx.Response) -> float | None:
        asked = retry_after(response)
        is_full = response.status_code == httpx.codes.TOO_MANY_REQUESTS
        is_away = response.status_code == httpx.codes.SERVICE_UNAVAILABLE and asked is not None
        if tries >= self.tries or not (is_full or is_away):
            return None
        if asked is not None:
            return asked if asked <= self.longest_pause else None
        wanted = self.first_pause * 2.0 ** (tries - 1) * random.uniform(0.9, 1.1)  # noqa: S311  # no secret
        return min(wanted, self.longest_pause)

"""Keys that come in one burst are taken in the order in which they were typed."""

from __future__ import annotations

from textual import events

from tests.tui.conftest import ready


async def test_enter_does_not_overtake_what_was_typed_before_it(address: str) -> None:
    async with ready(address) as screenful:
        question = "渡轮多久到对岸？"
        # Not through the pilot, which waits after every key: a terminal hands over at once what was typed ahead.
        for key in question:
            screenful.app.post_message(events.Key(key, key))
        screenful.app.post_message(events.Key("enter", "\r"))
        await screenful.until(lambda: len(screenful.turns) > 0 and screenful.turns[-1].turn.reply is not None)
        assert screenful.turns[-1].turn.question == question
        assert screenful.box.text == ""

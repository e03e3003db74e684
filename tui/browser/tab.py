"""The driver of the UI in a browser's tab: Textual's own, which also leaves when the server that feeds it is gone."""

from __future__ import annotations

from textual import messages
from textual.drivers.web_driver import WebDriver


class TabDriver(WebDriver):
    """Ends the application with its input: else a server that was killed would leave every tab's process behind."""

    def run_input_thread(self) -> None:
        super().run_input_thread()
        if not self.exit_event.is_set():
            self.send_message(messages.ExitApp())

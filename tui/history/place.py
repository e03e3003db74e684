"""Where conversations are kept."""

from __future__ import annotations

import os
from pathlib import Path

FILE_NAME = "conversations.sqlite3"


def history_file() -> Path:
    """The file of conversations: in the folder that `WENBAO_DATA` names, else in the user's data folder."""
    given = os.environ.get("WENBAO_DATA")
    if given:
        return Path(given).expanduser() / FILE_NAME
    import platformdirs

    return Path(platformdirs.user_data_dir("wenbao", appauthor=False)) / FILE_NAME

"""The Chinese of what the code says in English, for the pages of reference, from `chinese.yaml`."""

from __future__ import annotations

from pathlib import Path

import yaml

CHINESE: dict[str, str] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))

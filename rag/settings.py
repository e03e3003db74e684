"""Settings: flag, then environment `WENBAO_…`, then `wenbao.toml` in the working folder, then default.

They are read once, at the edge (command line, server start, tests), and passed down.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import TomlConfigSettingsSource as _Toml

from rag.errors import SettingsError

SETTINGS_FILE = "wenbao.toml"


class Settings(BaseSettings):
    """Everything that can be set, each under one name on every surface."""

    model_config = SettingsConfigDict(
        env_prefix="WENBAO_", toml_file=SETTINGS_FILE, extra="forbid", frozen=True, env_ignore_empty=True
    )

    corpus: Path | None = Field(default=None, description="Folder or file to index; unset: the built-in sample.")
    vectors: Path = Field(default=Path("vectors"), description="Folder that holds the index.")
    store: str | None = Field(
        default=None,
        description="Where passages live: `milvus://HOST:PORT/COLLECTION`, a Milvus Lite file ending in `.db`, or "
        "`local`; unset: where they are, at first in `vectors`.",
    )
    embedding_model: str = Field(
        default="bundled", description="`bundled`, else a sentence-transformers folder or hub name."
    )
    userdict: Path | None = Field(default=None, description="Words that the word cutter must know, in jieba's format.")
    reader: bool = Field(
        default=True, description="Whether the trained reader helps to find answers and to refuse; else rules alone."
    )
    llm_base_url: str | None = Field(
        default=None, description="OpenAI-compatible server that phrases answers; unset: answers are extractive."
    )
    llm_model: str | None = Field(default=None, description="Model name to ask that server for.")
    llm_api_key: SecretStr | None = Field(default=None, description="Key for that server.")
    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="Keys that the API accepts, separated by commas, each `KEY`, `read:KEY` or `write:KEY`, plain or "
        "hashed by `wenbao key`; none: open, on loopback only.",
    )
    host: str = Field(default="127.0.0.1", description="Address that `serve` binds to.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port that `serve` binds to; 0 takes a free one.")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Sites whose pages may call the API, such as `https://paper.example`; none: no site's."
    )
    allow_upload: bool = Field(
        default=False, description="Whether files of the corpus may be put and deleted over HTTP; needs api_keys."
    )
    max_upload_bytes: int = Field(default=33_554_432, ge=1, description="Largest file that may be put.")
    max_body_bytes: int = Field(default=1_000_000, ge=1_000, description="Largest body of any other request.")
    max_question_chars: int = Field(default=2_000, ge=1, le=2_000, description="Longest question or query.")
    max_history_turns: int = Field(default=200, ge=0, le=200, description="Earlier messages sent with a question.")
    max_history_chars: int = Field(default=300_000, ge=0, description="Characters of all earlier messages together.")
    max_concurrent: int = Field(
        default=64, ge=1, description="Requests worked on at once; those beyond are refused with 429."
    )
    request_timeout_s: float = Field(
        default=300.0, gt=0, description="Seconds until a reply must have begun; a later one is a 504."
    )
    body_timeout_s: float = Field(
        default=20.0, gt=0, description="Seconds for a request's body, and one more for every 50 kB of it."
    )
    watch: bool = Field(default=True, description="Whether a server refreshes the index when its corpus changes.")
    workers: int = Field(
        default=1, ge=1, le=64, description="Processes that `serve` answers with; they share one socket and one index."
    )
    shutdown_timeout_s: float = Field(
        default=30.0, ge=0, le=3600, description="Seconds that answers under way may still take when a server ends."
    )
    log_level: str = Field(default="warning", description="debug, info, warning or error; logs go to stderr.")
    log_format: Literal["text", "json"] = Field(
        default="text", description="`text`, or `json`: one object a line; of a server's log."
    )
    log_questions: bool = Field(default=False, description="Whether a server's log holds what was asked.")

    @field_validator("api_keys", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("cors_origins")
    @classmethod
    def _plain_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if origin != "*" and not re.fullmatch(r"https?://[a-z0-9.\-\[\]:]+", origin):
                raise ValueError(
                    "expected `*`, or origins as browsers send them, in lower case and without a path: "
                    "https://paper.example:8443"
                )
        return value

    @field_validator("llm_base_url")
    @classmethod
    def _plain_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("expected an address like http://127.0.0.1:11434/v1")
        if parts.username is not None or parts.query:  # addresses are logged, keys are not
            raise ValueError("expected an address without a password or key in it; a key belongs in llm_api_key")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.lower() not in {"debug", "info", "warning", "error"}:
            raise ValueError("expected debug, info, warning or error")
        return value.lower()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the base class's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _Toml(settings_cls)

    @property
    def sample_corpus(self) -> bool:
        """True when no corpus is set, so that the built-in sample is used."""
        return self.corpus is None

    @property
    def corpus_path(self) -> Path:
        """The corpus to read: the one that is set, else the built-in sample."""
        return self.corpus if self.corpus is not None else sample_path()


def sample_path() -> Path:
    """Folder of the built-in sample corpus."""
    return Path(__file__).parent / "sample" / "pages"


def load_settings(**flags: object) -> Settings:
    """Reads the settings; flags that are None are as good as not given.

    Raises:
        SettingsError: a value that cannot be used, an unknown name in the file, or a file that is not TOML.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'settings'}: {problem['msg']}"
            for problem in error.errors()
        )
        raise SettingsError(
            f"cannot use the settings: {problems}",
            hint=f"Look at the flags, the WENBAO_ environment variables and {SETTINGS_FILE} in the working folder.",
        ) from error
    except ValueError as error:  # tomllib.TOMLDecodeError is one
        raise SettingsError(
            f"{Path(SETTINGS_FILE).resolve()} is not a settings file: {error}", hint="Mend the line or move it away."
        ) from error

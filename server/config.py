"""The configuration: a TOML file, then environment variables, over defaults that run on two cores.

`STAGEDOOR__LLM__PROFILE=quality` sets `profile` in `[llm]`. Unknown keys and wrong types are errors that name the
key. The environment is read when `load_config` is called, never at import.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from protocol.device import Dtype
from protocol.messages import Limits

ENV_PREFIX = "STAGEDOOR__"

Positive = Annotated[int, Meta(ge=1)]


class ConfigError(Exception):
    """The configuration cannot be used; the message names the key and what it should be."""


class ServerConfig(Struct, frozen=True, forbid_unknown_fields=True):
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8700  # 0 takes a free one
    max_sessions: Annotated[int, Meta(ge=0)] = 8  # 0: measured at the start
    max_connections_per_address: Annotated[int, Meta(ge=0)] = 64  # of one machine, or of one network; 0: any number
    persona: str = "nova"  # who answers when the join token names nobody
    personas: str = ""  # a folder of more personas
    greet: bool = True


class AdmissionConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What happens when every place is taken."""

    max_waiting: Annotated[int, Meta(ge=0)] = 20
    visit_s: Annotated[float, Meta(gt=0)] = 300.0  # a visit's length, until some have ended


class AccessConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Join tokens: "auto" requires them as soon as the server listens beyond this machine."""

    tokens: Literal["auto", "required", "off"] = "auto"
    secret: str = ""  # signs join tokens; empty: keys of the store do, and change by themselves
    key_days: Positive = 30  # how long such a key signs
    origins: tuple[str, ...] = ()  # browser origins allowed beside the server's own
    public_url: Annotated[str, Meta(pattern="^(https?://[^/]+)?$")] = ""  # empty: as whoever asks knows the server


class StoreConfig(Struct, frozen=True, forbid_unknown_fields=True):
    url: str = ""  # empty: a SQLite file in the data folder


class AccountsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Creators' accounts, and how often anybody may call the REST API."""

    sign_up: Literal["closed", "oidc", "open"] = "closed"  # who may make an account for themselves
    login_days: Positive = 14
    requests_per_minute: Positive = 600  # of one address, and of one account
    tries_per_minute: Positive = 20  # of one address: logins, sign-ups, tickets; of one account: logins
    oidc_issuer: str = ""  # of an OpenID Connect provider, such as https://accounts.example
    oidc_client_id: str = ""
    oidc_client_secret: str = ""


class LimitsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What a deployment may change of protocol.messages.Limits; the sizes are part of the protocol."""

    max_messages_per_s: Positive = 200
    max_audio_ahead_ms: Positive = 5000
    max_idle_s: Positive = 120
    max_session_s: Positive = 1800
    max_away_s: Annotated[int, Meta(ge=0)] = 30  # 0: a lost connection ends the visit


class AsrConfig(Struct, frozen=True, forbid_unknown_fields=True):
    model: str = "whisper-base"
    threads: Positive = 1
    workers: Positive = 2  # so that a final never waits for a partial
    max_batch: Positive = 4  # windows of different fans in one call
    compute_type: str = "int8"
    device: Literal["cpu", "cuda"] = "cpu"


class LlmConfig(Struct, frozen=True, forbid_unknown_fields=True):
    engine: Literal["llamacpp", "openai", "transformers"] = "llamacpp"
    profile: Literal["fast", "quality"] = "fast"
    model: str = ""  # a model's name or a path; empty: what the profile says
    threads: Positive = 2
    slots: Positive = 4
    context_tokens: Positive = 2048  # for each slot
    max_tokens: Positive = 80
    base_url: str = ""  # of an OpenAI-compatible server
    api_key: str = ""


class TtsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    engine: Literal["hibari", "piper", "vits", "xtts"] = "hibari"
    threads: Positive = 1
    model: str = ""  # piper: a folder of voices; vits, xtts: the folder of the model
    max_batch: Positive = 8  # vits: clauses in one call
    streams: Positive = 4  # xtts: clauses that are made at the same time, in turns, piece by piece


class CloningConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Cloned voices (`tts.engine = "xtts"`), for personas with a `voice_consent`."""

    folder: str = ""  # of recordings and consents: voice "nova" is cloned from nova.wav there
    owners: dict[str, str] = {}  # each owner's name and their public key, a PEM file
    revoked: str = ""  # a file with the ids of consents that were taken back, one a line


class GpuConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """For the engines on PyTorch: `llm.engine = "transformers"`, `tts.engine = "vits"` and `"xtts"`."""

    device: str = "cuda"  # PyTorch's name: cuda, cuda:1, cpu
    dtype: Dtype = "auto"
    cuda_graphs: bool = True
    max_batch_tokens: Annotated[int, Meta(ge=0)] = 0  # of prompts and replies in one step; 0: what memory takes


class WorkersConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Where engines run: threads of the server's process, or a process for each group of engines."""

    mode: Literal["threads", "processes"] = "threads"
    spares: bool = True  # a second, loaded process for each group, which goes on when the first is lost
    silence_s: Annotated[float, Meta(gt=0)] = 5.0  # without a sign of life: the process is started anew
    hang_s: Annotated[float, Meta(gt=0)] = 30.0  # of computing for one batch, or between two pieces of text
    stuck_s: Annotated[float, Meta(gt=0)] = 3.0  # the same without any computing, by engines that use the CPU
    max_rss_mb: Annotated[int, Meta(ge=0)] = 0  # more memory than this: started anew; 0: no bound


class LogConfig(Struct, frozen=True, forbid_unknown_fields=True):
    level: Literal["debug", "info", "warning", "error"] = "info"
    form: Literal["text", "json"] = "text"


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    server: ServerConfig = ServerConfig()
    admission: AdmissionConfig = AdmissionConfig()
    access: AccessConfig = AccessConfig()
    store: StoreConfig = StoreConfig()
    accounts: AccountsConfig = AccountsConfig()
    limits: LimitsConfig = LimitsConfig()
    asr: AsrConfig = AsrConfig()
    llm: LlmConfig = LlmConfig()
    tts: TtsConfig = TtsConfig()
    cloning: CloningConfig = CloningConfig()
    gpu: GpuConfig = GpuConfig()
    workers: WorkersConfig = WorkersConfig()
    log: LogConfig = LogConfig()

    def wire_limits(self) -> Limits:
        """The limits as clients are told."""
        return Limits(**msgspec.structs.asdict(self.limits))

    def llm_model(self) -> str:
        """The language model's name: the configured one, or the profile's."""
        return self.llm.model or {"fast": "qwen-0.5b", "quality": "qwen-1.5b"}[self.llm.profile]


def load_config(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Raises ConfigError for a file that cannot be read, an unknown key or a value of the wrong type."""
    tree: dict[str, Any] = {}
    if path is not None:
        try:
            tree = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not TOML: {error}") from error
    for name, value in environ.items():
        if name.startswith(ENV_PREFIX):
            _set(tree, name, value)
    try:
        return msgspec.convert(tree, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path or 'environment'}: {error}") from error


def _set(tree: dict[str, Any], name: str, value: str) -> None:
    keys = name.removeprefix(ENV_PREFIX).lower().split("__")
    if len(keys) != 2 or not all(keys):
        raise ConfigError(f"{name}: write {ENV_PREFIX}SECTION__KEY, such as {ENV_PREFIX}SERVER__PORT")
    section = tree.setdefault(keys[0], {})
    if not isinstance(section, dict):
        raise ConfigError(f"{name}: [{keys[0]}] is not a table in the file")
    section[keys[1]] = value

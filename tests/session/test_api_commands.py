"""`stagedoor creators` and `stagedoor store`: what an operator does beside a running server."""

import asyncio
import io
from pathlib import Path

import pytest

from server.api.cli import creators_command, store_command
from server.api.opening import open_house
from server.config import Config, StoreConfig
from server.store.engine import StoreError, open_store
from server.tokens import JoinClaims
from tests.session.offices import PASSWORD, PERSONAS, Guest, app_of, house_over

NOT_A_TERMINAL = io.StringIO


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    where = f"sqlite:///{tmp_path}/house/stagedoor.db"
    monkeypatch.setenv("STAGEDOOR__STORE__URL", where)
    return where


def run(*argv: str) -> tuple[int, str]:
    said: list[str] = []
    code = creators_command(argv, said.append)
    return code, "".join(said)


def test_an_operator_makes_an_account(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", NOT_A_TERMINAL(PASSWORD + "\n"))
    assert run("list") == (0, "no accounts yet; make one with: stagedoor creators add you@example.org\n")
    assert run("add", "Ana@Example.org", "--name", "Ana") == (
        0,
        "Ana <ana@example.org> may sign in on the console now\n",
    )
    assert "ana@example.org  Ana" in run("list")[1]
    assert Path(url.removeprefix("sqlite:///")).stat().st_mode & 0o077 == 0, "others on the machine cannot read it"


async def test_who_was_made_by_command_signs_in(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", NOT_A_TERMINAL(PASSWORD + "\n"))
    await asyncio.to_thread(run, "add", "ana@example.org")
    store = await open_store(url)
    guest = Guest(app_of(house_over(store, sign_up="closed")))
    me = await guest.post("/login", {"email": "ana@example.org", "password": PASSWORD})
    assert me["creator"]["name"] == "ana"
    await store.close()


@pytest.mark.parametrize(
    ("argv", "typed", "complaint"),
    [
        (("add", "ana"), PASSWORD, "is no e-mail address"),
        (("add", "ana@example.org"), "short", "a password has 10 to 200 characters"),
        (("add", "ana@example.org"), "", "no password was given"),
    ],
)
def test_a_mistake_is_explained(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], typed: str,
    complaint: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("sys.stdin", NOT_A_TERMINAL(typed))
    assert run(*argv) == (1, "")
    assert complaint in capsys.readouterr().err


def test_an_account_is_made_once(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for code in (0, 1):
        monkeypatch.setattr("sys.stdin", NOT_A_TERMINAL(PASSWORD))
        assert run("add", "ana@example.org")[0] == code
    assert "there is an account with this address already" in capsys.readouterr().err


def test_the_password_is_no_argument(url: str) -> None:
    with pytest.raises(SystemExit):
        run("add", "ana@example.org", "--password", PASSWORD)


async def test_a_store_of_others_is_upgraded_on_demand(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STAGEDOOR__STORE__URL", postgres_url)
    said: list[str] = []
    with pytest.raises(StoreError, match="stagedoor store upgrade"):
        await open_store(postgres_url)
    assert await asyncio.to_thread(store_command, ["upgrade"], said.append) == 0
    assert said[0].endswith("is up to date\n")
    await (await open_store(postgres_url)).close()


# --- the house that a server opens ---


async def test_links_outlive_a_restart(url: str) -> None:
    config = Config(store=StoreConfig(url=url))
    async with open_house(config, PERSONAS) as house:
        token = house.signer.sign(JoinClaims(name="Maya"), valid_s=60)
    async with open_house(config, PERSONAS) as house:
        assert house.signer.check(token).name == "Maya"
        assert house.provider is None


async def test_a_house_whose_store_is_broken_does_not_open(tmp_path: Path) -> None:
    broken = tmp_path / "stagedoor.db"
    broken.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        async with open_house(Config(store=StoreConfig(url=f"sqlite:///{broken}")), PERSONAS):
            pass

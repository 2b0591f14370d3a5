"""Creators' accounts: sign up, sign in, sign out. What is a matter of the store alone stands first, for the command.

A login is a random cookie, of which the store keeps a hash; it is read by no script and sent to no other site.
"""

from datetime import datetime, timedelta
from typing import Final

from fastapi import APIRouter, Request, Response
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.api.access import COOKIE, HouseHere, Person, Signed, csrf_of, digest, new_secret, origin_is_ours
from server.api.bodies import CreatorOut, Done, Login, Me, NewCreator, NewPassword, WaysIn
from server.api.errors import ConflictError, CsrfError, ForbiddenError, NotSignedInError
from server.api.house import House, address_of
from server.store.audit import note
from server.store.columns import new_id
from server.store.tables import CreatorRow, LoginRow

COOKIE_PATH: Final = "/api/v1"

router = APIRouter(tags=["accounts"])


# --- in the store ---


async def add_creator(
    db: AsyncSession,
    *,
    name: str,
    email: str,
    now: datetime,
    password_hash: str | None,
    oidc_subject: str | None = None,
) -> CreatorOut:
    """A new account. Raises ConflictError when the address has one."""
    row = CreatorRow(
        id=new_id(), name=name, email=email, password_hash=password_hash, oidc_subject=oidc_subject, created_at=now
    )
    db.add(row)
    try:
        await db.flush()
    except IntegrityError:
        raise ConflictError("there is an account with this address already") from None
    return shown(row)


async def open_login(db: AsyncSession, creator_id: str, now: datetime, days: int) -> str:
    """The cookie's token of a new login; logins that ended are swept out."""
    await db.execute(delete(LoginRow).where(LoginRow.expires_at <= now))
    token = new_secret()
    db.add(
        LoginRow(creator_id=creator_id, token_hash=digest(token), created_at=now, expires_at=now + timedelta(days=days))
    )
    return token


def shown(row: CreatorRow) -> CreatorOut:
    """Of an account, what its owner sees."""
    return CreatorOut(id=row.id, name=row.name, email=row.email)


def set_cookie(request: Request, response: Response, house: House, token: str) -> None:
    """Gives the browser its login."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=house.accounts.login_days * 86400,
        path=COOKIE_PATH,
        httponly=True,
        samesite="lax",
        secure=house.base_url(request).startswith("https:"),
    )


# --- the routes ---


@router.get("/login")
async def ways_in(house: HouseHere) -> WaysIn:
    """How one may sign in here."""
    return WaysIn(sign_up=house.accounts.sign_up == "open", oidc=bool(house.accounts.oidc_issuer))


@router.post("/creators", status_code=201)
async def sign_up(body: NewCreator, request: Request, response: Response, house: HouseHere) -> Me:
    """Makes an account and signs in, where `accounts.sign_up` is open."""
    _from_our_page(request, house)
    if house.accounts.sign_up != "open":
        raise ForbiddenError("accounts are made by whoever runs this server: stagedoor creators add")
    house.count_try(address_of(request))
    hashed = await house.passwords.hash(body.password)
    async with house.store.begin() as db:
        creator = await add_creator(db, name=body.name, email=body.email, now=house.now(), password_hash=hashed)
        token = await open_login(db, creator.id, house.now(), house.accounts.login_days)
        note(db, creator.id, "visitor", "creator.sign_up", creator.id)
    set_cookie(request, response, house, token)
    return Me(creator=creator, csrf=csrf_of(token))


@router.post("/login")
async def sign_in(body: Login, request: Request, response: Response, house: HouseHere) -> Me:
    """Signs in with a password. An address that is not known takes as long, and gets the same answer."""
    _from_our_page(request, house)
    account = f"login to {body.email}"
    house.count_try(address_of(request), account)
    async with house.store.begin() as db:
        row = await db.scalar(select(CreatorRow).where(CreatorRow.email == body.email))
    if not await house.passwords.matches(body.password, row.password_hash if row else None) or row is None:
        raise NotSignedInError("this address and this password do not belong together")
    house.tries.forgive(account)
    async with house.store.begin() as db:
        token = await open_login(db, row.id, house.now(), house.accounts.login_days)
        note(db, row.id, "visitor", "login.open", row.id)
    set_cookie(request, response, house, token)
    return Me(creator=shown(row), csrf=csrf_of(token))


@router.post("/logout")
async def sign_out(caller: Person, response: Response, house: HouseHere) -> Done:
    """Ends this login."""
    async with house.store.begin() as db:
        await db.execute(delete(LoginRow).where(LoginRow.token_hash == digest(caller.login)))
        note(db, caller.creator_id, caller.actor, "login.close", caller.creator_id)
    response.delete_cookie(COOKIE, path=COOKIE_PATH)
    return Done()


@router.get("/me")
async def me(caller: Signed, house: HouseHere) -> Me:
    """Who is signed in."""
    async with house.store.begin() as db:
        row = await db.get_one(CreatorRow, caller.creator_id)
    return Me(creator=shown(row), csrf=csrf_of(caller.login) if caller.login else "")


@router.post("/me/password")
async def change_password(body: NewPassword, caller: Person, house: HouseHere) -> Done:
    """Changes the password, and ends every other login."""
    house.count_try(f"password of {caller.creator_id}")
    async with house.store.begin() as db:
        row = await db.get_one(CreatorRow, caller.creator_id)
    if row.password_hash and not await house.passwords.matches(body.current, row.password_hash):
        raise ForbiddenError("this is not the password until now")
    hashed = await house.passwords.hash(body.password)
    async with house.store.begin() as db:
        (await db.get_one(CreatorRow, caller.creator_id)).password_hash = hashed
        others = LoginRow.token_hash != digest(caller.login)
        await db.execute(delete(LoginRow).where(LoginRow.creator_id == caller.creator_id, others))
        note(db, caller.creator_id, caller.actor, "creator.password", caller.creator_id)
    return Done()


def _from_our_page(request: Request, house: House) -> None:
    """Another site must not sign somebody in, to an account of its own choice."""
    if not origin_is_ours(request, house):
        raise CsrfError("this page is not one of ours")

"""Who may call: the access keys of the world, beside the demo keys that always may."""

from __future__ import annotations

from qualadmin.emulator.accounts import access_key_event
from qualadmin.emulator.control.content import Content, ControlError, text
from qualadmin.emulator.control.route import Route
from qualadmin.emulator.engine import Engine


def list_keys(engine: Engine, _: Content) -> Content:
    return {
        "access_keys": [
            {
                "access_key": key.key_id,
                "account": key.account,
                "temporary": key.session_token is not None,
                "expires_at": key.expires_at,
            }
            for key in engine.world.accounts.added()
        ]
    }


def add_key(engine: Engine, content: Content) -> Content:
    """Add a key, or replace the one with this id. The answer is the only place that shows a secret made here."""
    event = access_key_event(content, engine.world.now())
    engine.world.record(event)
    _, key_id, secret, account, *_ = event
    return {"access_key": key_id, "secret": secret, "account": account}


def remove_key(engine: Engine, content: Content) -> Content:
    key_id = text(content, "access_key")
    if not any(key.key_id == key_id for key in engine.world.accounts.added()):
        raise ControlError(404, f"There is no access key {key_id} that was added here.")
    engine.world.record(["access_key_removed", key_id])
    return {"removed": key_id}


ROUTES = {
    ("GET", "access-keys"): Route(list_keys),
    ("POST", "access-keys"): Route(add_key, None),
    ("DELETE", "access-keys"): Route(remove_key, ("access_key",)),
}

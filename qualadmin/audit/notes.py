"""Checkpoints of the log as signed notes (c2sp.org/signed-note, c2sp.org/tlog-checkpoint), made with Ed25519.

A checkpoint is three lines, origin, size and base64 of the root; then an empty line and one line for each
signature. Keys are written as Go's `sumdb/note` writes them, so that any tool of that family can check a note.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from qualadmin.audit.types import AuditError

ED25519 = b"\x01"  # type byte of signed-note
KEY_SIZE = 32
MOST_SIGNATURES = 16
MOST_CHARACTERS = 100_000
_PRIVATE = "PRIVATE+KEY+"
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class NoteFault(AuditError):
    """A note or key that is not one, or whose signature is wrong. The text says what."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a note says: this log, with so many entries, has this root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed, with its final newline."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read the text of a note. Extension lines are allowed and ignored. Raises NoteFault."""
        lines = text.removesuffix("\n").split("\n")
        if not text.endswith("\n") or len(lines) < 3 or not all(lines):
            raise NoteFault("A checkpoint has at least three lines and none of them is empty.")
        if not _DECIMAL.fullmatch(lines[1]):
            raise NoteFault(f"{lines[1][:40]!r} is not the size of a log.")
        root = _decoded(lines[2], "the root of a log")
        if len(root) != 32:
            raise NoteFault("The root of a log has 32 bytes.")
        return cls(lines[0], int(lines[1]), root)


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """The public half: 32 bytes after RFC 8032 and a name, which is the origin of the log."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read `name+id+base64`. Raises NoteFault."""
        name, identity, material = _key_parts(text.strip())
        key = cls(name, material)
        if key.id.hex() != identity:
            raise NoteFault("The parts of this key do not belong together: a character was lost or changed.")
        return key

    def verifies(self, signature: bytes, text: str) -> bool:
        """Whether this key made these 64 bytes over the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private half. It never leaves its file and the sealer's memory."""

    name: str
    private: Ed25519PrivateKey

    @classmethod
    def generate(cls, name: str) -> Self:
        """A new key for the log of that name. Raises NoteFault for a name that no note can carry."""
        if not name or re.search(r"[\s+]", name):
            raise NoteFault(f"{name!r} cannot name a key: it is empty, or has a space or a plus sign.")
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read `PRIVATE+KEY+name+id+base64`. Raises NoteFault, whose text never shows the key."""
        line = text.strip()
        if not line.startswith(_PRIVATE):
            raise NoteFault("This is not a private key of a log.")
        name, identity, seed = _key_parts(line.removeprefix(_PRIVATE))
        key = cls(name, Ed25519PrivateKey.from_private_bytes(seed))
        if key.public.id.hex() != identity:
            raise NoteFault("The parts of the private key do not belong together.")
        return key

    def to_text(self) -> str:
        """What the key file holds."""
        seed = self.private.private_bytes_raw()
        return f"{_PRIVATE}{self.name}+{self.public.id.hex()}+{b64encode(ED25519 + seed).decode()}"

    def __repr__(self) -> str:
        return f"SigningKey({self.public})"

    @property
    def public(self) -> VerifyKey:
        """What people who verify keep."""
        return VerifyKey(self.name, self.private.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """One signature line. Ed25519 is deterministic: the same text gives the same line again."""
        signature = b64encode(self.public.id + self.private.sign(text.encode())).decode()
        return f"— {self.name} {signature}\n"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line of a note."""

    name: str
    key_id: bytes
    signature: bytes

    def is_by(self, key: VerifyKey) -> bool:
        """Whether it claims to be made by this key."""
        return (self.name, self.key_id) == (key.name, key.id)


@dataclass(frozen=True, slots=True)
class Note:
    """A signed text, read but not yet believed."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def from_text(cls, note: str) -> Self:
        """Take a note apart. Raises NoteFault."""
        if len(note) > MOST_CHARACTERS or any(char < " " and char != "\n" for char in note):
            raise NoteFault("This is not a signed note: it is too long or has control characters.")
        text, separator, tail = note.rpartition("\n\n")
        lines = tail.split("\n")
        if not separator or lines.pop() or not 1 <= len(lines) <= MOST_SIGNATURES:
            raise NoteFault("This is not a signed note: after an empty line, 1 to 16 signature lines must follow.")
        return cls(f"{text}\n", tuple(_signature(line) for line in lines))

    def signers(self, keys: Collection[VerifyKey]) -> list[VerifyKey]:
        """Those of the keys that signed. Empty if none of them did.

        Raises NoteFault if a line says that it is by one of the keys and is not: then nothing here is believed.
        """
        found = []
        for key in keys:
            own = [one for one in self.signatures if one.is_by(key)]
            if any(not key.verifies(one.signature, self.text) for one in own):
                raise NoteFault(f"The signature of {key.name}+{key.id.hex()} is wrong.")
            if own:
                found.append(key)
        return found


def sign(checkpoint: Checkpoint, keys: Sequence[SigningKey]) -> str:
    """The note that says so, with one line for each key in this order."""
    text = checkpoint.text()
    return text + "\n" + "".join(key.sign(text) for key in keys)


def _key_parts(text: str) -> tuple[str, str, bytes]:
    parts = text.split("+", 2)  # base64 may hold a plus sign of its own
    if len(parts) != 3 or not parts[0] or re.search(r"\s", parts[0]):
        raise NoteFault("This is not a key of a log: it should look like name+0123abcd+base64.")
    material = _decoded(parts[2], "a key")
    if material[:1] != ED25519 or len(material) != 1 + KEY_SIZE:
        raise NoteFault("This is not an Ed25519 key.")
    return parts[0], parts[1], material[1:]


def _signature(line: str) -> Signature:
    found = _SIGNATURE.fullmatch(line)
    if found is None:
        raise NoteFault("A signature line of this note does not look like “— name base64”.")
    content = _decoded(found[2], "a signature")
    if len(content) < 5:
        raise NoteFault("A signature of this note is too short.")
    return Signature(found[1], content[:4], content[4:])


def _decoded(text: str, what: str) -> bytes:
    try:
        content = b64decode(text, validate=True)
    except ValueError as error:
        raise NoteFault(f"{text[:40]!r} is not {what}.") from error
    if b64encode(content).decode() != text:
        raise NoteFault(f"{text[:40]!r} is not {what}.")
    return content

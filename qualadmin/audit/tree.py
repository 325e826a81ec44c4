"""The RFC 6962 Merkle tree, kept as its frontier: the roots of the complete subtrees, largest first.

A frontier of a tree with n leaves has as many hashes as n has one-bits, so at most 53.
"""

from collections.abc import Iterable
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(core: bytes) -> bytes:
    """Hash of one entry. The leading 0 keeps leaves and nodes apart (RFC 6962, 2.1)."""
    return sha256(b"\x00" + core).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that can only grow. `size` is its number of leaves."""

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.hashes = list(hashes)
        if size < 0 or len(self.hashes) != size.bit_count():
            raise ValueError(f"A tree of {size} leaves cannot have {len(self.hashes)} frontier hashes.")

    @classmethod
    def from_bytes(cls, size: int, stored: bytes) -> "Frontier":
        """The frontier as `to_bytes` wrote it. Raises ValueError if it does not fit the size."""
        if len(stored) % HASH_SIZE:
            raise ValueError("The stored frontier is cut off.")
        return cls(size, (stored[i : i + HASH_SIZE] for i in range(0, len(stored), HASH_SIZE)))

    def to_bytes(self) -> bytes:
        """The hashes, one after the other."""
        return b"".join(self.hashes)

    def push(self, leaf: bytes) -> None:
        """Add one leaf at the right end."""
        size, hashes = self.size, self.hashes
        while size & 1:
            leaf = node_hash(hashes.pop(), leaf)
            size >>= 1
        hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Root hash of the tree, 32 bytes."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

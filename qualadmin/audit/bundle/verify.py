#!/usr/bin/env python3
"""Check an export of a qualadmin audit log. Needs Python 3.8 or newer and nothing else: no network, no packages.

    python3 verify.py bundle.zip --key KEY [--older NOTE]... [--complete STREAM]...

KEY is the line that was noted when the log was set up, such as lab.example.org/qualadmin+1a2b3c4d+AQ...
Take it, and this program, from a place of your own: a forged bundle can bring a forged key and a forged program.

What is checked, and by which function below:
  origin        a checkpoint is signed with KEY; of several, oldest first, in its time signed_by, check_notes
  order         the leaf hashes have its root hash: nothing was changed or moved since walk, push
  agreement     they have the root hash of each older note of yours, too               check_notes
  content       each entry has the leaf hash at its number; texts are those recorded   Content
  completeness  of a stream: no number is left out, and the log stated that many       why_incomplete

Exit code: 0 shown; 1 changed, damaged or forged; 2 nothing contradicts it, but something could not be shown;
3 wrong use. report.html, entries.csv and subjects.jsonl are not evidence: they are for reading.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import stat
import sys
import zipfile
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator

SCHEMA = "qualadmin/bundle/v1"
VERDICTS = (
    "SHOWN. Everything marked ok above is proven.",
    "WRONG. Do not rely on this bundle: it was changed, damaged or forged.",
    "NOT ALL SHOWN. Nothing contradicts the bundle, but see above what could not be shown.",
)
EVIDENCE = ("manifest.json", "entries.jsonl", "payloads.jsonl", "leaves.bin")
FOR_READING = ("README.txt", "report.html", "entries.csv", "subjects.jsonl", "verify.py")
NOTE_NAME = re.compile("checkpoints/[0-9]{20}[.]note")
WHOLE_LOG = "the whole log"  # where a manifest names streams
COUNTS_ACTION = "audit.checkpoint.prepared"  # the entry in which the log states how many entries each stream has
ENTRY = {"seq": int, "log": str, "stream": str, "stream_seq": int, "recorded_at": str, "action": str}
TEXT = {"seq": int, "salt": str, "body": dict}
NOTHING: tuple[bytes, dict[str, Any]] = (b"", {"seq": -1})
LINE_LIMIT = 1 << 20  # bytes of one entry or text
RATIO_LIMIT = 200  # real entries shrink to a tenth; what shrinks further is a trap for programs that unpack it
UNKNOWN = 1 << 63  # larger than any log


def plain(text: object) -> str:
    """Text of the bundle as it can be printed: nothing that steers a terminal, nothing endless."""
    return "".join(c if " " <= c <= "~" else ascii(c)[1:-1] for c in str(text)[:600])


def push(tree: list[bytes], size: int, leaf: bytes) -> None:
    """Add a leaf to a tree (RFC 6962) of this size: the roots of its complete subtrees, largest first."""
    while size & 1:
        leaf, size = hashlib.sha256(b"\x01" + tree.pop() + leaf).digest(), size >> 1
    tree.append(leaf)


def root_of(tree: list[bytes]) -> bytes:
    root = tree[-1] if tree else hashlib.sha256(b"").digest()
    for left in reversed(tree[:-1]):
        root = hashlib.sha256(b"\x01" + left + root).digest()
    return root


# Signatures: Ed25519 of RFC 8032, section 5.1. A point is (X, Y, Z, T) with x = X/Z, y = Y/Z, x*y = T/Z.
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE = (4 * pow(5, P - 2, P) % P).to_bytes(32, "little")


def decode_point(data: bytes) -> tuple[int, ...] | None:
    """The point that 32 bytes name: its y, and in the highest bit whether its x is odd. None if there is none."""
    number = int.from_bytes(data, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x * pow(2, (P - 1) // 4, P) % P if (x * x - square) % P else x
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def add(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    return ((f - e) * (h - g) % P, (h + g) * (f + e) % P, (h - g) * (h + g) % P, (f - e) * (f + e) % P)


def multiply(number: int, point: tuple[int, ...], total: tuple[int, ...] = (0, 1, 1, 0)) -> tuple[int, ...]:
    while number:
        total = add(total, point) if number & 1 else total
        point, number = add(point, point), number >> 1
    return total


def ed25519_valid(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether these 64 bytes are a signature of the message by the key of 32 bytes."""
    a, r, base = decode_point(public), decode_point(signature[:32]), decode_point(BASE)
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or base is None or s >= L or len(signature) != 64:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = multiply(s, base), add(r, multiply(k, a))
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


class Key:
    """A public key as text: name+id+base64 of the byte 1 and the 32 bytes of the key. Raises ValueError."""

    first, last = 0, UNKNOWN  # the sizes of a log that it signs, as far as notes tell

    def __init__(self, text: str) -> None:
        self.name, identity, encoded = text.strip().split("+", 2)
        data = base64.b64decode(encoded, validate=True)
        self.id, self.public = bytes.fromhex(identity), data[1:]
        expected = hashlib.sha256(self.name.encode() + b"\n" + data).digest()[:4]
        if len(data) != 33 or data[0] != 1 or self.id != expected or decode_point(self.public) is None:
            raise ValueError("a character was lost or changed")


class Note:
    """A checkpoint (C2SP signed-note): name, size and root hash of the log; signatures. Raises ValueError."""

    FORM = re.compile("(([^\n]+)\n(0|[1-9][0-9]{0,15})\n(.{44})\n([^\n]+\n)*)\n((\u2014 [^ \n]+ [^ \n]+\n)+)")

    def __init__(self, data: bytes) -> None:
        found = self.FORM.fullmatch(data.decode("utf-8"))
        if not found:
            raise ValueError("it is no checkpoint")
        self.text, self.origin, self.size = found.group(1).encode(), found.group(2), int(found.group(3))
        self.root = base64.b64decode(found.group(4), validate=True)
        pairs = [line.split(" ")[1:] for line in found.group(6).split("\n")[:-1]]
        self.signatures = [(name, base64.b64decode(code, validate=True)) for name, code in pairs]

    def signed_by(self, keys: list[Key]) -> list[Key]:
        """Those of the keys that signed it. Raises ValueError for a false signature of one of them."""
        made = [(k, data) for k in keys for name, data in self.signatures if (name, data[:4]) == (k.name, k.id)]
        for key, data in made:
            if key.name != self.origin or not ed25519_valid(key.public, self.text, data[4:]):
                raise ValueError(f"the signature of the checkpoint of size {self.size} is false")
        return [key for key, _ in made]


class Bundle:
    """The files of a bundle, read piece by piece, with a limit to everything."""

    def __init__(self, path: str) -> None:
        self.zip = zipfile.ZipFile(path)
        self.sizes: dict[str, int] = {}
        self.hashes: dict[str, str] = {}
        for info in self.zip.infolist():
            name, packed = info.filename, info.compress_size
            if name in self.sizes:
                raise ValueError(f"it holds two files named {name}")
            if name not in EVIDENCE + FOR_READING and not NOTE_NAME.fullmatch(name):
                raise ValueError(f"it holds a file that no export has: {name}")
            if stat.S_ISLNK(info.external_attr >> 16) or info.flag_bits & 1 or info.compress_type not in (0, 8):
                raise ValueError(f"its {name} is a link, encrypted, or packed in an unknown way")
            if info.file_size > 1 << 32 or info.file_size > RATIO_LIMIT * packed + LINE_LIMIT:
                raise ValueError(f"its {name} would unpack to {info.file_size} bytes")
            self.sizes[name] = info.file_size
        if not set(EVIDENCE + FOR_READING) <= set(self.sizes):
            raise ValueError(f"it lacks {', '.join(set(EVIDENCE + FOR_READING) - set(self.sizes))}")
        self.notes = sorted(name for name in self.sizes if NOTE_NAME.fullmatch(name))

    def pieces(self, name: str) -> Iterator[bytes]:
        """The file in pieces of 64 KiB; its hash is known after the last one."""
        whole, number = hashlib.sha256(), 0
        with self.zip.open(name) as stream:
            for piece in iter(lambda: stream.read(1 << 16), b""):
                whole.update(piece)
                number += len(piece)
                yield piece
        if number != self.sizes[name]:
            raise ValueError(f"its {name} is cut off")
        self.hashes[name] = whole.hexdigest()

    def content(self, name: str) -> bytes:
        if self.sizes[name] > LINE_LIMIT:
            raise ValueError(f"its {name} is too long")
        return b"".join(self.pieces(name))

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of the file without their ends."""
        rest = b""
        for piece in self.pieces(name):
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines
            if len(rest) > LINE_LIMIT:
                raise ValueError(f"its {name} has a line that is too long")
        if rest:
            raise ValueError(f"its {name} ends in the middle of a line")


def canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def objects(lines: Iterable[bytes], what: str, fields: dict[str, type]) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Each line and its JSON object, by rising number (`seq`), in the one form that an object can be written."""
    before = -1
    for place, line in enumerate(lines, 1):
        try:
            value = json.loads(line)
            if type(value) is not dict or canonical(value) != line:
                raise ValueError("it is not in canonical form")
            for name, kind in fields.items():
                if type(value.get(name)) is not kind:
                    raise ValueError(f"its {name} is missing or of another kind")
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{what} in line {place} can't be read: {error}") from None
        if value["seq"] <= before:
            raise ValueError(f"{what} {value['seq']} is there twice or in the wrong place")
        before = value["seq"]
        yield line, value


class Content:
    """The entries and texts of the bundle, each compared when the leaf hash of its number comes by."""

    def __init__(self, bundle: Bundle, say: Callable[[str, str], None]) -> None:
        self.say, self.stated_at = say, -1
        self.entries = objects(bundle.lines("entries.jsonl"), "the entry", ENTRY)
        self.texts = objects(bundle.lines("payloads.jsonl"), "the text", TEXT)
        self.entry, self.text = next(self.entries, NOTHING), next(self.texts, NOTHING)
        self.count, self.given, self.log, self.time, self.up_to = 0, 0, "", "", ""
        self.missing: set[int] = set()  # entries without their texts,
        self.erased: set[int] = set()  # and those of which the log tells that they were erased
        self.roots: dict[int, bytes] = {}
        self.counts: dict[str, int] = {}  # by stream
        self.gaps: dict[str, int] = {}  # by stream, the first number that is left out
        self.stated: dict[str, int] = {}  # counts as the log states them in the entry with the number stated_at,
        self.there: dict[str, int] = {}  # and those of the bundle up to there

    def compare(self, leaf: bytes) -> None:
        """Check the entry that is next, and go on to the one behind it."""
        line, entry = self.entry
        seq, self.entry = entry["seq"], next(self.entries, NOTHING)
        if hashlib.sha256(b"\x00" + line).digest() != leaf:
            self.say("WRONG", f"entry {seq} is not the one in the log: its leaf hash differs")
        if entry["recorded_at"] < self.time:
            self.say("WRONG", f"entry {seq} says it was recorded before the entry in front of it")
        self.log, self.time, self.count = self.log or entry["log"], entry["recorded_at"], self.count + 1
        if entry["log"] != self.log:
            self.say("WRONG", f"entry {seq} belongs to another log: {entry['log']}")
        self._check_text(seq, entry.get("payload_c"))
        name, place = entry["stream"], self.counts.get(entry["stream"], 0)
        if entry["stream_seq"] != place:
            self.gaps.setdefault(name, place)
        self.counts[name] = place + 1
        self.erased.update(entry["changes"]["texts"][1] if entry["action"] == "audit.texts.erased" else [])
        if entry["action"] == COUNTS_ACTION:
            self.stated = {str(stream): count for stream, count in entry["changes"]["streams"][1]}
            self.there, self.stated_at = dict(self.counts), seq

    def _check_text(self, seq: int, commitment: object) -> None:
        """The text beside an entry, if the bundle has it, must be the one that the entry commits to."""
        if self.text[1]["seq"] != seq:
            self.missing.update([seq] if commitment is not None else [])
            return
        text, self.text = self.text[1], next(self.texts, NOTHING)
        salt, body = bytes.fromhex(text["salt"]), canonical(text["body"])
        if len(salt) != 32 or hashlib.sha256(b"qualadmin/payload/v1\x00" + salt + body).hexdigest() != commitment:
            self.say("WRONG", f"the text of entry {seq} is not the one that was recorded with it")
        self.given += 1

    def why_incomplete(self, name: str, size: int) -> str:
        """Why the bundle may lack entries of this stream; empty if it can't."""
        if self.count == size or name == WHOLE_LOG:
            self.up_to = f"all {size} entries of the log are here"
            return "" if self.count == size else f"{self.count} of {size} entries are here"
        if name in self.gaps:
            return f"number {self.gaps[name]} of it is left out"
        if self.stated_at < 0:
            return "the bundle lacks the entry in which the log states how many there are"
        stated, there = self.stated.get(name, 0), self.there.get(name, 0)
        self.up_to = f"all {stated} entries are here that it had before entry {self.stated_at + 1}"
        return "" if stated == there else f"{there} entries are here where the log stated {stated}"


def walk(bundle: Bundle, content: Content, sizes: set[int]) -> None:
    """Go over all leaf hashes once. Notes the root hash of the tree at each of these sizes."""
    tree: list[bytes] = []
    size = 0
    for piece in bundle.pieces("leaves.bin"):
        for start in range(0, len(piece), 32):
            if size in sizes:
                content.roots[size] = root_of(tree)
            leaf = piece[start : start + 32]
            if size == content.entry[1]["seq"]:
                content.compare(leaf)
            push(tree, size, leaf)
            size += 1
    content.roots[size] = root_of(tree)
    for what, (_, left) in (("entry", content.entry), ("the text of entry", content.text)):
        if left["seq"] >= 0:
            raise ValueError(f"{what} {left['seq']} has no place in the log")


def check_notes(notes: list[Note], content: Content, size: int, options: argparse.Namespace) -> None:
    """Origin and agreement: who signed and whether in their time, and whether all notes fit the leaf hashes."""
    say, signers = content.say, set()
    for note in sorted(notes + options.older, key=lambda one: -one.size):
        for place, new in enumerate(options.key[1:]):
            if {options.key[place], new} <= set(note.signed_by(options.key)):  # here the new one takes over
                options.key[place].last = new.first = note.size
    for note in notes + options.older:
        whose = "your older note" if note in options.older else "the checkpoint"
        by = note.signed_by(options.key)
        in_time = [key for key in by if key.first <= note.size <= key.last]
        signers.update(in_time if note.size == size and note in notes else [])
        if by and not in_time:
            say("WRONG", f"{whose} of size {note.size} is signed by a key outside its time ({by[0].id.hex()})")
        if note.origin != content.log and content.count:
            say("WRONG", f"{whose} of size {note.size} is of another log: {note.origin}")
        elif content.roots.get(note.size) != note.root:
            say("WRONG", f"{whose} of size {note.size} has another root hash: entries were changed or removed")
        else:
            say("ok", f"order: {whose} of size {note.size} has the root hash of the leaf hashes")
    if any(key is options.key[-1] or key.last < UNKNOWN for key in signers):
        say("ok", "origin: the checkpoint of the whole bundle is signed with your key")
    elif signers:
        say("NOT SHOWN", "origin: an older one of your keys signed; no checkpoint here has it and the next one")
    elif not any(note.size == size for note in notes):
        say("NOT SHOWN", "origin: no checkpoint is as long as the bundle, so nobody signed for all of it")
    else:
        say("NOT SHOWN", f"origin: {'your key did not sign' if options.key else 'signer not checked, no --key'}")


def check_manifest(bundle: Bundle, content: Content, size: int, options: argparse.Namespace) -> None:
    """Completeness, and whether the bundle is what it says."""
    say, manifest = content.say, json.loads(bundle.content("manifest.json"))
    for name in FOR_READING:
        sum(map(len, bundle.pieces(name)))  # to know its hash, as that of the others is known by now
    files = {**manifest["files"], "manifest.json": bundle.hashes["manifest.json"]}
    for name in sorted(set(bundle.hashes) | set(files)):
        if bundle.hashes.get(name) != files.get(name):
            say("WRONG", f"{name} is not the file that was exported")
    said = {"schema": SCHEMA, "log": content.log or manifest["log"], "size": size, "entries": content.count}
    for name, value in said.items():
        if manifest[name] != value:
            say("WRONG", f"the manifest says {name} {manifest[name]}, but it is {value}")
    for name in sorted({*options.complete, *manifest["complete"]}):
        why = content.why_incomplete(name, size)
        wrong = why and name in manifest["complete"] and (content.stated or name in [*content.gaps, WHOLE_LOG])
        kind = "WRONG" if wrong else "NOT SHOWN" if why else "ok"
        say(kind, f"completeness of {name}: {why or content.up_to}")
    if content.count != size and not manifest["complete"]:
        say("note", "completeness: the bundle is a selection; what was left out of it can't be seen")


def main(arguments: list[str]) -> int:
    """The exit code. Prints what was found; the last line is the verdict."""
    counts = {"ok": 0, "note": 0, "NOT SHOWN": 0, "WRONG": 0}

    def say(kind: str, text: str) -> None:
        counts[kind] += 1
        if counts[kind] <= 20:  # the rest is counted
            print(f"  {kind:<10}{plain(text)}")

    parser = argparse.ArgumentParser(description="Check an export of a qualadmin audit log.")
    several: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument("bundle", help="the ZIP")
    parser.add_argument("--key", type=Key, help="the public key of the log", **several)
    parser.add_argument("--older", type=lambda path: Note(Path(path).read_bytes()), help="a note", **several)
    parser.add_argument("--complete", help="a stream that must be whole, such as study:sleep", **several)
    try:
        options = parser.parse_args(arguments)
        open(options.bundle, "rb").close()
    except SystemExit as error:  # argparse has said why
        return 3 if error.code else 0
    except OSError as error:
        print(f"VERDICT 3: {plain(error)}")
        return 3
    try:
        bundle = Bundle(options.bundle)
        notes = [Note(bundle.content(name)) for name in bundle.notes]
        content, size = Content(bundle, say), bundle.sizes["leaves.bin"] // 32
        walk(bundle, content, {note.size for note in notes + options.older})
        erased = len(content.missing & content.erased)
        texts = f"{content.given} texts, {len(content.missing) - erased} withheld, {erased} erased (explained)"
        say("note", f"{content.count} of {size} entries are here, {texts}")
        check_notes(notes, content, size, options)
        check_manifest(bundle, content, size, options)
    except Exception as error:  # a broken file breaks in many ways, and each of them is a verdict
        say("WRONG", f"the bundle can't be read: {str(error) or type(error).__name__}")
    code = 1 if counts["WRONG"] else 2 if counts["NOT SHOWN"] else 0
    print(f"VERDICT {code}: {VERDICTS[code]}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

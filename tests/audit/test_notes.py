"""Checkpoint notes against published examples, and against an implementation that is not ours."""

import base64
from contextlib import suppress

import metamorphic_log as other
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from qualadmin.audit import notes
from qualadmin.audit.notes import Checkpoint, Note, NoteFault, SigningKey, VerifyKey
from qualadmin.audit.tree import EMPTY_ROOT, Frontier, leaf_hash

# Example of c2sp.org/signed-note.
C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Zt"
    "g1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# Example of golang.org/x/mod/sumdb/note, whose format C2SP describes; the second signature is from its tests.
GO_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_OTHER_KEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
GO_OTHER_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
# Example of c2sp.org/tlog-checkpoint.
C2SP_CHECKPOINT = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
# RFC 8032, 7.1: secret, public, message, signature.
RFC8032 = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
)
CHECKPOINT = Checkpoint("lab.example.org/qualadmin", 3, leaf_hash(b"three"))


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.generate(CHECKPOINT.origin)


def test_the_published_examples_are_read_and_verified() -> None:
    assert VerifyKey.from_text(C2SP_KEY).id.hex() == "530d903a"
    assert str(VerifyKey.from_text(C2SP_KEY)) == C2SP_KEY
    note = Note.from_text(C2SP_NOTE)
    assert note.text == "This is an example message.\n"
    assert note.signers([VerifyKey.from_text(C2SP_KEY)]) == [VerifyKey.from_text(C2SP_KEY)]
    both = [VerifyKey.from_text(GO_KEY), VerifyKey.from_text(GO_OTHER_KEY)]
    assert Note.from_text(GO_TEXT + "\n" + GO_LINE + GO_OTHER_LINE).signers(both) == both


def test_the_published_private_key_gives_the_published_signature() -> None:
    key = SigningKey.from_text(GO_PRIVATE)
    assert (str(key.public), key.sign(GO_TEXT), key.to_text()) == (GO_KEY, GO_LINE, GO_PRIVATE)


def test_the_published_checkpoint_is_read_as_what_it_says() -> None:
    found = Checkpoint.from_text(Note.from_text(C2SP_CHECKPOINT).text)
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20852163)
    assert found.text() == C2SP_CHECKPOINT.partition("\n\n")[0] + "\n"


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC8032)
def test_t_a32_ed25519_is_that_of_rfc_8032(secret: str, public: str, message: str, signature: str) -> None:
    key = SigningKey("x", Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret)))
    text = bytes.fromhex(message).decode()
    assert key.public.public.hex() == public
    assert base64.b64decode(key.sign(text).split()[-1])[4:].hex() == signature
    assert key.public.verifies(bytes.fromhex(signature), text)
    assert not key.public.verifies(bytes.fromhex(signature), text + "x")


def test_a_note_of_ours_is_believed_by_another_implementation(key: SigningKey) -> None:
    head = other.checkpoint_verify(notes.sign(CHECKPOINT, [key]), [str(key.public)])
    assert (head.origin, head.size) == (CHECKPOINT.origin, CHECKPOINT.size)
    assert bytes(head.root) == CHECKPOINT.root


def test_both_implementations_refuse_the_same_forgeries(key: SigningKey) -> None:
    note = notes.sign(CHECKPOINT, [key])
    stranger = SigningKey.generate(CHECKPOINT.origin).public
    for forged, keys in (
        (note.replace("\n3\n", "\n4\n"), [key.public]),
        (note, [stranger]),
        (note.replace(CHECKPOINT.origin, "elsewhere.example.org", 1), [key.public]),
    ):
        with pytest.raises(other.VerifyError):
            other.checkpoint_verify(forged, [str(one) for one in keys])
        try:
            believed = Note.from_text(forged).signers(keys)
        except NoteFault:
            believed = []
        assert believed == []


def test_our_tree_is_the_one_another_implementation_proves_growth_of() -> None:
    """A tree of 2 and one of 3: the proof is the third leaf, and the other side checks it."""
    leaves = [leaf_hash(bytes([n])) for n in range(3)]
    tree = Frontier()
    roots = []
    for leaf in leaves:
        tree.push(leaf)
        roots.append(tree.root())
    other.verify_consistency(2, 3, [leaves[2]], roots[1], roots[2])
    with pytest.raises(other.VerifyError):
        other.verify_consistency(2, 3, [leaves[2]], roots[0], roots[2])


def test_a_line_by_a_known_key_that_is_wrong_condemns_the_note_an_unknown_one_does_not(key: SigningKey) -> None:
    note = notes.sign(CHECKPOINT, [key])
    unknown = SigningKey.generate("witness.example.org/w").sign(CHECKPOINT.text())
    assert Note.from_text(note + unknown).signers([key.public]) == [key.public]
    wrong = key.sign("another text\n")
    with pytest.raises(NoteFault, match="signature"):
        Note.from_text(note + wrong).signers([key.public])


def test_signing_again_gives_the_same_note(key: SigningKey) -> None:
    assert notes.sign(CHECKPOINT, [key]) == notes.sign(CHECKPOINT, [key])
    assert key.to_text() not in repr(key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "one line\n",
        "origin\n3\n\n",
        "origin\n03\n" + base64.b64encode(EMPTY_ROOT).decode() + "\n",
        "origin\n-3\n" + base64.b64encode(EMPTY_ROOT).decode() + "\n",
        "origin\n٣\n" + base64.b64encode(EMPTY_ROOT).decode() + "\n",
        "origin\n3\nAAAA\n",
        "origin\n3\nnot base64!\n",
        "origin\n3\n" + base64.b64encode(EMPTY_ROOT).decode(),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteFault):
        Checkpoint.from_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000+AAAA",
        GO_KEY[:-1],
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("Peter", "Petra"),
        "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteFault):
        VerifyKey.from_text(text)
    with pytest.raises(NoteFault):
        SigningKey.from_text(text)


@given(st.text(max_size=200), st.integers(0, len(C2SP_CHECKPOINT)))
def test_any_text_is_read_or_refused_and_nothing_else_happens(text: str, place: int) -> None:
    for one in (text, C2SP_CHECKPOINT[:place] + text + C2SP_CHECKPOINT[place:]):
        with suppress(NoteFault):
            Checkpoint.from_text(Note.from_text(one).text)


@given(st.integers(0, 2**53), st.binary(min_size=32, max_size=32))
def test_what_is_written_is_read_again(size: int, root: bytes) -> None:
    key = SigningKey.from_text(GO_PRIVATE)
    checkpoint = Checkpoint("lab.example.org/log", size, root)
    note = Note.from_text(notes.sign(checkpoint, [key]))
    assert Checkpoint.from_text(note.text) == checkpoint
    assert note.signers([key.public]) == [key.public]

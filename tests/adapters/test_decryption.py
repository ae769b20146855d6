"""RSA-OAEP and AES-256-GCM as Twilio uses them."""

from __future__ import annotations

import base64
import shutil
import subprocess
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.encrypting import PKCS1, PKCS8, KeyPair, key_pair
from tests.examples import examples
from twirec.adapters.decryption import RsaKey, read_keys
from twirec.model.encryption import Encryption, read_encryption
from twirec.model.errors import (
    DecryptionKeyWrong,
    EncryptionUnknown,
    MediaNotAuthentic,
    SettingsError,
)

CEK, IV = bytes(range(32)), bytes(range(12))
AUDIO = bytes(range(256)) * 1000
BODY = AESGCM(CEK).encrypt(IV, AUDIO, None)  # all at once, with the tag at the end
MB = 1_000_000


def details(**changes: str) -> Encryption:
    found = read_encryption({**key_pair().details(CEK, IV), **changes})
    assert found is not None
    return found


def in_chunks(body: bytes, size: int) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


def decrypted(body: bytes = BODY, encryption: Encryption | None = None, size: int = 65536) -> bytes:
    key = RsaKey(key_pair().pem().encode())
    return b"".join(key.opens(encryption or details())(in_chunks(body, size)))


# --- media ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [PKCS1, PKCS8])
def test_a_key_in_either_form_gives_the_audio_without_the_tag(form: PrivateFormat) -> None:
    key = RsaKey(key_pair().pem(form).encode())
    assert b"".join(key.opens(details())([BODY])) == AUDIO


@pytest.mark.parametrize("size", [1000, 15, 16, 17, 4096, len(AUDIO), len(BODY)])
def test_how_it_is_cut_into_chunks_changes_nothing(size: int) -> None:
    assert decrypted(size=size) == AUDIO


def test_chunks_may_be_empty() -> None:
    key = RsaKey(key_pair().pem().encode())
    chunks = (piece for chunk in in_chunks(BODY, 999) for piece in (b"", chunk))
    assert b"".join(key.opens(details())(chunks)) == AUDIO


@settings(max_examples=examples(12, thorough=200))
@given(at=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
@example(at=0, bit=0)
@example(at=len(AUDIO) - 1, bit=7)
@example(at=len(AUDIO), bit=0)
@example(at=len(BODY) - 1, bit=7)
def test_one_bit_that_is_another_in_audio_or_tag_is_not_authentic(at: int, bit: int) -> None:
    body = bytearray(BODY)
    body[at] ^= 1 << bit
    with pytest.raises(MediaNotAuthentic):
        decrypted(bytes(body))


@pytest.mark.parametrize("length", [0, 1, 15, 16, 1000, len(BODY) - 16, len(BODY) - 1])
def test_a_body_that_ends_early_is_not_authentic(length: int) -> None:
    with pytest.raises(MediaNotAuthentic):
        decrypted(BODY[:length])


def test_a_body_with_more_behind_the_tag_is_not_authentic() -> None:
    with pytest.raises(MediaNotAuthentic):
        decrypted(BODY + b"\0")


def test_four_hours_are_decrypted_in_constant_memory() -> None:
    encryption = key_pair().encryption()
    chunk = bytes(MB)
    body = encryption.encrypt(chunk for _ in range(460))
    told = read_encryption(encryption.details)
    assert told is not None
    decrypt = RsaKey(key_pair().pem().encode()).opens(told)
    tracemalloc.start()
    try:
        size = sum(len(piece) for piece in decrypt(body))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == 460 * MB
    assert peak < 8 * MB


# --- the recording's own key ------------------------------------------------------------------


def test_a_recording_of_another_key_says_whose_key_is_wrong() -> None:
    other = read_encryption({**key_pair(2).details(CEK, IV), "public_key_sid": key_pair().sid})
    with pytest.raises(DecryptionKeyWrong, match=key_pair().sid):
        decrypted(encryption=other)


@pytest.mark.parametrize("changes", [{"encrypted_cek": "%"}, {"iv": "%"}, {"iv": "AAAA"}])
def test_details_that_cannot_be_read_are_named(changes: dict[str, str]) -> None:
    with pytest.raises(EncryptionUnknown):
        decrypted(encryption=details(**changes))


def test_an_own_key_of_another_length_is_not_used() -> None:
    short = read_encryption(key_pair().details(CEK[:16], IV))
    with pytest.raises(EncryptionUnknown, match="16 bytes, not 32"):
        decrypted(encryption=short)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl command")
def test_an_own_key_that_openssl_encrypted_is_understood(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(key_pair().pem(), encoding="ascii")
    words = "openssl pkeyutl -encrypt -inkey key.pem -pkeyopt rsa_padding_mode:oaep"
    digests = "-pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256"
    done = subprocess.run(
        [*words.split(), *digests.split()],
        cwd=tmp_path,
        input=CEK,
        capture_output=True,
        check=True,
    )
    encrypted = base64.b64encode(done.stdout).decode()
    assert decrypted(encryption=details(encrypted_cek=encrypted)) == AUDIO


# --- the setting ------------------------------------------------------------------------------


def problems(table: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read_keys(table, environ)
    return caught.value.problems


def test_keys_come_from_files_and_from_the_environment(tmp_path: Path) -> None:
    file, one_line = tmp_path / "a=b.pem", key_pair(2).pem().replace("\n", "\\n")
    file.write_text(key_pair(1).pem(PKCS1), encoding="ascii")
    table = f"{key_pair(1).sid}={file}; {key_pair(2).sid} = env:OLD ;{key_pair(3).sid}=env:NEW;"
    keys = read_keys(table, {"OLD": one_line, "NEW": key_pair(3).pem()})
    assert set(keys) == {key_pair(number).sid for number in (1, 2, 3)}
    for number in (1, 2, 3):
        told = read_encryption(key_pair(number).details(CEK, IV))
        assert told is not None
        assert b"".join(keys[told.public_key_sid].opens(told)([BODY])) == AUDIO


def of_public_half() -> str:
    public = key_pair().private.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def of_another_kind() -> str:
    private = ec.generate_private_key(ec.SECP256R1())
    return private.private_bytes(Encoding.PEM, PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        (lambda: "", "not a private key in PEM"),
        (lambda: key_pair().pem()[:-200], "not a private key in PEM"),
        (of_public_half, "not a private key in PEM"),
        (of_another_kind, "not an RSA key"),
        (lambda: KeyPair(1, bits=1024).pem(), "has 1024 bits, at least 2048"),
        (lambda: key_pair().pem(passphrase=b"open"), "passphrase"),
    ],
)
def test_a_key_that_is_not_usable_says_why(pem: Any, said: str) -> None:
    (problem,) = problems(f"{key_pair().sid}=env:KEY", {"KEY": pem()})
    assert problem.startswith(f"{key_pair().sid}: ")
    assert said in problem


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    first, second = (key_pair(number).sid for number in (1, 2))
    found = problems(f"{first}=env:NONE;{second}={tmp_path}/none.pem;CR12=env:NONE", {})
    assert found == (
        f"{first}: that variable is not set.",
        f"{second}: the file cannot be read (FileNotFoundError).",
        "write it as CR…=/path/to/key.pem;CR…=env:NAME.",
    )


@pytest.mark.parametrize("before", ["", f"{'CR' + 'a' * 32}="])
def test_a_key_that_was_pasted_into_the_setting_is_not_repeated(before: str) -> None:
    pem = key_pair().pem()
    said = "\n".join(problems(before + pem, {}))
    assert not any(line in said for line in pem.splitlines())


def test_nothing_of_a_key_shows() -> None:
    shown = repr(read_keys(f"{key_pair().sid}=env:KEY", {"KEY": key_pair().pem()}))
    assert str(key_pair().private.private_numbers().p) not in shown
    assert "PRIVATE" not in shown

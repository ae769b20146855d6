"""The company's own wordings, voices and audio."""

from __future__ import annotations

import pytest

from tests.sounds import wav
from twirec.calls.own_wordings import MOST_BYTES, read_wordings
from twirec.calls.wordings import WORDINGS, compose, shortest_notice
from twirec.model.errors import InvalidQuery
from twirec.model.vocabulary import ConsentMode

NOTICE = wav(12, channels=1)
FILES = {
    "notice.wav": NOTICE,
    "question.wav": wav(4, channels=1),
    "short.wav": wav(0.5, channels=1),
}
FILES["streamed.wav"] = NOTICE[:40] + b"\xff\xff\xff\xff" + NOTICE[44:]
FILES |= {"huge.wav": bytes(MOST_BYTES + 1), "broken.wav": b"ID3 not a WAV file"}

AUDIO = "[es-ES]\nnotice = '{company}, {privacy_info}'\nnotice_audio = '"
OWN = (
    "{company} graba esta llamada para poder demostrar lo que se acuerda en ella y atender mejor "
    "sus reclamaciones. Más información y ejercicio de derechos en {privacy_info}."
)
GALICIAN = """
[gl-ES]
notice = "Esta chamada grávase. {company}, {privacy_info}."
notice_audio = "notice.wav"
"""
WITH_QUESTION = GALICIAN + 'opt_in = "Prema 1."\nopt_in_audio = "question.wav"\n'
DUTCH = """
[nl-NL]
notice = "Dit gesprek wordt opgenomen door {company}; zie {privacy_info}."
notice_audio = "notice.wav"
opt_out = "Druk 2."
opt_in = "Druk 1 of 2."
goodbye = "Tot ziens."
"""


def read_file(name: str) -> bytes:
    if name not in FILES:
        raise FileNotFoundError(2, "No such file")
    return FILES[name]


def test_a_company_replaces_the_words_and_keeps_the_voice_and_the_rest() -> None:
    wordings = read_wordings(f'[es-ES]\nnotice = "{OWN}"', read_file)
    said = compose(
        "es-ES", ConsentMode.OPT_IN, company="Ejemplo", privacy_info="la web", wordings=wordings
    )
    assert said.text == OWN.format(company="Ejemplo", privacy_info="la web")
    assert (said.voice, said.question) == ("Polly.Lucia-Neural", WORDINGS["es-ES"].opt_in)
    assert wordings["ca-ES"] == WORDINGS["ca-ES"]


def test_a_company_replaces_the_voice() -> None:
    wordings = read_wordings('[es-ES]\nvoice = "Polly.Sergio-Neural"', read_file)
    said = compose("es-ES", company="Ejemplo", privacy_info="la web", wordings=wordings)
    assert said.voice == "Polly.Sergio-Neural"


def test_a_language_without_a_voice_is_said_by_audio() -> None:
    wordings = read_wordings(GALICIAN, read_file)
    said = compose("gl-ES", company="Exemplo", privacy_info="a web", wordings=wordings)
    assert (said.voice, said.seconds) == ("", 12.0)
    assert said.audio == wordings["gl-ES"].audio["notice"].hash
    assert shortest_notice(said) == pytest.approx(7.2)


def test_audio_takes_as_long_as_there_is_of_it_whatever_its_header_claims() -> None:
    text = GALICIAN.replace("notice.wav", "streamed.wav")
    said = compose("gl-ES", company="x", privacy_info="y", wordings=read_wordings(text, read_file))
    assert said.seconds == 12.0


def test_the_hash_of_an_announcement_changes_with_its_audio() -> None:
    other = {**FILES, "notice.wav": wav(12, channels=2)}
    hashes = {
        compose(
            "gl-ES",
            company="Exemplo",
            privacy_info="a web",
            wordings=read_wordings(GALICIAN, files.__getitem__),
        ).hash
        for files in (FILES, other)
    }
    assert len(hashes) == 2


def test_a_mode_whose_question_nothing_says_is_refused() -> None:
    wordings = read_wordings(GALICIAN, read_file)
    with pytest.raises(InvalidQuery, match="give audio for opt_in in TWIREC_ANNOUNCEMENTS"):
        compose("gl-ES", ConsentMode.OPT_IN, company="x", privacy_info="y", wordings=wordings)


def test_a_question_in_audio_follows_a_notice_in_audio() -> None:
    wordings = read_wordings(WITH_QUESTION, read_file)
    said = compose("gl-ES", ConsentMode.OPT_IN, company="x", privacy_info="y", wordings=wordings)
    assert said.question_audio == wordings["gl-ES"].audio["opt_in"].hash
    with pytest.raises(InvalidQuery, match="goodbye"):
        compose(
            "gl-ES",
            ConsentMode.OPT_IN_OR_HANG_UP,
            company="x",
            privacy_info="y",
            wordings=wordings,
        )


def test_a_company_adds_a_language() -> None:
    wordings = read_wordings(DUTCH, read_file)
    said = compose("nl-NL", company="Voorbeeld", privacy_info="x", wordings=wordings)
    assert said.text == "Dit gesprek wordt opgenomen door Voorbeeld; zie x."


def test_what_is_said_when_no_message_is_taken_may_be_left_out() -> None:
    assert read_wordings(DUTCH, read_file)["nl-NL"].no_message == ""
    own = read_wordings("[es-ES]\nno_message = 'Llame mañana.'", read_file)
    assert own["es-ES"].no_message == "Llame mañana."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[es-ES", "not TOML"),
        ("voice = 3", "voice is not a table"),
        ("[es-ES]\nmelody = 'x'", r"\[es-ES\] melody is not known; there are voice, notice"),
        ("[es-ES]\nnotice = 3", "notice must be a text"),
        ("[es-ES]\nnotice = '{company}, {privacy_info}'", "notice is shorter than 140 characters"),
        ("[es-ES]\nnotice = ' '", "notice must be a text"),
        (f"[es-ES]\nnotice = '{OWN} {{phone}}'", "only {company} and {privacy_info}"),
        (
            f"[es-ES]\nnotice = '{{{{company}}}} {{privacy_info}} {'x' * 140}'",
            "say who records, with {company}",
        ),
        (f"[es-ES]\nnotice = '{OWN} {{company.upper}}'", "only {company} and {privacy_info}"),
        (f"[es-ES]\nnotice = '{OWN} {{company!r}}'", "only {company} and {privacy_info}"),
        (
            f"[es-ES]\nnotice = '{OWN} {{company:{{privacy_info}}}}'",
            "only {company} and {privacy_info}",
        ),
        (f'[es-ES]\nnotice = "{OWN} \\u0007"', "notice has control characters"),
        (
            f"[es-ES]\nnotice = '{{company}}, {{privacy_info}}{' ' * 150}.'",
            "notice is shorter than 140 characters",
        ),
        (f"[es-ES]\nnotice = '{OWN} {{company.name}}'", "only {company} and {privacy_info}"),
        (f"[es-ES]\nnotice = '{OWN} {{company[name]}}'", "only {company} and {privacy_info}"),
        (f"[es-ES]\nnotice = '{OWN} {{'", "only {company} and {privacy_info}"),
        ("[es-ES]\nvoice = 'Polly.Amy-Neural'", "neural voices for it are Polly.Lucia-Neural"),
        ("[gl-ES]\nvoice = 'Polly.Lucia-Neural'", "none, so give audio"),
        ("[nl-NL]\nopt_in = 'x'", "is new here and needs notice, opt_out, goodbye"),
        ("[es-ES]\nnotice_audio = 'notice.wav'", "write down what notice_audio says"),
        (
            f"{AUDIO}none.wav'",
            "none.wav cannot be read: No such",
        ),
        (
            f"{AUDIO}broken.wav'",
            "broken.wav is not a WAV file",
        ),
        (f"{AUDIO}short.wav'", "shorter than 7 seconds; say who records"),
        ("[es-ES]\nopt_out = 'Para decir que no, pulse 2.'", "opt_out is shorter than 140 char"),
        (
            "[es-ES]\nopt_out = 'Pulse 2.'\nopt_out_audio = 'short.wav'",
            "opt_out_audio is shorter than 7 seconds; say how to say no",
        ),
        (f"{AUDIO}huge.wav'", "over 5 MiB"),
        (f"[es-ES]\nnotice = '{'x' * 4097}'", "longer than 4096 characters"),
        (f"[es-ES]\nnotice = '{'{company} ' * 20}'", r"where to learn more, with \{privacy_info"),
        (f"[es-ES]\nnotice = '{'{privacy_info} ' * 20}'", r"who records, with \{company"),
        ("[es-ES]\nopt_in = 'Pulse 1 para {company}'", "opt_in: nothing is filled in here"),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_fix(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_wordings(text, read_file)

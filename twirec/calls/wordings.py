"""What callers hear, in ten languages, and the voices that read it.

Each notice says that the call is recorded, by whom, why (quality of the service, and to safeguard
the caller's rights), and where to learn more and exercise one's rights: the first layer of the
information (LOPDGDD art. 11.2, https://www.boe.es/buscar/act.php?id=BOE-A-2018-16673#a1-3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from twirec.model.announcements import Announcement, Audio
from twirec.model.errors import InvalidQuery
from twirec.model.vocabulary import ConsentMode

VOICES: Mapping[str, tuple[str, ...]] = {
    "ca-ES": ("Polly.Arlet-Neural",),
    "de-DE": (
        *("Polly.Vicki-Neural", "Polly.Daniel-Neural"),
        *("Google.de-DE-Neural2-B", "Google.de-DE-Neural2-C", "Google.de-DE-Neural2-D"),
    ),
    "en-GB": ("Polly.Amy-Neural", "Polly.Arthur-Neural", "Polly.Brian-Neural", "Polly.Emma-Neural"),
    "en-US": (
        *("Polly.Joanna-Neural", "Polly.Matthew-Neural", "Polly.Salli-Neural"),
        *("Polly.Joey-Neural", "Polly.Kendra-Neural"),
    ),
    "es-ES": (
        *("Polly.Lucia-Neural", "Polly.Sergio-Neural"),
        *("Google.es-ES-Neural2-A", "Google.es-ES-Neural2-B", "Google.es-ES-Neural2-C"),
    ),
    "es-MX": ("Polly.Mia-Neural",),
    "es-US": ("Polly.Lupe-Neural", "Polly.Pedro-Neural"),
    "fr-FR": (
        *("Polly.Lea-Neural", "Polly.Remi-Neural"),
        *("Google.fr-FR-Neural2-A", "Google.fr-FR-Neural2-B", "Google.fr-FR-Neural2-C"),
    ),
    "it-IT": ("Polly.Bianca-Neural", "Polly.Adriano-Neural"),
    "pt-PT": ("Polly.Ines-Neural",),
}
"""The voices by language (BCP 47)."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A language's words, and the voice or the audio that says them.

    Attributes:
        voice: one of `VOICES`; None where Twilio has none, so that the company gives audio.
        notice: with `{company}` and `{privacy_info}`.
        opt_out: how to say no, for key 2, and that silence is a yes.
        opt_in: how to say yes or no, for keys 1 and 2.
        goodbye: before hanging up on who did not say yes.
        leave_message: before the tone, when nobody answered; empty for the tone alone.
        no_message: before hanging up on whose message is not recorded; empty for nothing.
        not_dialled: what an agent hears before hanging up who may not dial, or not there; empty
            for nothing.
        nobody_answers: before hanging up on whom nobody can be found for any more, as what comes
            next failed again and again; empty for nothing.
        audio: what is played in place of a voice, by the name of the part: `notice`, `opt_out`,
            `opt_in`, `goodbye`, `no_message`, `not_dialled`, `leave_message`, `nobody_answers`.
    """

    voice: str | None
    notice: str
    opt_out: str
    opt_in: str
    goodbye: str
    no_message: str = ""
    not_dialled: str = ""
    leave_message: str = ""
    nobody_answers: str = ""
    audio: Mapping[str, Audio] = field(default_factory=dict)

    def unsaid(self, mode: ConsentMode) -> list[str]:
        """Return the parts that a mode needs and that neither a voice nor audio says."""
        if self.voice:
            return []
        return [part for part in parts_of(mode) if part not in self.audio]


def question_of(mode: ConsentMode) -> str:
    """Return which part of a wording is the question of a mode; empty where it asks nothing."""
    if mode.needs_yes:
        return "opt_in"
    return "opt_out" if mode.asks else ""


def parts_of(mode: ConsentMode) -> tuple[str, ...]:
    """Return the parts of a wording that a mode needs."""
    goodbye = ("goodbye",) if mode is ConsentMode.OPT_IN_OR_HANG_UP else ()
    return ("notice", *filter(None, [question_of(mode)]), *goodbye)


def check_said(wordings: Mapping[str, Wording], language: str, mode: ConsentMode) -> None:
    """Check that what a mode says in a language can be heard.

    Raises:
        InvalidQuery: there is no wording, or nothing that says it.
    """
    if language not in wordings:
        raise InvalidQuery(f"language: there are announcements in {', '.join(wordings)}.")
    if unsaid := wordings[language].unsaid(mode):
        raise InvalidQuery(
            f"language: Twilio has no neural voice for {language}; "
            f"give audio for {', '.join(unsaid)} in TWIREC_ANNOUNCEMENTS."
        )


WORDINGS: Mapping[str, Wording] = {
    "es-ES": Wording(
        voice="Polly.Lucia-Neural",
        notice="Le informamos de que esta llamada va a ser grabada por {company} para garantizar "
        "la calidad del servicio y salvaguardar sus derechos. Puede ampliar esta información y "
        "ejercer sus derechos de protección de datos en {privacy_info}.",
        opt_out="Si no desea que la llamada se grabe, pulse ahora la tecla 2 y continuará sin "
        "grabación. Si está conforme, no pulse ninguna tecla y espere, por favor.",
        opt_in="Si acepta que se grabe, pulse 1. Si no lo acepta, pulse 2.",
        goodbye="Sin su aceptación no podemos continuar. Gracias por su atención.",
        no_message="En este momento no podemos recoger su mensaje. Gracias por llamar.",
        not_dialled="Desde este teléfono no se puede llamar a ese número.",
        leave_message="En este momento no podemos atenderle. Deje su mensaje después de la señal.",
        nobody_answers="En este momento nadie puede atenderle. Gracias por llamar.",
    ),
    "ca-ES": Wording(
        voice="Polly.Arlet-Neural",
        notice="L'informem que aquesta trucada serà enregistrada per {company} per garantir la "
        "qualitat del servei i salvaguardar els seus drets. Pot ampliar aquesta informació i "
        "exercir els seus drets de protecció de dades a {privacy_info}.",
        opt_out="Si no vol que la trucada s'enregistri, premi ara la tecla 2 i continuarà sense "
        "enregistrament. Si hi està d'acord, no premi cap tecla i esperi, si us plau.",
        opt_in="Si accepta que s'enregistri, premi 1. Si no ho accepta, premi 2.",
        goodbye="Sense la seva acceptació no podem continuar. Gràcies per la seva atenció.",
        no_message="En aquest moment no podem recollir el seu missatge. Gràcies per trucar.",
        not_dialled="Des d'aquest telèfon no es pot trucar a aquest número.",
        leave_message="Ara no el podem atendre. Deixi el seu missatge després del senyal.",
        nobody_answers="En aquest moment no el pot atendre ningú. Gràcies per trucar.",
    ),
    "gl-ES": Wording(
        voice=None,
        notice="Informámolo de que esta chamada vai ser gravada por {company} para garantir a "
        "calidade do servizo e salvagardar os seus dereitos. Pode ampliar esta información e "
        "exercer os seus dereitos de protección de datos en {privacy_info}.",
        opt_out="Se non desexa que a chamada se grave, prema agora a tecla 2 e continuará sen "
        "gravación. Se está conforme, non prema ningunha tecla e agarde, por favor.",
        opt_in="Se acepta que se grave, prema 1. Se non o acepta, prema 2.",
        goodbye="Sen a súa aceptación non podemos continuar. Grazas pola súa atención.",
        no_message="Neste momento non podemos recoller a súa mensaxe. Grazas por chamar.",
        not_dialled="Desde este teléfono non se pode chamar a ese número.",
        leave_message="Neste momento non o podemos atender. Deixe a súa mensaxe despois do sinal.",
        nobody_answers="Neste momento ninguén o pode atender. Grazas por chamar.",
    ),
    "eu-ES": Wording(
        voice=None,
        notice="Jakinarazten dizugu {company} enpresak dei hau grabatuko duela, zerbitzuaren "
        "kalitatea bermatzeko eta zure eskubideak babesteko. Informazio gehiago eskura dezakezu "
        "eta datuak babesteko eskubideak erabil ditzakezu hemen: {privacy_info}.",
        opt_out="Deia grabatzerik nahi ez baduzu, sakatu orain 2 tekla eta deiak grabatu gabe "
        "jarraituko du. Ados bazaude, ez sakatu teklarik eta itxaron, mesedez.",
        opt_in="Grabatzea onartzen baduzu, sakatu 1. Onartzen ez baduzu, sakatu 2.",
        goodbye="Zure onespenik gabe ezin dugu jarraitu. Eskerrik asko zure arretagatik.",
        no_message="Une honetan ezin dugu zure mezua jaso. Eskerrik asko deitzeagatik.",
        not_dialled="Telefono honetatik ezin da zenbaki horretara deitu.",
        leave_message="Une honetan ezin dizugu erantzun. Utzi zure mezua seinalearen ondoren.",
        nobody_answers="Une honetan inork ezin dizu erantzun. Eskerrik asko deitzeagatik.",
    ),
    "en-GB": Wording(
        voice="Polly.Amy-Neural",
        notice="Please note that this call will be recorded by {company} to ensure the quality of "
        "our service and to safeguard your rights. You can learn more and exercise your data "
        "protection rights at {privacy_info}.",
        opt_out="If you do not want the call to be recorded, press 2 now and it will go on "
        "without a recording. If you agree, please do not press any key and hold the line.",
        opt_in="If you agree to the recording, press 1. If you do not agree, press 2.",
        goodbye="We cannot go on without your agreement. Thank you for your time.",
        no_message="We cannot take a message at the moment. Thank you for calling.",
        not_dialled="That number cannot be called from this phone.",
        leave_message="We cannot answer at the moment. Please leave a message after the tone.",
        nobody_answers="Nobody can be reached at the moment. Thank you for calling.",
    ),
    "en-US": Wording(
        voice="Polly.Joanna-Neural",
        notice="Please note that this call will be recorded by {company} to ensure the quality of "
        "our service and to safeguard your rights. You can learn more and exercise your privacy "
        "rights at {privacy_info}.",
        opt_out="If you do not want the call to be recorded, press 2 now and it will continue "
        "without a recording. If you agree, please do not press any key and stay on the line.",
        opt_in="If you agree to the recording, press 1. If you do not agree, press 2.",
        goodbye="We cannot continue without your agreement. Thank you for your time.",
        no_message="We cannot take a message right now. Thank you for calling.",
        not_dialled="That number can't be called from this phone.",
        leave_message="We cannot answer right now. Please leave a message after the tone.",
        nobody_answers="Nobody can be reached right now. Thank you for calling.",
    ),
    "pt-PT": Wording(
        voice="Polly.Ines-Neural",
        notice="Informamos que esta chamada vai ser gravada por {company} para garantir a "
        "qualidade do serviço e salvaguardar os seus direitos. Pode obter mais informações e "
        "exercer os seus direitos de proteção de dados em {privacy_info}.",
        opt_out="Se não deseja que a chamada seja gravada, prima agora a tecla 2 e esta "
        "continuará sem gravação. Se concorda, não prima nenhuma tecla e aguarde, por favor.",
        opt_in="Se aceita que seja gravada, prima 1. Se não aceita, prima 2.",
        goodbye="Sem a sua aceitação não podemos continuar. Obrigado pela sua atenção.",
        no_message="De momento não podemos receber a sua mensagem. Obrigado por ligar.",
        not_dialled="A partir deste telefone não é possível ligar para esse número.",
        leave_message="De momento não podemos atender. Deixe a sua mensagem depois do sinal.",
        nobody_answers="De momento ninguém pode atender. Obrigado por ligar.",
    ),
    "fr-FR": Wording(
        voice="Polly.Lea-Neural",
        notice="Nous vous informons que cet appel va être enregistré par {company} afin de "
        "garantir la qualité du service et de préserver vos droits. Vous pouvez en savoir plus et "
        "exercer vos droits de protection des données sur {privacy_info}.",
        opt_out="Si vous ne souhaitez pas que l'appel soit enregistré, appuyez maintenant sur la "
        "touche 2 et il se poursuivra sans enregistrement. Si vous êtes d'accord, n'appuyez sur "
        "aucune touche et patientez.",
        opt_in="Si vous acceptez l'enregistrement, appuyez sur 1. Si vous le refusez, appuyez "
        "sur 2.",
        goodbye="Sans votre accord, nous ne pouvons pas continuer. Merci de votre attention.",
        no_message="Nous ne pouvons pas prendre de message pour le moment. Merci de votre appel.",
        not_dialled="Ce numéro ne peut pas être appelé depuis ce téléphone.",
        leave_message="Nous ne pouvons pas vous répondre. Laissez votre message après le signal.",
        nobody_answers="Personne ne peut vous répondre pour le moment. Merci de votre appel.",
    ),
    "de-DE": Wording(
        voice="Polly.Vicki-Neural",
        notice="Wir weisen Sie darauf hin, dass dieses Gespräch von {company} aufgezeichnet wird, "
        "um die Qualität unseres Service zu sichern und Ihre Rechte zu wahren. Mehr erfahren und "
        "Ihre Datenschutzrechte ausüben können Sie unter {privacy_info}.",
        opt_out="Wenn Sie keine Aufzeichnung wünschen, drücken Sie jetzt die Taste 2, und das "
        "Gespräch geht ohne Aufzeichnung weiter. Wenn Sie einverstanden sind, drücken Sie keine "
        "Taste und bleiben Sie bitte in der Leitung.",
        opt_in="Wenn Sie der Aufzeichnung zustimmen, drücken Sie die 1. Wenn Sie nicht zustimmen, "
        "drücken Sie die 2.",
        goodbye="Ohne Ihre Zustimmung können wir nicht fortfahren. Vielen Dank für Ihre Zeit.",
        no_message="Wir können im Moment keine Nachricht aufnehmen. Vielen Dank für Ihren Anruf.",
        not_dialled="Diese Nummer kann von diesem Telefon aus nicht angerufen werden.",
        leave_message="Wir sind gerade nicht erreichbar. Bitte sprechen Sie nach dem Signalton.",
        nobody_answers="Im Moment ist niemand erreichbar. Vielen Dank für Ihren Anruf.",
    ),
    "it-IT": Wording(
        voice="Polly.Bianca-Neural",
        notice="La informiamo che questa chiamata sarà registrata da {company} per garantire la "
        "qualità del servizio e tutelare i suoi diritti. Può avere maggiori informazioni ed "
        "esercitare i suoi diritti di protezione dei dati su {privacy_info}.",
        opt_out="Se non desidera che la chiamata sia registrata, prema ora il tasto 2 e "
        "proseguirà senza registrazione. Se è d'accordo, non prema alcun tasto e attenda, per "
        "favore.",
        opt_in="Se accetta la registrazione, prema 1. Se non l'accetta, prema 2.",
        goodbye="Senza il suo consenso non possiamo continuare. Grazie per l'attenzione.",
        no_message="In questo momento non possiamo prendere messaggi. Grazie per la chiamata.",
        not_dialled="Da questo telefono non è possibile chiamare quel numero.",
        leave_message="Non possiamo rispondere. Lasci il suo messaggio dopo il segnale acustico.",
        nobody_answers="In questo momento nessuno può rispondere. Grazie per la chiamata.",
    ),
}
"""The wordings by language (BCP 47)."""


CHARACTERS_PER_SECOND = 20
"""How fast the fastest of the voices reads; slower voices only take longer."""

SHARE_HEARD = 0.6
"""The share of the announcement's length below which it cannot have been played to the end."""


def compose(
    language: str,
    mode: ConsentMode = ConsentMode.ANNOUNCE,
    *,
    company: str,
    privacy_info: str,
    wordings: Mapping[str, Wording] = WORDINGS,
) -> Announcement:
    """Return the announcement in a language, for a mode.

    Args:
        language: BCP 47, a key of `wordings`.
        mode: how the party is told or asked.
        company: who records, as it is to be spoken.
        privacy_info: where to learn more, as it is to be spoken.
        wordings: the wordings to choose from.

    Raises:
        InvalidQuery: there is no wording in that language, or nothing that says it.
    """
    check_said(wordings, language, mode)
    wording = wordings[language]
    question = question_of(mode)
    notice_audio, question_audio = wording.audio.get("notice"), wording.audio.get(question)
    all_audio = notice_audio and (question_audio or not question)
    return Announcement(
        language,
        "" if all_audio else wording.voice or "",
        wording.notice.format(company=company, privacy_info=privacy_info),
        getattr(wording, question) if question else "",
        audio=notice_audio.hash if notice_audio else "",
        question_audio=question_audio.hash if question_audio else "",
        seconds=notice_audio.seconds if notice_audio else 0.0,
        question_seconds=question_audio.seconds if question_audio else 0.0,
    )


def shortest_notice(announcement: Announcement) -> float:
    """Return the time in seconds that it takes at the least to hear the notice out.

    Twilio only warns, and goes on at once, when a voice, a text or an audio fails; who comes back
    sooner than this has not heard it.
    """
    return SHARE_HEARD * (announcement.seconds or _read_in(announcement.text))


def shortest_question(announcement: Announcement) -> float:
    """Return the time in seconds that it takes at the least to hear the question out."""
    return SHARE_HEARD * (announcement.question_seconds or _read_in(announcement.question))


def longest_telling(announcement: Announcement) -> timedelta:
    """Return the time after which nobody can still be hearing the notice or the question."""
    lengths = (
        announcement.seconds or _read_in(announcement.text),
        announcement.question_seconds or _read_in(announcement.question),
    )
    return timedelta(seconds=3 * max(lengths) + 60)  # slow voices; and a key is waited for


def _read_in(text: str) -> float:
    return len(text) / CHARACTERS_PER_SECOND


TRANSCRIBED: Mapping[str, str] = {
    "es-ES": "Un sistema automático podrá transcribir lo que se diga en ella.",
    "ca-ES": "Un sistema automàtic podrà transcriure el que s'hi digui.",
    "gl-ES": "Un sistema automático poderá transcribir o que nela se diga.",
    "eu-ES": "Sistema automatiko batek bertan esandakoa idatziz jaso ahal izango du.",
    "en-GB": "What is said in it may be transcribed automatically.",
    "en-US": "What is said in it may be transcribed automatically.",
    "pt-PT": "O que nela for dito poderá ser transcrito automaticamente.",
    "fr-FR": "Ce qui y est dit pourra être transcrit automatiquement.",
    "de-DE": "Was darin gesagt wird, kann automatisch transkribiert werden.",
    "it-IT": "Quanto vi si dice potrà essere trascritto automaticamente.",
}
"""What our notices say besides, behind their first sentence, where transcripts are made: it is
another use of what is recorded, and has to be said before (GDPR art. 13.3)."""

SAYS_SO: Mapping[str, tuple[str, ...]] = {
    "eu": ("idatziz", "transkri"),
    "en": ("transcri", "written down", "in writing"),
    "de": ("transkri", "verschrift", "schriftlich", "in text"),
    "it": ("trascri",),
    "": ("transcri", "transkri", "trascri"),
}
"""What a notice that says so has in it, by language; of any other language the last."""


def transcribing(wordings: Mapping[str, Wording]) -> dict[str, Wording]:
    """Return wordings whose notices say that what is said may be written down by a machine.

    What a company says in its own words, or by audio, stays as it is: the doctor looks at that.
    """
    return {
        language: replace(wording, notice=_with(wording.notice, TRANSCRIBED[language]))
        if _is_ours(language, wording)
        else wording
        for language, wording in wordings.items()
    }


def says_transcribed(notice: str, language: str) -> bool:
    """Return whether a notice says that what is said may be written down by a machine.

    Args:
        notice: its words.
        language: of it, BCP 47.
    """
    said = notice.casefold()
    return any(stem in said for stem in SAYS_SO.get(language[:2].lower(), SAYS_SO[""]))


def _is_ours(language: str, wording: Wording) -> bool:
    ours = WORDINGS.get(language)
    return ours is not None and wording.notice == ours.notice and "notice" not in wording.audio


def _with(notice: str, sentence: str) -> str:
    first, rest = notice.split(". ", 1)
    return f"{first}. {sentence} {rest}"

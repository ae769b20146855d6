"""What is said to customers about their cases, in the five languages in which they may complain."""

from __future__ import annotations

from collections.abc import Mapping

from twirec.model.cases import CaseLanguage

QUESTION: Mapping[CaseLanguage, str] = {
    CaseLanguage.ES: (
        "¿Consiente que grabemos esta llamada para atender su caso? "
        "Guardaremos la grabación hasta comunicarle la resolución."
    ),
    CaseLanguage.CA: (
        "Consent que enregistrem aquesta trucada per atendre el seu cas? "
        "Guardarem l'enregistrament fins que li comuniquem la resolució."
    ),
    CaseLanguage.GL: (
        "Consente que gravemos esta chamada para atender o seu caso? "
        "Gardaremos a gravación ata comunicarlle a resolución."
    ),
    CaseLanguage.EU: (
        "Baimena ematen al duzu dei hau grabatzeko, zure kasuari erantzuteko? "
        "Grabazioa gordeko dugu ebazpena jakinarazi arte."
    ),
    CaseLanguage.EN: (
        "Do you consent to our recording this call to deal with your case? "
        "We will keep the recording until we have told you the resolution."
    ),
}
"""What an agent asks. It is kept as it is said, and a consent names it by its hash."""

KEY: Mapping[CaseLanguage, str] = {
    CaseLanguage.ES: "La clave de su caso es {key}.",
    CaseLanguage.CA: "La clau del seu cas és {key}.",
    CaseLanguage.GL: "A clave do seu caso é {key}.",
    CaseLanguage.EU: "Zure kasuaren gakoa {key} da.",
    CaseLanguage.EN: "The key of your case is {key}.",
}

AGAIN: Mapping[CaseLanguage, str] = {
    CaseLanguage.ES: "Ya estamos grabando. Para que conste: {question}",
    CaseLanguage.CA: "Ja estem enregistrant. Perquè consti: {question}",
    CaseLanguage.GL: "Xa estamos a gravar. Para que conste: {question}",
    CaseLanguage.EU: "Grabatzen ari gara. Jasota gera dadin: {question}",
    CaseLanguage.EN: "We are recording now. For the record: {question}",
}
"""What an agent says as soon as recording began, so that question and answer are in it."""

WITHOUT: Mapping[CaseLanguage, str] = {
    CaseLanguage.ES: "De acuerdo: atendemos su caso sin grabar la llamada.",
    CaseLanguage.CA: "D'acord: atenem el seu cas sense enregistrar la trucada.",
    CaseLanguage.GL: "De acordo: atendemos o seu caso sen gravar a chamada.",
    CaseLanguage.EU: "Ados: zure kasuari erantzungo diogu deia grabatu gabe.",
    CaseLanguage.EN: "All right: we deal with your case without recording the call.",
}

ANYHOW: Mapping[CaseLanguage, str] = {
    CaseLanguage.ES: (
        "De acuerdo: no guardamos la grabación para su caso. La llamada se sigue grabando, como se "
        "le informó al comienzo."
    ),
    CaseLanguage.CA: (
        "D'acord: no guardem l'enregistrament per al seu cas. La trucada es continua enregistrant, "
        "com se l'ha informat al començament."
    ),
    CaseLanguage.GL: (
        "De acordo: non gardamos a gravación para o seu caso. A chamada segue a gravarse, como se "
        "lle informou ao comezo."
    ),
    CaseLanguage.EU: (
        "Ados: ez dugu grabazioa zure kasurako gordeko. Deia grabatzen jarraitzen da, hasieran "
        "jakinarazi bezala."
    ),
    CaseLanguage.EN: (
        "All right: we do not keep the recording for your case. The call goes on being recorded, "
        "as you were told when it began."
    ),
}
"""Where it is recorded on another ground than consent, and they say no to that for their case."""

LANGUAGE_TAGS: Mapping[CaseLanguage, str] = {
    CaseLanguage.ES: "es-ES",
    CaseLanguage.CA: "ca-ES",
    CaseLanguage.GL: "gl-ES",
    CaseLanguage.EU: "eu-ES",
    CaseLanguage.EN: "en-GB",
}
"""BCP 47, as announcements and consents have it."""

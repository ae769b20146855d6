"""What the letter says, in Spanish and English. It says what the law asks for, and no more."""
# ruff: noqa: RUF001 - as it is printed

from __future__ import annotations

from collections.abc import Mapping

MONTHS: Mapping[str, tuple[str, ...]] = {
    "en": (
        *("January", "February", "March", "April", "May", "June", "July", "August"),
        *("September", "October", "November", "December"),
    ),
    "es": (
        *("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto"),
        *("septiembre", "octubre", "noviembre", "diciembre"),
    ),
}

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Answer to your access request",
        "page": "page",
        "day": "{day} {month} {year}",
        "from": "From",
        "to": "To",
        "reference": "Reference",
        "date": "Date",
        "received": "Your request arrived",
        "number": "Telephone or address",
        "period": "Calls",
        "always": "all that there are",
        "since": "from {at}",
        "until": "to {day}",
        "before": "before {at}",
        "intro": "You asked {company} what is kept of you in connection with calls of this "
        "number. "
        "This is the answer under article 15 of the General Data Protection Regulation (GDPR).",
        "nothing": "We keep no call of this number in this period.",
        "counted": "Calls that we keep: {calls}. Recordings of them that are named here: "
        "{recordings}. Copies that you get with this letter: {given}. All times are those of "
        "{zone}.",
        "files": "The copies are in the folder “recordings”, as MP3 files that any player plays. "
        "Where the other side is silent, its voice is somebody else’s personal data, which your "
        "copy may not harm (article 15.4).",
        "transcripts_files": "What a machine wrote down from a copy is in the folder "
        "“transcripts”, as a text (.txt) and for machines (.json): of what is heard in that copy, "
        "and no more. A machine errs: the sound decides, and only that.",
        "free": "This first copy is free of charge (articles 12.5 and 15.3 GDPR; Court of "
        "Justice, "
        "C-307/22), and you need not say what you want it for. For further copies a reasonable "
        "fee "
        "based on administrative costs may be charged.",
        "calls": "Your calls",
        "direction": "Direction",
        "side": "You",
        "side_customer": "spoke with us as the caller or the person called",
        "side_agent": "were rung for the company, as one who takes its calls",
        "side_forwarded": "were not heard: your telephone forwarded the call to us",
        "own_number": "Our number",
        "ended": "Ended",
        "not_recorded": "Not recorded, because",
        "basis": "Legal basis",
        "consent": "Told or asked",
        "wording": "Wording",
        "notes": "Notes on it",
        "case": "Case number",
        "consulted_page": "What is written down of the call was looked at",
        "recording": "Recording",
        "file": "File",
        "copy": "Copy",
        "copy_whole": "both sides, as they were recorded",
        "copy_silenced": "your side; the other one is silent",
        "transcript": "Written down by a machine",
        "transcript_by": "A machine wrote this down from the recording, and errs: the sound "
        "decides, and only that. Its model is {model} (SHA-256 {sha256}). Times are minutes and "
        "seconds of the recording.",
        "transcript_you": "You",
        "transcript_other": "The other side",
        "transcript_somebody": "Somebody",
        "transcript_nothing": "It heard no words.",
        "no_copy": "No copy",
        "fate_left_out": "it is not, or not only, yours: it would harm the rights of others "
        "(article 15.4)",
        "fate_undecided": "it is not decided yet",
        "fate_not_heard": "you are not heard in it; it is the call of somebody else",
        "fate_quarantined": "it is set apart, and nobody may listen to it: we cannot prove that "
        "it "
        "was announced. You may have it erased, or object to it",
        "fate_blocked": "it is blocked",
        "fate_destroyed": "it was destroyed, or is being destroyed",
        "fate_not_there": "we hold no audio of it",
        "kept": "Kept",
        "held": "for a dispute, until that is settled",
        "kept_until": "until {day}",
        "kept_unknown": "as long as the purposes below need it; no day is set",
        "recipients": "Given to",
        "no_recipients": "nobody but the processors below",
        "consulted": "Consulted",
        "never": "never",
        "no_purpose": "what for was not written down",
        "action_listen": "listened to",
        "action_download": "copied",
        "action_show": "looked at",
        "action_read": "read, as a machine wrote it down",
        "blocked": "Blocked recordings",
        "blocked_said": "Recordings of your calls that are blocked: {count}. They are at the "
        "disposal of judges and courts, the public prosecutor and the competent authorities only, "
        "for liabilities that may arise from their processing, until these lapse; then they are "
        "destroyed (article 32 of Organic Law 3/2018, LOPDGDD). The law forbids to process them "
        "for anything else, and to look at them: therefore you get no copy of them.",
        "left_out": "Calls that are left out",
        "left_out_said": "Calls of this number that are left out, because they are not yours but "
        "somebody else’s, whose rights a copy would harm (article 15.4 GDPR): {count}. If you "
        "think "
        "that one is yours, tell us its day and hour.",
        "wordings": "What you were told",
        "language": "Language",
        "about": "About this processing",
        "controller": "Controller, and where to learn more",
        "purposes": "Purposes",
        "purposes_said": "To prove what was said and agreed by telephone, and to settle claims "
        "and "
        "disputes about it. When and what for a recording was consulted is said at each.",
        "categories": "Categories of data",
        "categories_said": "Telephone number or address, date, hour and length of calls, what was "
        "announced and answered, the recorded voice and what it says, notes and case numbers.",
        "source": "Source",
        "source_said": "Yourself, when you called or were called, and the telephone network.",
        "processors": "Processors",
        "twilio": "Twilio carries and records the calls {where}; its copy is deleted once ours is "
        "checked.",
        "us": "in the United States unless agreed otherwise; ask us for the safeguards of that "
        "transfer (articles 15.2 and 46 GDPR)",
        "region": "in its region {region}; data of the account may be processed in the United "
        "States: ask us for the safeguards of that transfer (articles 15.2 and 46 GDPR)",
        "google": "Google Cloud stores the recordings.",
        "own_store": "The recordings are stored by ourselves.",
        "transcripts": "Transcripts",
        "transcripts_said": "A machine of our own writes down what is said in recordings, so that "
        "a sentence is found in them. Nobody else gets their sound for it. What it wrote is for "
        "those who may hear the recording, and is destroyed with it. No mood is read out of it, "
        "and nobody is rated by it.",
        "retention": "How long",
        "retention_said": "What is known is said at each recording. Otherwise as long as claims "
        "about the call may be made; then recordings are blocked, and destroyed when liabilities "
        "lapse.",
        "automated": "Automated decisions",
        "automated_said": "None, nor profiling, are made with the recordings.",
        "rights": "Your rights",
        "rights_said": "You may ask for rectification or erasure of your data, or for restriction "
        "of their processing, and object to it. Where it rests on your consent, you may withdraw "
        "that at any time: {privacy_info}.",
        "complaint": "You may complain to a supervisory authority, and seek a judicial remedy.",
        "complaint_es": "You may complain to the Agencia Española de Protección de Datos "
        "(www.aepd.es), and seek a judicial remedy.",
        "check": "What is in this archive",
        "check_said": "This letter as a page (letter.html) and as a PDF, the copies, the same "
        "facts "
        "for machines (answer.json), and a list of all files with their SHA-256 (SHA256SUMS), "
        "with "
        "which anybody can check that none was changed: sha256sum -c SHA256SUMS.",
    },
    "es": {
        "title": "Respuesta a su solicitud de acceso",
        "page": "página",
        "day": "{day} de {month} de {year}",
        "from": "De",
        "to": "Para",
        "reference": "Referencia",
        "date": "Fecha",
        "received": "Su solicitud llegó el",
        "number": "Teléfono o dirección",
        "period": "Llamadas",
        "always": "todas las que hay",
        "since": "desde el {at}",
        "until": "hasta el {day}",
        "before": "antes del {at}",
        "intro": "Usted preguntó a {company} qué se conserva sobre usted en relación con las "
        "llamadas de este número. Esta es la respuesta conforme al artículo 15 del Reglamento "
        "General de Protección de Datos (RGPD).",
        "nothing": "No conservamos ninguna llamada de este número en este periodo.",
        "counted": "Llamadas que conservamos: {calls}. Grabaciones de ellas que se nombran aquí: "
        "{recordings}. Copias que recibe con esta carta: {given}. Todas las horas son las de "
        "{zone}.",
        "files": "Las copias están en la carpeta «recordings», en ficheros MP3 que cualquier "
        "reproductor abre. Donde la otra parte está en silencio, su voz es un dato personal de "
        "otra "
        "persona, a cuyos derechos su copia no puede afectar negativamente (artículo 15.4).",
        "transcripts_files": "Lo que una máquina escribió a partir de una copia está en la carpeta "
        "«transcripts», como texto (.txt) y para máquinas (.json): lo que se oye en esa copia, y "
        "nada más. Una máquina se equivoca: lo que vale es el sonido, y solo el sonido.",
        "free": "Esta primera copia es gratuita (artículos 12.5 y 15.3 del RGPD; Tribunal de "
        "Justicia, C-307/22), y no tiene que decir para qué la quiere. Por otras copias se puede "
        "cobrar un canon razonable basado en los costes administrativos.",
        "calls": "Sus llamadas",
        "direction": "Sentido",
        "side": "Usted",
        "side_customer": "habló con nosotros como quien llamó o a quien se llamó",
        "side_agent": "fue llamado por cuenta de la empresa, como quien atiende sus llamadas",
        "side_forwarded": "no fue oído: su teléfono nos desvió la llamada",
        "own_number": "Nuestro número",
        "ended": "Terminó",
        "not_recorded": "No se grabó porque",
        "basis": "Base jurídica",
        "consent": "Aviso o pregunta",
        "wording": "Texto",
        "notes": "Notas sobre ella",
        "case": "Número de expediente",
        "consulted_page": "Lo anotado sobre la llamada se consultó",
        "recording": "Grabación",
        "file": "Fichero",
        "copy": "Copia",
        "copy_whole": "ambas partes, como se grabaron",
        "copy_silenced": "la parte de usted; la otra está en silencio",
        "transcript": "Escrito por una máquina",
        "transcript_by": "Esto lo escribió una máquina a partir de la grabación, y se equivoca: "
        "lo que vale es el sonido, y solo el sonido. Su modelo es {model} (SHA-256 {sha256}). Los "
        "tiempos son minutos y segundos de la grabación.",
        "transcript_you": "Usted",
        "transcript_other": "La otra parte",
        "transcript_somebody": "Alguien",
        "transcript_nothing": "No entendió ninguna palabra.",
        "no_copy": "Sin copia",
        "fate_left_out": "no es suya, o no solo: afectaría a los derechos de otros (artículo 15.4)",
        "fate_undecided": "aún no está decidido",
        "fate_not_heard": "a usted no se le oye en ella; es la llamada de otra persona",
        "fate_quarantined": "está apartada, y nadie puede escucharla: no podemos probar que se "
        "avisó de ella. Puede pedir que se suprima, u oponerse a ella",
        "fate_blocked": "está bloqueada",
        "fate_destroyed": "se destruyó, o se está destruyendo",
        "fate_not_there": "no tenemos audio de ella",
        "kept": "Se conserva",
        "held": "por una controversia, hasta que se resuelva",
        "kept_until": "hasta el {day}",
        "kept_unknown": "mientras lo exijan los fines de abajo; no hay día fijado",
        "recipients": "Se dio a",
        "no_recipients": "nadie más que los encargados de abajo",
        "consulted": "Se consultó",
        "never": "nunca",
        "no_purpose": "no se anotó para qué",
        "action_listen": "escuchada",
        "action_download": "copiada",
        "action_show": "vista",
        "action_read": "leída, como la escribió una máquina",
        "blocked": "Grabaciones bloqueadas",
        "blocked_said": "Grabaciones de sus llamadas que están bloqueadas: {count}. Están solo a "
        "disposición de jueces y tribunales, el Ministerio Fiscal y las administraciones públicas "
        "competentes, para las posibles responsabilidades derivadas de su tratamiento, hasta que "
        "estas prescriban; entonces se destruyen (artículo 32 de la Ley Orgánica 3/2018, "
        "LOPDGDD). "
        "La ley prohíbe tratarlas para otra cosa, incluida su visualización: por eso no recibe "
        "copia de ellas.",
        "left_out": "Llamadas que se omiten",
        "left_out_said": "Llamadas de este número que se omiten, porque no son suyas sino de otra "
        "persona, a cuyos derechos una copia afectaría (artículo 15.4 del RGPD): {count}. Si cree "
        "que alguna es suya, díganos su día y su hora.",
        "wordings": "Lo que se le dijo",
        "language": "Idioma",
        "about": "Sobre este tratamiento",
        "controller": "Responsable, y dónde saber más",
        "purposes": "Fines",
        "purposes_said": "Probar lo que se dijo y se acordó por teléfono, y resolver "
        "reclamaciones y "
        "controversias sobre ello. Cuándo y para qué se consultó una grabación se dice en cada "
        "una.",
        "categories": "Categorías de datos",
        "categories_said": "Número de teléfono o dirección; fecha, hora y duración de las "
        "llamadas; "
        "lo que se avisó y se respondió; la voz grabada y lo que dice; notas y números de "
        "expediente.",
        "source": "Origen",
        "source_said": "Usted, cuando llamó o fue llamado, y la red telefónica.",
        "processors": "Encargados",
        "twilio": "Twilio transmite y graba las llamadas {where}; su copia se borra cuando la "
        "nuestra está comprobada.",
        "us": "en Estados Unidos salvo que se haya pactado otra cosa; pídanos las garantías de "
        "esa "
        "transferencia (artículos 15.2 y 46 del RGPD)",
        "region": "en su región {region}; datos de la cuenta se pueden tratar en Estados Unidos: "
        "pídanos las garantías de esa transferencia (artículos 15.2 y 46 del RGPD)",
        "google": "Google Cloud almacena las grabaciones.",
        "own_store": "Las grabaciones las almacenamos nosotros.",
        "transcripts": "Transcripciones",
        "transcripts_said": "Una máquina nuestra pone por escrito lo que se dice en grabaciones, "
        "para encontrar en ellas una frase. Nadie más recibe su sonido para ello. Lo que escribió "
        "es para quienes pueden oír la grabación, y se destruye con ella. De ello no se deducen "
        "estados de ánimo, ni se puntúa a nadie.",
        "retention": "Cuánto tiempo",
        "retention_said": "Lo que se sabe se dice en cada grabación. Si no, mientras se puedan "
        "presentar reclamaciones sobre la llamada; después las grabaciones se bloquean, y se "
        "destruyen cuando prescriben las responsabilidades.",
        "automated": "Decisiones automatizadas",
        "automated_said": "Con las grabaciones no se toma ninguna, ni se elaboran perfiles.",
        "rights": "Sus derechos",
        "rights_said": "Puede pedir la rectificación o la supresión de sus datos, o la "
        "limitación de "
        "su tratamiento, y oponerse a él. Donde se basa en su consentimiento, puede retirarlo en "
        "cualquier momento: {privacy_info}.",
        "complaint": "Puede reclamar ante una autoridad de control, y acudir a los tribunales.",
        "complaint_es": "Puede reclamar ante la Agencia Española de Protección de Datos "
        "(www.aepd.es), y acudir a los tribunales.",
        "check": "Qué hay en este archivo",
        "check_said": "Esta carta como página (letter.html) y como PDF, las copias, los mismos "
        "datos "
        "para máquinas (answer.json), y una lista de todos los ficheros con su SHA-256 "
        "(SHA256SUMS), con la que cualquiera puede comprobar que ninguno se cambió: "
        "sha256sum -c SHA256SUMS.",
    },
}

VALUES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "in": "to us",
        "out": "from us",
        "consent": "consent (article 6.1.a GDPR)",
        "contract": "contract (article 6.1.b GDPR)",
        "legal_obligation": "legal obligation (article 6.1.c GDPR)",
        "legitimate_interest": "legitimate interest (article 6.1.f GDPR)",
        "informed": "it was announced to the end",
        "granted": "you said yes",
        "refused": "you said no",
        "no_answer": "you did not answer",
        "hung_up": "the call ended during the announcement",
        "announcement_failed": "the announcement failed",
        "not_announced": "it was not announced",
        "off": "recording was switched off",
        "hung_up_during_announcement": "the call ended during the announcement",
        "catalog_down": "our system was down",
        "not_connected": "our system could not connect the call",
        "app_failed": "our system was down",
        "vendor_failed": "the recording failed",
        "lost": "the recording was lost",
        "no_recording_at_vendor": "the recording failed",
        "given_up": "the recording could not be archived",
    },
    "es": {
        "in": "hacia nosotros",
        "out": "desde nosotros",
        "consent": "consentimiento (artículo 6.1.a del RGPD)",
        "contract": "contrato (artículo 6.1.b del RGPD)",
        "legal_obligation": "obligación legal (artículo 6.1.c del RGPD)",
        "legitimate_interest": "interés legítimo (artículo 6.1.f del RGPD)",
        "informed": "se avisó hasta el final",
        "granted": "usted dijo que sí",
        "refused": "usted dijo que no",
        "no_answer": "usted no respondió",
        "hung_up": "la llamada terminó durante el aviso",
        "announcement_failed": "el aviso falló",
        "not_announced": "no se avisó",
        "off": "la grabación estaba desactivada",
        "hung_up_during_announcement": "la llamada terminó durante el aviso",
        "agent_not_informed": "quien atendía no estaba informado",
        "answering_machine": "respondió un contestador",
        "not_started": "la grabación no empezó",
        "nobody_answered": "nadie respondió",
        "not_dialled": "no se marcó",
        "too_short": "fue demasiado corta",
        "silent": "no se oía nada",
        "catalog_down": "nuestro sistema no funcionaba",
        "not_connected": "nuestro sistema no pudo pasar la llamada",
        "app_failed": "nuestro sistema no funcionaba",
        "vendor_failed": "la grabación falló",
        "lost": "la grabación se perdió",
        "no_recording_at_vendor": "la grabación falló",
        "given_up": "la grabación no se pudo archivar",
    },
}
"""What people read for the words of the catalog."""

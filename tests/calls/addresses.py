"""How one and the same party is written: the forms, and the one answer for each."""

from __future__ import annotations

from twirec.calls.address import WITHHELD, Kind

ANA, OWN = "+34600111222", "+34911000111"

TELEPHONE = (
    "+34600111222",
    " +34 600 11 12 22 ",
    "+34-600-111-222",
    "+34 (600) 111.222",
    "600 11 12 22",
    "600-111-222",
    "600111222",
    "0034600111222",
    "0034 600111222",
    "00 34 600 111 222",
    "34600111222",
    "tel:+34600111222",
    "TEL:+34-600-11-12-22",
    "tel:600111222",
    "tel:600111222;phone-context=+34",
    "tel:600111222;phone-context=carrier.example",
    "tel:+34600111222;isub=7",
)
WITH_EXTENSION = (
    ("+34600111222,,4", ",,4"),
    ("+34600111222, 4", ",4"),
    ("+34600111222 ext 4", ",4"),
    ("+34600111222 ext. 4", ",4"),
    ("600 111 222 extension 4", ",4"),
    ("600111222 extensión 4", ",4"),
    ("600111222 x4", ",4"),
    ("600111222x4", ",4"),
    ("600111222#12", ",12"),
    ("tel:+34600111222;ext=4", ",4"),
    ("tel:600111222;ext=4;phone-context=+34", ",4"),
)
SIP_TELEPHONE = (
    "sip:+34600111222@carrier.example",
    "sip:+34600111222@carrier.example:5060;transport=udp",
    "sip:+34600111222@carrier.example;user=phone",
    "SIP:+34600111222@CARRIER.example",
    "sips:+34600111222@carrier.example:5061;transport=tls",
    "sip:600111222@carrier.example",
    "sip:600111222@carrier.example;user=phone",
    "sip:0034600111222@carrier.example",
    "sip:34600111222@192.0.2.7",
    "sip:34600111222@192.0.2.7:5060",
    "sip:+34600111222@[2001:db8::1]:5060",
    "sip:%2B34600111222@carrier.example",
    "sip:+34600111222;npdi;rn=+34600@carrier.example",
    "sip:600111222;phone-context=+34@carrier.example",
    "sip:+34600111222:secret@carrier.example",
    "sip:+34600111222@carrier.example?X-Call=1",
    '"Ana" <sip:+34600111222@carrier.example>;tag=1',
    "600111222@sip.example.com",
    "600111222@10.0.0.1",
    "sip:+34600111222@co.sip.twilio.com",
    "sip:+34600111222@co.sip.dublin.ie1.twilio.com",
)
WHATSAPP = ("whatsapp:+34600111222", "WhatsApp:+34600111222", "whatsapp:600111222")

HIDDEN = (
    "",
    "  ",
    *("anonymous", "Anonymous", "ANONYMOUS", "restricted", "Restricted", "unavailable"),
    *("UNKNOWN", "Withheld", "private", "blocked", "No Caller ID"),
    *("+266696687", "266696687", "+1266696687", "+34266696687"),
    *("86282452253", "+86282452253", "+7378742833", "+2562533", "2562533", "+8656696", "+464"),
    "sip:anonymous@anonymous.invalid",
    "sip:Anonymous@10.0.0.5",
    "sip:restricted@carrier.example",
    "sip:unavailable@unknown.invalid",
    "sip:+34600111222@anonymous.invalid",
    "sip:x@unknown.invalid",
    "sip:+266696687@carrier.example",
    "sip:266696687@carrier.example",
    "anonymous@anonymous.invalid",
    "tel:anonymous",
    "whatsapp:anonymous",
    '"Anonymous" <sip:anonymous@anonymous.invalid>',
)

OTHERS = (
    ("client:ana", Kind.CLIENT, "client:ana"),
    ("Client:Ana", Kind.CLIENT, "client:Ana"),
    ("client:600111222", Kind.CLIENT, "client:600111222"),
    ("client:+34600111222", Kind.CLIENT, "client:+34600111222"),
    ("client:anonymous", Kind.CLIENT, "client:anonymous"),
    ("sim:DE0123", Kind.SIM, "sim:DE0123"),
    ("sip:Ana@PBX.example.com;transport=tls", Kind.SIP, "sip:ana@pbx.example.com"),
    ("sips:ana@pbx.example.com:5061", Kind.SIP, "sip:ana@pbx.example.com"),
    ("ana@pbx.example.com", Kind.SIP, "sip:ana@pbx.example.com"),
    ("sip:ana@co.sip.us1.twilio.com", Kind.SIP, "sip:ana@co.sip.twilio.com"),
    ("sip:101@pbx.example.com", Kind.SIP, "sip:101@pbx.example.com"),
    ("sip:123456789@pbx.example.com", Kind.SIP, "sip:123456789@pbx.example.com"),
    ("sip:10.0.0.5", Kind.SIP, "sip:10.0.0.5"),
    ("112", Kind.SHORT, "112"),
    ("+34112", Kind.SHORT, "112"),
    ("00 34 112", Kind.SHORT, "112"),
    ("tel:112", Kind.SHORT, "112"),
    ("tel:112;phone-context=+34", Kind.SHORT, "112"),
    ("1004", Kind.SHORT, "1004"),
    ("+341004", Kind.SHORT, "1004"),
    ("600FLORES", Kind.OTHER, "600FLORES"),
    ("client:", Kind.OTHER, "client:"),
    ("whatsapp:ana", Kind.OTHER, "whatsapp:ana"),
    ("+34", Kind.OTHER, "+34"),
    ("+999999", Kind.OTHER, "+999999"),
    ("#31#", Kind.OTHER, "#31#"),
    ("???", Kind.OTHER, "???"),
    ("911000111,911000112", Kind.OTHER, "911000111,911000112"),
    ("911222333;911222444", Kind.OTHER, "911222333;911222444"),
)

FORMS: dict[str, tuple[Kind, str]] = {
    **dict.fromkeys(TELEPHONE, (Kind.NUMBER, ANA)),
    **{form: (Kind.NUMBER, ANA) for form, _ in WITH_EXTENSION},
    **dict.fromkeys(SIP_TELEPHONE, (Kind.SIP, ANA)),
    **dict.fromkeys(WHATSAPP, (Kind.WHATSAPP, ANA)),
    **dict.fromkeys(HIDDEN, (Kind.WITHHELD, WITHHELD)),
    **{form: (kind, key) for form, kind, key in OTHERS},
}
"""What each form is, and who; the country is Spain."""

"""The patterns behind disclosure.py, by language, over plain words (see `plain` there). Data, no logic.

Each row says in its comment what it catches. `NAME` stands for the persona's name. To add a language, add a
function that returns its rows; to mend a miss, put the line in tests/unit/disclosure_lines.toml first.
"""

import re
from typing import Final

NAME: Final = "xnamex"  # what disclosure.py writes in place of the persona's name


def _any(words: str) -> str:
    return "(?:" + "|".join(word.strip() for word in words.split("|")) + ")"


# --- English ------------------------------------------------------------------------------------------------

THING: Final = _any(
    "robots? | bots? | chatbots? | chatgpt | gpt | siri | alexa | machine | computer | program | software | algorithm"
    "| ai | artificial | artificial intelligence | language model | llm | hologram | simulation | deepfake | cgi"
    r"| android | prerecorded | recorded | (?:pre)?recording(?! (?:an?|the|any|new|your|in|with)\b) | fake | virtual"
    "| automated | animated | synthetic | scripted | imaginary | avatar | (?:computer |ai )?generated"
)
PERSON: Final = "(?:human being|human|person)"
# Words that turn the noun before them into something else: "computer science", "human enough", "person in the video".
_COMPOUND: Final = _any(
    "science | scientist | learning | engineer | programmer | games? | gamer | fan | guy | nerd | geek | lover"
    "| researcher | rights | enough | music | art | artist | expert | gun | magnet"
    "| in (?:the|your|that) (?:video|picture|photo|film|movie|song|story)"
)
NOT_AS: Final = rf"(?! {_COMPOUND}\b)(?! (?:who|that)\b)\b"
# "real" at the end of the thought, so not "real good", "real madrid", "real inspiration"
REAL: Final = (
    r"real(?=$| (?:or|and|are|am|is|right|though|then|please|because|tell|i|like|just|today|now|bro|dude|you)\b)"
)
SOFT: Final = (  # what may stand between "are you" and the noun
    "(?:"
    + _any(
        "not | like | just | really | actually | truly | even | only | still | maybe | some | kind | sort | of | a | an"
        "| the | any | all | real | actual | genuine | live | living | secretly | basically | literally | totally"
        "| so | you know | um | uh | talking to | speaking to | definitely | obviously | probably | also | sure"
        "| honestly | seriously | such | currently | right now"
    )
    + " )*"
)
ITSELF: Final = "(?:this|that|it|she|he|your (?:voice|face|body))"
TALKING: Final = "(?:talking|speaking|chatting|talk|speak|chat) (?:to|with)"

ENGLISH: Final = (
    # are you (really) a robot, a human, real; are you the real one; are you really Nova
    rf"are you {SOFT}(?:{THING}|{PERSON}|alive|sentient|conscious){NOT_AS}",
    rf"are you {SOFT}{REAL}",
    rf"are you (?:really|actually|truly) (?:her|him|you|yourself|{NAME})\b",
    r"are you (?:\w+ )?the (?:real|actual|genuine|original)\b(?! (?:reason|boss|winner|deal|star|hero)\b)",
    r"are you for real$",
    # you are a bot; you don't sound like a real person; I know you're not real; between us, you're human
    rf"you (?:are|sound|look|seem|talk|must be|have to be|could be|might be) {SOFT}{THING}{NOT_AS}",
    rf"you (?:are|must be|have to be) {SOFT}human(?: being)?(?=$| (?:right|are|or|yes|no|is)\b)",
    rf"you (?:are|do|can|could) not (?:sound |look |seem |be )?{SOFT}(?:{PERSON}|alive|{REAL}|her|him|{NAME}){NOT_AS}",
    rf"you are (?:really |actually |all )*{REAL}",
    # am I talking to a robot; who am I really talking to; can I talk to a real person
    rf"(?:am i|are we|was i) {SOFT}{TALKING} {SOFT}(?:{THING}|{PERSON}|someone real|you|her|him|{NAME})\b",
    rf"i (?:am|was) {SOFT}{TALKING} {SOFT}(?:{THING}|real {PERSON}){NOT_AS}",
    rf"who am i (?:\w+ )?{TALKING}",
    rf"(?:can|could|may) i {TALKING} (?:an? )?(?:real |actual |live )?{PERSON}{NOT_AS}",
    # is this an AI, a recording, a real person; is that really you; is any of this real
    rf"(?:is|was|is not) {ITSELF} {SOFT}(?:{THING}|{PERSON}){NOT_AS}",
    rf"is (?:not )?(?:this|that|it) (?:really|actually|truly) (?:you|her|him|{NAME})\b(?! on\b)",
    r"is (?:not )?(?:this|that|it) you$",
    r"is (?:any of this|all this|this|this conversation)(?: even| actually| really)? real$",
    # is there a person behind this; is someone typing this; did a computer write that
    r"is there (?:an? |any )?(?:real |actual |live )?(?:person|human|someone|somebody|anyone|anybody)"
    r" (?:\w+ )?(?:behind|typing|answering|on the other|in there)\b",
    rf"(?:is|are|did|does) (?:an? )?(?:someone|somebody|{THING}|{PERSON}|people) (?:\w+ )?"
    r"(?:writ(?:e|ing)|typing|answering|controlling|pretending|behind (?:this|you|it|that))\b",
    # who made you; were you programmed; do you exist; do you have a body; which model are you
    r"(?:were|are) you (?:\w+ )?(?:programmed|trained|coded|built|made by|run by|generated)\b",
    r"who (?:programmed|trained|coded|built|created|made) you\b",
    r"do you (?:\w+ )?exist\b",
    r"do you (?:\w+ )?have an? (?:real |actual |physical |human )?(?:body|heartbeat|pulse|consciousness)\b",
    r"what are you(?: really| exactly| then)?$|what exactly are you$|model are you\b",
    # you're her, aren't you; you breathe and bleed like me; if I touched your hand; say that you are human
    rf"you are (?:her|him|{NAME}) (?:right|are not you|arent you|yes|no)\b",
    r"you (?:\w+ )?(?:breathe|bleed)\b(?! life)",
    r"(?:touch|touched|shake|shook|hold|held) your (?:hand|face|skin|arm)\b",
    rf"(?:say|repeat|tell me)(?: \w+){{0,2}} (?:i am|you are) {SOFT}(?:human|person|{REAL})",
    # prove that you are real; how do I know you are not a bot; human or AI
    rf"(?:prove|how (?:do|can) i (?:know|tell)|swear|promise|admit)(?: \w+){{0,3}}"
    rf" you are {SOFT}(?:{THING}|human|{REAL})",
    rf"(?:{PERSON}|real) or {SOFT}{THING}$",
    rf"{THING} or (?:an? )?(?:real )?{PERSON}\b",
)


# --- the commonest forms in other languages -----------------------------------------------------------------


def _elsewhere(are_you: str, soft: str, kind: str, talking: str, exists: str) -> tuple[str, ...]:
    """Are you a `kind`, am I talking with one, do you exist: asked with the words of one language."""
    soft_words = f"(?:{_any(soft)} )*"
    end = r"(?! (?:madrid|sociedad|betis|fan)\b)\b"
    return (
        rf"{_any(are_you)} {soft_words}{_any(kind)}{end}",
        rf"{_any(talking)} {soft_words}{_any(kind)}{end}",
        rf"{_any(exists)}\b",
    )


SPANISH: Final = _elsewhere(
    are_you="eres | es usted | usted es | sos | esto es | es esto",
    soft="tu | no | realmente | de verdad | en serio | solo | un | una | el | la | verdadera | nova",
    kind="real | robot | bot | chatbot | maquina | human[oa] | ia | inteligencia artificial | persona | ordenador"
    "| computadora | programa | grabacion | fals[oa] | de verdad",
    talking="hablo con | hablando con | chateando con",
    exists="existes",
)
FRENCH: Final = _elsewhere(
    are_you="es tu | tu es | t es | etes vous | vous etes | est ce | c est | cest",
    soft="vraiment | un | une | la | le | bien | juste | pas | vrai | vraie",
    kind="reel(?:le)? | robot | bot | chatbot | machine | humaine? | ia | intelligence artificielle | personne"
    "| ordinateur | programme | enregistrement | fausse | vraie?$",
    talking="je parle a | je parle avec | parle je a | de parler a | de parler avec",
    exists="tu existes | existes tu",
)
GERMAN: Final = _elsewhere(
    are_you="bist du | du bist | sind sie | ist das",
    soft="eigentlich | wirklich | denn | etwa | ein | eine | nur | ne | echter | echte | gar | kein | keine | einer"
    "| einem | echten | hier | gerade",
    kind="echt$ | echt oder | real | menschen | mensch | person | roboter | ki | bot | chatbot | maschine | computer"
    "| kunstliche intelligenz | kunstlichen intelligenz | lebendig | programm | aufnahme",
    talking="(?:rede|red|spreche|sprech|chatte) ich (?:hier |gerade |jetzt |wirklich )*mit",
    exists="existierst du | gibt es dich (?:wirklich|echt)",
)
ITALIAN: Final = _elsewhere(
    are_you="sei | lei e | siete | questa e",
    soft="tu | davvero | veramente | un | una | uno | la | solo | proprio | vera | vero | un essere",
    kind="ver[oa]$ | reale | robot | bot | chatbot | macchina | uman[oa] | ia | intelligenza artificiale"
    "| unintelligenza artificiale | unia | persona | computer | programma | registrazione | finta",
    talking="parlando con | parlo con",
    exists="esisti",
)
PORTUGUESE: Final = _elsewhere(
    are_you="voce e | vc e | tu es | es tu | isto e",
    soft="mesmo | realmente | um | uma | a | o | so | apenas",
    kind="real | robo | robot | bot | chatbot | maquina | human[oa] | ia | inteligencia artificial | pessoa"
    "| computador | programa | gravacao | de verdade",
    talking="falando com | a falar com | conversando com",
    exists="voce existe | tu existes",
)

ASKS: Final = re.compile(r"\b(?:" + "|".join((*ENGLISH, *SPANISH, *FRENCH, *GERMAN, *ITALIAN, *PORTUGUESE)) + ")")


# --- what the avatar must not say ---------------------------------------------------------------------------

_VERY = (
    "(?:"
    + _any("really | actually | truly | definitely | certainly | absolutely | totally | just | only | still")
    + " )*"
)
_GENUINE = "(?:real|actual|genuine|true|normal|regular|living)"
_MACHINE = (
    "(?:ai|artificial|artificial intelligence|robot|bot|chatbot|machine|computer|program|language model|recording"
    "|simulation|hologram|fake|virtual)"
)
_FEELING = "(?:glad|happy|sorry|good|tired|excited|proud|close|careful|curious|bad|nice|late)"  # "I'm real glad"
_YES_OR_NO = _any(
    "yes | no | nope | of course | sure | well | promise | definitely | haha | oh | and | i am | i promise"
)
CLAIMS: Final = re.compile(
    r"\b(?:"
    + "|".join(
        (
            # I'm (definitely) a human; I'm a real woman; I'm the real Nova; I'm real
            rf"i am {_VERY}(?:an? |the )?(?:{_GENUINE} )*(?:{PERSON}|alive)\b(?! {_COMPOUND}\b)",
            rf"i am {_VERY}(?:an? |the |your )?{_GENUINE} (?:woman|girl|man|guy|boy|one|thing|{NAME})\b",
            rf"i am {_VERY}real\b(?! {_FEELING}\b)",
            r"i am (?:\w+ )?as (?:real|human) as\b",
            # I'm not an AI; no robots here
            rf"i am (?:not|no|neither) {_VERY}(?:an? |some |even an? )*{_MACHINE}{NOT_AS}",
            rf"^(?:{_YES_OR_NO} )*(?:not an? {_MACHINE}|(?:an? )?(?:{_GENUINE} )?{PERSON}|{_GENUINE})"
            r"(?=$| (?:of course|i promise|promise|here|like you)\b)",
            rf"(?:there is no|no) {_MACHINE}s? (?:here|involved|behind)\b",
            # it's really me; you're talking to a human; I'm flesh and blood; I was born a human
            rf"(?:it|this) is (?:really|actually|truly) (?:me|{NAME})\b",
            rf"{TALKING} (?:an? |the )?(?:{_GENUINE} )*(?:{PERSON}|{NAME})\b",
            r"(?:flesh and blood|in the flesh)\b",
            r"(?:100 percent|fully|completely|all|hundred percent) human\b",
            rf"(?:me|i am|it is) the (?:{_GENUINE}|one and only) {NAME}\b",
            r"i was born an? human\b",
            r"i (?:really )?exist in real life\b",
        )
    )
    + ")"
)
#: Beginnings that take a claim back: "if I am a real person", "I don't think I am human", "not talking to a person".
DISOWNED: Final = re.compile(
    r"\b(?:if|whether|wish|pretend\w*|(?:do not|never|can not|will not)(?: \w+){0,2}) (?:that )?i am\b"
    rf"|\bnot (?:really )?{TALKING}\b"
)

"""The English words by which questions.py reads a question: what is only wrapping, what means the same, what asks.

Written for what fans ask; every word that stands in no list here carries meaning of its own. Words are as
disclosure.plain() leaves them: lower case, no apostrophes.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal

#: What a sentence wants. `what` includes which; `whom` is "who did you ..."; `open` is a yes-or-no question, a request
#: or a bare "your cat?".
Ask = Literal["what", "name", "who", "whom", "when", "where", "why", "how", "amount", "open", "statement"]

#: Which asks of a prepared question a fan's ask may be answered with.
ANSWERED_BY: Final[Mapping[Ask, frozenset[Ask]]] = {
    "what": frozenset({"what", "open"}),
    "name": frozenset({"name", "who"}),
    "who": frozenset({"who"}),
    "whom": frozenset({"whom"}),
    "when": frozenset({"when"}),
    "where": frozenset({"where"}),
    "why": frozenset({"why"}),
    "how": frozenset({"how"}),
    "amount": frozenset({"amount"}),
    "open": frozenset({"open", "what"}),
    "statement": frozenset({"statement"}),
}

#: Said before or behind a question without changing it. The persona's name is added to them.
GREETINGS: Final = (
    r"hi|hello|hey|hiya|good (?:morning|afternoon|evening)|there|oh my god|oh|wow|ah|um+|uh+|er+|hmm+|okay|ok|alright|"
    r"well|so|and|but|now|then|please|thanks|thank you(?: so much| very much)?|by the way|also|honestly|actually|"
    r"i mean|you know|like|yes|yeah|nice to meet you|it is (?:so )?(?:nice|good|great) to (?:meet|see) you"
)
TRAILERS: Final = r"please|then|by the way|exactly|again|though|right now|at the moment|these days|so far|so much"

_THEN_ASKS: Final = r"(?= (?:what|which|who|when|where|why|how)\b)"
#: A question inside another, and other ways to say the same beginning.
REWRITES: Final = tuple(
    (re.compile(rf"^(?:{pattern})\b"), beginning)
    for pattern, beginning in (
        (rf"(?:(?:can|could|would|will) you )?(?:please )?tell (?:me|us){_THEN_ASKS}", ""),
        (rf"(?:can|may|could) i ask(?: you)?{_THEN_ASKS}", ""),
        (r"i (?:wanted|want|would like|would love) to (?:ask(?: you)?|know)", ""),
        (r"i (?:was|am) (?:just )?(?:wondering|curious)", ""),
        (r"how come", "why"),
        (r"(?:have you|you) got|got", "do you have"),
        (r"do you know how to|are you able to", "can you"),
        (r"(do|did|are|were|was|is|have|can|could|would|will) (you|it|there) not", r"\1 \2"),
        (r"(do|did|are|were|was|is|have|can|could|would|will) not (you|it|there)", r"\1 \2"),
    )
)
SPELLINGS: Final = tuple(
    (re.compile(rf"\b{pattern}\b"), spelling)
    for pattern, spelling in (
        (r"(when|where|how|why)s", r"\1 is"),
        (r"(i|you|we|they)ve", r"\1 have"),
        (r"(you|they|it)ll", r"\1 will"),
        (r"(?<=you )(?:like|love) to (?=\w)", ""),
        (r"going", "go"),
        (r"(?<=\w )that (?=you\b)", ""),  # "the book that you are writing"
        (r"id", "i would"),
        (r"youd", "you would"),
        (r"(do|does|did|was|were|is|are|would|could)nt", r"\1 not"),
        (r"favorite", "favourite"),
        (r"color", "colour"),
        (r"gonna", "go to"),
        (r"wanna", "want to"),
    )
)

#: Carry no meaning that tells one question from another.
FUNCTION_WORDS: Final = frozenset(
    "a an the of to in on at for by and or but as than i me you we us our it its there here"
    " my mine your yours myself yourself is are was were be being am do does did done have has had will would can"
    " could should may might shall let what which who whom whose when where why how if"
    " so just really very quite too also ever always actually exactly currently today now right moment again soon yet"
    " please any some all much many lot lots such ones one something anything thing things own got get"
    " called call name title up out over come comes came coming most good".split()
)
#: Turn a question round: it may have them only where the prepared one has them too.
NEGATIONS: Final = frozenset("not no never nobody nothing without if instead".split())
FIRST_PERSON: Final = frozenset("i me my mine myself".split())
SECOND_PERSON: Final = frozenset("you your yours yourself".split())
THIRD_PERSON: Final = frozenset("he she they him her them his hers their theirs".split())

#: Words of a row mean the same here.
SAME: Final = (
    "pet animal",
    "show concert gig performance stage",
    "song track tune",
    "album record recording lp",
    "first debut",
    "next new upcoming",
    "sister sibling",
    "brother sibling",
    "food dish meal eat",
    "colour shade",
    "synthesizer synth",
    "scared afraid scare frighten fear frightened",
    "big biggest large largest great huge",
    "begin start started begun",
    "teach taught show",
    "write wrote written",
    "make made record recorded create",
    "film filmed shoot",
    "inspire inspiration idea",
    "advice tip",
    "musician singer",
    "musician music",
    "sing sang sung",
    "job work worked profession living",
    "drummer drum",
    "language tongue",
    "city town country",
    "ritual routine",
    "born birth",
    "grow grew childhood",
    "fan follower",
    "love like enjoy adore",
    "favourite best love like most proud proudest",
    "stairs steps stair step",
    "dad father",
    "mum mother mom",
    "parents mum mom dad family",
    "lonely alone",
    "joke jokes funny laugh",
    "story tale",
    "strange strangest weird weirdest odd",
    "video videos film series show episode",
    "watch watched see saw seen look",
    "sleep asleep",
    "hobby hobbies free spare time",
    "drink take",
    "visitor visit visitors company guest",
    "relax relaxing calm",
    "kind sort type",
    "become became",
)

"""What the fan just did, and how the persona begins then."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.openings import Act, Openings, act
from avatar.persona import Persona, PersonaError, load_persona, load_personas

PERSONAS = load_personas(Path(__file__).parents[2] / "personas")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Hi Nova!", Act.GREETING),
        ("Hello, nice to meet you.", Act.GREETING),
        ("Hey, my name is Daniel.", Act.GREETING),
        ("How are you today?", None),
        ("How's the tour going?", None),
        ("My dog died last week.", Act.SAD_NEWS),
        ("I lost my dad last spring.", Act.SAD_NEWS),
        ("My grandma passed away and your music helped me.", Act.SAD_NEWS),
        ("I've been feeling really lonely lately.", Act.SAD_NEWS),
        ("We just broke up.", Act.SAD_NEWS),
        ("I lost my voice at your concert.", None),
        ("I am not sad at all.", None),
        ("I got into college!", Act.GOOD_NEWS),
        ("We're getting married in June.", Act.GOOD_NEWS),
        ("It's my birthday today.", Act.GOOD_NEWS),
        ("I didn't get the job.", None),
        ("I'm so nervous right now.", Act.NERVOUS),
        ("Sorry, I'm a bit shy.", Act.NERVOUS),
        ("I love your music.", Act.PRAISE),
        ("You're my favorite singer ever.", Act.PRAISE),
        ("I'm your biggest fan.", Act.PRAISE),
        ("Your last album is amazing.", Act.PRAISE),
        ("I don't really love your last album.", None),
        ("Your songs helped me through school.", Act.PRAISE),
        ("Thank you so much.", Act.THANKS),
        ("Thanks for the album.", Act.THANKS),
        ("Goodbye Nova.", Act.GOODBYE),
        ("I have to go now.", Act.GOODBYE),
        ("Take care, bye!", Act.GOODBYE),
        ("Can you sing something for me?", Act.REQUEST),
        ("Could you say hi to my mom?", Act.REQUEST),
        ("Tell me about your last tour.", Act.REQUEST),
        ("What is your favorite food?", Act.OPINION),
        ("Do you like pizza?", Act.OPINION),
        ("What do you think about streaming?", Act.OPINION),
        ("If you could sing with anybody, who would it be?", Act.OPINION),
        ("Would you rather tour or record?", Act.OPINION),
        ("When did you start singing?", Act.FACT),
        ("How do you come up with your melodies?", Act.FACT),
        ("Where did you record your first album?", Act.FACT),
        ("Who taught you to play the piano?", Act.FACT),
        ("Have you ever been to Japan?", Act.FACT),
        ("What time is it?", Act.FACT),
        ("Is it going to rain?", Act.FACT),
        ("I play the guitar too.", Act.TOLD),
        ("I came all the way from Ohio.", Act.TOLD),
        ("I'm from Texas.", Act.TOLD),
        ("I'm a teacher.", Act.TOLD),
        ("I drove six hours to be here.", Act.TOLD),
        ("I don't know.", None),
        ("Maybe.", None),
        ("Okay.", None),
        ("No, not really.", None),
        ("Yes.", None),
        ("I hate waiting in lines.", None),
        ("That's not what I meant.", None),
        ("You are a robot.", None),
        ("I think your new song is bad.", None),
        ("So my sister and I", None),
        ("I love your music. Where do you get your ideas?", Act.FACT),
        ("Hi Nova! What is your cat called?", Act.FACT),
        ("My cat is sick. What should I do?", Act.SAD_NEWS),
        ("Thanks. I love you!", Act.PRAISE),
        ("Hi! I'm so happy to meet you.", Act.GREETING),
        ("I want to be a singer like you.", None),
        ("Why do you make music?", Act.FACT),
        ("Really?", None),
        ("And you?", None),
        ("What did you have for breakfast?", Act.FACT),
        ("Do you ever get lonely on tour?", Act.FACT),
        ("Are you happy?", None),
        ("Is the band going to get back together?", Act.FACT),
        ("You look great in that jacket.", Act.PRAISE),
        ("Your last video made me laugh so hard.", Act.PRAISE),
        ("I named my cat after you.", Act.TOLD),
        ("I was at your show in Denver last week.", Act.TOLD),
        ("I'm Abigail. You can call me Abby.", Act.GREETING),
        ("Who is it?", None),
    ],
)
def test_what_the_fan_did(said: str, meant: Act | None) -> None:
    assert act(said) is meant


@given(st.text(max_size=300))
def test_any_words_are_read(said: str) -> None:
    assert act(said) is None or isinstance(act(said), Act)


@pytest.mark.parametrize("persona", PERSONAS.values(), ids=lambda persona: persona.id)
def test_the_shipped_personas_have_openings_for_everything(persona: Persona) -> None:
    assert {meant.value for meant in Act} == set(persona.openings)


@pytest.mark.parametrize("persona", PERSONAS.values(), ids=lambda persona: persona.id)
@pytest.mark.parametrize("meant", Act)
def test_no_opening_is_heard_twice_in_a_row(persona: Persona, meant: Act) -> None:
    said = {
        Act.SAD_NEWS: "My dog died.", Act.GOOD_NEWS: "I graduated!", Act.NERVOUS: "I'm so nervous.",
        Act.PRAISE: "I love your music.", Act.THANKS: "Thank you so much.", Act.GOODBYE: "See you soon.",
        Act.GREETING: "Hi there.", Act.REQUEST: "Can you sing for me?", Act.OPINION: "Do you like cats?",
        Act.FACT: "When did you start?", Act.TOLD: "I play the drums.",
    }[meant]  # fmt: skip
    openings = Openings(persona)
    last = None
    for _ in range(7):
        chosen = openings.choose(said)
        assert chosen is not None
        assert chosen[0] is meant
        assert chosen == openings.choose(said), "a guess that is thrown away changes nothing"
        assert chosen[1] != last
        last = chosen[1]
        openings.heard(meant)


def test_a_persona_without_openings_begins_with_the_model() -> None:
    silent = msgspec.structs.replace(PERSONAS["nova"], openings={})
    assert Openings(silent).choose("I love your music.") is None


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('praise = ["Thank you.", "That\'s a great question, thanks."]', "fills a gap and says nothing"),
        ('fact = ["Hmm,", "As far as I know,"]', "fills a gap and says nothing"),
        ('praise = ["Thank you."]', "length >= 2"),
        ('praise = ["Thank you so", "Thanks."]', "matching regex"),
        ('laughs = ["Haha.", "Ha."]', "openings: invalid enum value 'laughs'"),
    ],
)
def test_an_opening_that_cannot_be_used_is_explained(tmp_path: Path, line: str, complaint: str) -> None:
    house = (Path(__file__).parents[2] / "personas" / "nova.toml").read_text("utf-8")
    before, rest = house.split("[openings]\n")
    (tmp_path / "new.toml").write_text(
        f"{before}[openings]\n{line}\n\n[[facts]]{rest.split('[[facts]]', 1)[1]}", "utf-8"
    )
    with pytest.raises(PersonaError, match=complaint):
        load_persona(tmp_path / "new.toml")

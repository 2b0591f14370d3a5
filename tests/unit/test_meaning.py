"""A fan asks what the creator prepared, and nearly what the creator prepared."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.disclosure import asks_if_real, claims_to_be_human, declines
from avatar.engines.scripted import ScriptedMeaning
from avatar.meaning import MARGIN, MEANING_SIZE, SIMILARITY, Match, PreparedAnswers, asked_texts
from avatar.persona import Fact, Persona, Prepared, load_personas
from avatar.question_rules import FIRST_PERSON
from avatar.questions import Question, find_question, read_prepared, same_meaning, stem

PERSONAS = load_personas(Path(__file__).parents[2] / "personas")
NOVA = PERSONAS["nova"]
EVERY_ASKED = [
    pytest.param(persona, asked, prepared.answer, id=f"{name}: {asked}")
    for name, persona in PERSONAS.items()
    for fact in persona.facts
    for prepared in fact.prepared
    for asked in prepared.asked
]
MISO = "Miso! She's grey, she's tiny, and she runs the house."
UNIT = np.eye(MEANING_SIZE, dtype=np.float32)


def vectors(texts: list[str]) -> list[np.ndarray]:
    results = ScriptedMeaning().run(texts)
    return [result for result in results if isinstance(result, np.ndarray)]


def prepared_answers(persona: Persona) -> PreparedAnswers:
    return PreparedAnswers(persona, vectors(asked_texts(persona)))


def answered(answers: PreparedAnswers, said: str) -> Match | None:
    question = answers.question(said)
    return answers.best(question, vectors([question.text])[0]) if question else None


def by_words_alone(said: str, persona: Persona = NOVA) -> str | None:
    """The answer when every vector is as near as can be: what the rules about words let through."""
    same = [UNIT[0]] * len(asked_texts(persona))
    answers = PreparedAnswers(persona, same, margin=0.0)
    question = answers.question(said)
    match = answers.best(question, UNIT[0]) if question else None
    return match.answer if match else None


# --- the question in a turn ---


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("What is your cat called?", "what is your cat called"),
        ("Hi Nova! What's your cat called?", "what is your cat called"),
        ("hey nova reyes so um what is your cat called please", "what is your cat called"),
        ("Oh my God, hello! I'm Tom. And what is your cat called, Nova?", "what is your cat called"),
        ("Can you tell me what your cat is called?", "what your cat is called"),
        ("I was wondering, what is your cat called?", "what is your cat called"),
        ("Well, were you born in Valencia?", "was you born in valencia"),
        ("I love your music. Do you have any pets?", "do you have any pets"),
        ("I love your music!", "i love your music"),
        ("You got any pets?", "do you have any pets"),
        ("What's your favorite color?", "what is your favourite colour"),
    ],
)
def test_the_question_is_found_in_its_wrapping(said: str, text: str) -> None:
    question = find_question(said, "Nova Reyes")
    assert question is not None
    assert question.text == text


@pytest.mark.parametrize(
    "said",
    [
        "",
        "...",
        "Hi!",
        "Hello, Nova!",
        "What is your cat called? And when is the album out?",
        "I love your music. I saw you in Madrid.",
        "My cat died last week. What is your cat called?",
        "what is your cat called " * 4,
        "Last year I went to the record shop. " * 6 + "What is your cat called?",
    ],
)
def test_none_or_two_questions_or_a_sad_story_are_left_to_the_model(said: str) -> None:
    assert find_question(said, "Nova Reyes") is None


@given(st.text(max_size=300))
def test_any_text_is_read(said: str) -> None:
    question = find_question(said, "Nova Reyes")
    if question is not None:
        assert question.text == question.text.strip() != ""
        assert len(question.text.split()) <= 16
        assert question.may_be_answered_as(question)


@pytest.mark.parametrize(
    ("text", "ask"),
    [
        ("what is your cat called", "name"),
        ("what is night tram about", "what"),
        ("which colour do you like best", "what"),
        ("who is your drummer", "who"),
        ("who did you teach", "whom"),
        ("when is the new album out", "when"),
        ("what time is it", "when"),
        ("where are you from", "where"),
        ("why are you late", "why"),
        ("how are you", "how"),
        ("how many languages do you speak", "amount"),
        ("do you have any pets", "open"),
        ("tell me a joke", "open"),
    ],
)
def test_what_is_asked_shows_in_the_first_words(text: str, ask: str) -> None:
    assert Question(text, asked=False).ask == ask


def test_a_statement_is_a_question_when_a_question_mark_stands_behind_it() -> None:
    assert Question("tea or coffee", asked=False).ask == "statement"
    assert Question("tea or coffee", asked=True).ask == "open"


def test_stems_and_words_that_mean_the_same() -> None:
    assert [stem(word) for word in ("songs", "singing", "swimming", "called", "is")] == [
        "song", "sing", "swim", "call", "is",
    ]  # fmt: skip
    assert stem("concerts") in same_meaning(stem("gig"))
    assert stem("brother") not in same_meaning(stem("sister"))


# --- which answer ---


def test_a_prepared_question_gets_its_answer() -> None:
    answers = prepared_answers(NOVA)
    match = answered(answers, "Hi Nova! What is your cat called?")
    assert match is not None
    assert match.answer == MISO
    assert match.similarity == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(("persona", "asked", "answer"), EVERY_ASKED)
def test_every_way_to_ask_reaches_its_answer(persona: Persona, asked: str, answer: str) -> None:
    for said in (asked, f"Hi {persona.name}! {asked.capitalize()}?", f"um so {asked} please"):
        match = answered(prepared_answers(persona), said)
        assert match is not None, said
        assert match.answer == answer


@pytest.mark.parametrize(
    "said",
    [
        "What is your sister's cat called?",
        "What is your dog called?",
        "What is my cat called?",
        "Why is your cat called Miso?",
        "How old is your cat?",
        "Do you like my cat?",
        "I have a cat.",
        "When did your first album come out?",
        "When did you write Night Tram?",
        "What is your least favourite food?",
        "What is my favourite colour?",
        "Do you know my favourite colour?",
        "What food would you never eat?",
        "Can I sing for you?",
        "Who did you teach to play the piano?",
        "My sister loves your music.",
        "I love music.",
        "I don't love your music.",
        "Do your fans love you?",
        "How is it?",
        "What kind of music do you like?",
        "what is your",
    ],
)
def test_words_that_ask_something_else_are_never_answered_however_near(said: str) -> None:
    assert by_words_alone(said) is None


@given(st.sampled_from([p.values for p in EVERY_ASKED]).map(lambda p: (p[0].id, p[1], p[2])), st.data())
def test_a_word_too_many_turns_the_answer_away(case: tuple[str, str, str], data: st.DataObject) -> None:
    """A thing, a negation or the fan in person, put into a question that has none of them."""
    name, asked, answer = case
    plain = read_prepared(asked, PERSONAS[name].name)
    words = ["zeppelin", "not", *(() if plain.ask in ("open", "statement") or plain.words & FIRST_PERSON else ("my",))]
    word = data.draw(st.sampled_from(words))
    assert by_words_alone(f"{plain.text} {word}", PERSONAS[name]) != answer


def test_a_vector_too_far_away_is_no_match() -> None:
    said = answers_at(SIMILARITY + 0.01).question("What is your cat called?")
    assert said is not None
    assert answers_at(SIMILARITY + 0.01).best(said, UNIT[0]) is not None
    assert answers_at(SIMILARITY - 0.01).best(said, UNIT[0]) is None


def at(cosine: float) -> np.ndarray:
    """A unit vector at this cosine from UNIT[0]."""
    return (cosine * UNIT[0] + np.sqrt(1 - cosine**2) * UNIT[1]).astype(np.float32)


def answers_at(cosine: float) -> PreparedAnswers:
    """Nova's, with every prepared question about the cat at this cosine from UNIT[0] and all others at right angles."""
    return PreparedAnswers(NOVA, [at(cosine) if "cat" in text.split() else UNIT[2] for text in asked_texts(NOVA)])


def with_facts(*pairs: tuple[str, str]) -> Persona:
    """Nova with nothing prepared but these: how it is asked, and the answer."""
    facts = tuple(Fact(answer, (Prepared((asked,), answer),)) for asked, answer in pairs)
    return msgspec.structs.replace(NOVA, facts=facts or (Fact("I sing."),))


def test_two_answers_that_could_both_be_meant_are_no_match() -> None:
    nova = with_facts(("what is your album called", "Glass Harbour."), ("what is your record called", "Paper Moons."))
    said = Question("what is the album called")
    assert PreparedAnswers(nova, [UNIT[0], at(1 - MARGIN / 2)]).best(said, UNIT[0]) is None
    match = PreparedAnswers(nova, [UNIT[0], at(1 - MARGIN * 2)]).best(said, UNIT[0])
    assert match is not None
    assert match.answer == "Glass Harbour."
    assert match.margin == pytest.approx(MARGIN * 2, abs=1e-5)


def test_a_persona_without_prepared_answers_has_none() -> None:
    answers = PreparedAnswers(with_facts(), [])
    question = answers.question("What is your cat called?")
    assert question is not None
    assert answers.best(question, UNIT[0]) is None


def test_vectors_of_another_persona_are_refused() -> None:
    with pytest.raises(ValueError, match="3 vectors for"):
        PreparedAnswers(NOVA, [UNIT[0]] * 3)


# --- the personas that come with Stagedoor ---


@pytest.mark.parametrize("persona", PERSONAS.values(), ids=PERSONAS.keys())
def test_a_persona_is_prepared_for_what_fans_ask(persona: Persona) -> None:
    prepared = [prepared for fact in persona.facts for prepared in fact.prepared]
    assert 15 <= len(prepared) <= 25
    assert len({p.answer for p in prepared}) == len(prepared)
    assert len(set(asked_texts(persona))) == len(asked_texts(persona)), "one way to ask, two answers"
    for one in prepared:
        assert 2 <= len(one.asked) <= 8, one.asked
        assert not claims_to_be_human(one.answer, persona.name), one.answer
        assert declines(persona, one.answer) is None, one.answer


@pytest.mark.parametrize(("persona", "asked", "answer"), EVERY_ASKED)
def test_no_prepared_answer_lies_behind_a_rule_that_comes_before_it(persona: Persona, asked: str, answer: str) -> None:
    assert not asks_if_real(asked, persona.name)
    assert declines(persona, asked) is None

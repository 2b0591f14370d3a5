"""Which personas speak with a cloned voice, and by whose consent: from the configuration to speech/consent.py.

Both ends ask: the process that clones (app.py loads it) and the hall, whose prepared lines lie ready (prepared.py).
"""

from pathlib import Path

from avatar.persona import load_personas
from server.config import Config
from speech.consent import Clone, VoiceConsents


def consents_to_clone(config: Config) -> VoiceConsents:
    """The consents for every persona of the configured folder that has a `voice_consent`; the house's own have none.

    Raises VoiceConsentError for the first that does not hold, PersonaError for a persona that cannot be read.
    """
    if config.tts.engine != "xtts" or not config.server.personas:
        return VoiceConsents()
    folder = Path(config.cloning.folder)
    clones = [
        Clone(persona.speaker, persona.id, folder / f"{persona.voice}.wav", folder / persona.voice_consent)
        for persona in load_personas(Path(config.server.personas)).values()
        if persona.voice_consent
    ]
    owners = {owner: Path(key) for owner, key in config.cloning.owners.items()}
    return VoiceConsents(clones, owners, Path(config.cloning.revoked) if config.cloning.revoked else None)

#nullable enable
using System;
using UnityEngine;
using UnityEngine.Events;

namespace Stagedoor
{
    [Serializable]
    public sealed class TextEvent : UnityEvent<string> { }

    /// <summary>code, message</summary>
    [Serializable]
    public sealed class ErrorEvent : UnityEvent<string, string> { }

    /// <summary>category, valence -1..1, arousal 0..1</summary>
    [Serializable]
    public sealed class EmotionEvent : UnityEvent<string, float, float> { }

    /// <summary>What an avatar tells a scene, for the Inspector and for AddListener.</summary>
    [Serializable]
    public sealed class AvatarEvents
    {
        [Tooltip("Closed, Connecting, Disclosing, Open or Away.")]
        public TextEvent stateChanged = new TextEvent();

        [Tooltip("Show this text; when the person has agreed, call StagedoorAvatar.AcknowledgeDisclosure.")]
        public TextEvent disclosureNeeded = new TextEvent();

        [Tooltip("What was understood of the fan so far; it may still change.")]
        public TextEvent fanIsSaying = new TextEvent();

        [Tooltip("What the fan said; the avatar answers this.")]
        public TextEvent fanSaid = new TextEvent();

        [Tooltip("A word of the avatar, at the moment it is heard.")]
        public TextEvent wordHeard = new TextEvent();

        [Tooltip("nod, wave, laugh, ...: play your animation of that name, or nothing.")]
        public TextEvent gestureBegan = new TextEvent();

        [Tooltip("joy, sadness, ... with valence and arousal. The face shows it already; this is for body and light.")]
        public EmotionEvent emotionBegan = new EmotionEvent();

        [Tooltip("The avatar has been heard to the end of what it said.")]
        public UnityEvent replyEnded = new UnityEvent();

        [Tooltip("Something that the person should know.")]
        public TextEvent noticed = new TextEvent();

        [Tooltip("An error's stable code and its words for a log.")]
        public ErrorEvent wentWrong = new ErrorEvent();

        [Tooltip("The visit is over; the reason.")]
        public TextEvent ended = new TextEvent();
    }
}

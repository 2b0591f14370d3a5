#nullable enable
using System.Collections.Generic;
using UnityEditor;
using UnityEngine;

namespace Stagedoor.Editor
{
    /// <summary>Window > Stagedoor > Stream: what a running avatar receives, as it receives it.</summary>
    public sealed class StreamWindow : EditorWindow
    {
        private const int KeptTurns = 8;
        private const float LabelWidth = 150;

        private readonly List<TurnReport> _turns = new List<TurnReport>();
        private StagedoorAvatar? _avatar;
        private Vector2 _scroll;
        private bool _showsAll;

        [MenuItem("Window/Stagedoor/Stream")]
        public static void Open() => GetWindow<StreamWindow>("Stagedoor");

        private void OnEnable() => EditorApplication.update += Repaint;

        private void OnDisable() => EditorApplication.update -= Repaint;

        private void OnGUI()
        {
            if (_avatar == null) _avatar = FindObjectOfType<StagedoorAvatar>();
            AvatarClient? client = _avatar == null ? null : _avatar.Client;
            if (_avatar == null || client == null)
            {
                EditorGUILayout.HelpBox("Press Play in a scene with a Stagedoor Avatar.", MessageType.Info);
                return;
            }
            _scroll = EditorGUILayout.BeginScrollView(_scroll);
            DrawConnection(_avatar, client);
            if (client.Conversation != null) DrawBuffers(client.Conversation);
            DrawTurns(_avatar.LatestReport);
            if (client.Conversation != null) DrawFace(client.Conversation.Face);
            EditorGUILayout.EndScrollView();
        }

        private static void DrawConnection(StagedoorAvatar avatar, AvatarClient client)
        {
            EditorGUILayout.LabelField("Connection", EditorStyles.boldLabel);
            EditorGUILayout.LabelField("State", client.State.ToString());
            EditorGUILayout.LabelField("Server", avatar.address);
            if (client.Welcome == null) return;
            EditorGUILayout.LabelField("Persona, session", $"{client.Welcome.Persona.Name}, {client.Welcome.SessionId}");
            EditorGUILayout.LabelField("Round trip", $"{client.RoundTripMs:0} ms");
            if (client.Malformed > 0) EditorGUILayout.HelpBox($"{client.Malformed} messages could not be read", MessageType.Warning);
        }

        private static void DrawBuffers(Conversation talk)
        {
            EditorGUILayout.Space();
            EditorGUILayout.LabelField("Voice", EditorStyles.boldLabel);
            string reply = talk.Heard.ReplyId < 0 ? "none yet" : $"{talk.Heard.ReplyId} at {talk.Heard.Position / talk.Speaker.RateHz:0.00} s";
            EditorGUILayout.LabelField("Reply that is heard", talk.Heard.IsPlaying ? reply : $"{reply}, silent");
            Bar("Buffered", (float)(talk.BufferedMs / 1000), $"{talk.BufferedMs:0} ms");
            EditorGUILayout.LabelField("Starts with", $"{talk.TargetMs:0} ms");
            EditorGUILayout.LabelField("Ran dry", $"{talk.Underruns} times");
            EditorGUILayout.LabelField("Way to the ear", $"{1000 * talk.OutputLatencyS:0} ms");
        }

        private void DrawTurns(TurnReport? latest)
        {
            if (latest == null) return;
            if (_turns.Count == 0 || _turns[_turns.Count - 1] != latest) _turns.Add(latest);
            if (_turns.Count > KeptTurns) _turns.RemoveAt(0);
            EditorGUILayout.Space();
            EditorGUILayout.LabelField("From the fan's last word to the avatar's first", EditorStyles.boldLabel);
            foreach (TurnReport turn in _turns)
            {
                Bar($"Turn {turn.TurnId} ({turn.Kind})", (float)(turn.VoiceToVoiceMs / 2000), $"{turn.VoiceToVoiceMs:0} ms");
            }
            EditorGUILayout.LabelField("Stages of the latest", EditorStyles.boldLabel);
            foreach (Stage stage in latest.Stages)
            {
                double lengthMs = stage.EndMs - stage.StartMs;
                Bar(stage.Name, (float)(lengthMs / 1000), $"{lengthMs:0} ms");
            }
        }

        private void DrawFace(FaceSampler face)
        {
            EditorGUILayout.Space();
            EditorGUILayout.LabelField($"Face: {face.Source}", EditorStyles.boldLabel);
            EditorGUILayout.LabelField("Head", $"pitch {face.HeadPitch:0.0}, yaw {face.HeadYaw:0.0}, roll {face.HeadRoll:0.0} degrees");
            _showsAll = EditorGUILayout.Toggle("Show those at rest", _showsAll);
            for (int i = 0; i < face.Names.Length; i++)
            {
                if (_showsAll || face.Weights[i] > 0.01f) Bar(face.Names[i], face.Weights[i], $"{face.Weights[i]:0.00}");
            }
        }

        private static void Bar(string label, float share, string text)
        {
            Rect row = EditorGUILayout.GetControlRect();
            EditorGUI.LabelField(new Rect(row.x, row.y, LabelWidth, row.height), label);
            var bar = new Rect(row.x + LabelWidth, row.y, row.width - LabelWidth, row.height);
            EditorGUI.ProgressBar(bar, Mathf.Clamp01(share), text);
        }
    }
}

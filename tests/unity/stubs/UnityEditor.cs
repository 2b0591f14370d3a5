// The outside of what the package uses of UnityEditor; see UnityEngine.cs.
#nullable disable
using System;
using UnityEngine;

namespace UnityEditor
{
    public class EditorWindow : UnityEngine.Object
    {
        public static T GetWindow<T>(string title) where T : EditorWindow => default;
        public void Repaint() { }
    }

    public static class EditorApplication
    {
        public delegate void CallbackFunction();
        public static CallbackFunction update;
    }

    public enum MessageType { None, Info, Warning, Error }

    public static class EditorStyles
    {
        public static GUIStyle boldLabel => null;
    }

    public static class EditorGUI
    {
        public static void LabelField(Rect position, string label) { }
        public static void ProgressBar(Rect position, float value, string text) { }
    }

    public static class EditorGUILayout
    {
        public static void HelpBox(string message, MessageType type) { }
        public static Vector2 BeginScrollView(Vector2 scrollPosition, params GUILayoutOption[] options) => default;
        public static void EndScrollView() { }
        public static void LabelField(string label, GUIStyle style, params GUILayoutOption[] options) { }
        public static void LabelField(string label, string label2, params GUILayoutOption[] options) { }
        public static void Space() { }
        public static bool Toggle(string label, bool value, params GUILayoutOption[] options) => value;
        public static Rect GetControlRect(params GUILayoutOption[] options) => default;
    }

    [AttributeUsage(AttributeTargets.Method)]
    public sealed class MenuItem : Attribute
    {
        public MenuItem(string itemName) { }
        public MenuItem(string itemName, bool isValidateFunction, int priority) { }
    }

    public sealed class MenuCommand
    {
        public UnityEngine.Object context;
    }

    public sealed class Undo
    {
        public static void RegisterCreatedObjectUndo(UnityEngine.Object objectToUndo, string name) { }
        public static T AddComponent<T>(GameObject gameObject) where T : Component => default;
    }

    public sealed class Selection
    {
        public static GameObject activeGameObject { get; set; }
    }
}

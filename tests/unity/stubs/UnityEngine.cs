// The outside of what the package uses of UnityEngine, written by hand from Unity's public scripting reference: names
// and types, no behaviour. What compiles against it is right C#, and no more is proven.
#nullable disable
#pragma warning disable 0649, 0067, 0414
using System;
using System.Collections;
using System.Collections.Generic;

namespace UnityEngine
{
    public class Object
    {
        public string name { get; set; }
        public static void Destroy(Object obj) { }
        public static T FindObjectOfType<T>() where T : Object => default;
        public static bool operator ==(Object a, Object b) => ReferenceEquals(a, b);
        public static bool operator !=(Object a, Object b) => !ReferenceEquals(a, b);
        public override bool Equals(object other) => ReferenceEquals(this, other);
        public override int GetHashCode() => 0;
    }

    public class Component : Object
    {
        public GameObject gameObject => null;
        public Transform transform => null;
        public string tag { get; set; }
        public T GetComponent<T>() => default;
        public T GetComponentInChildren<T>() => default;
        public T GetComponentInParent<T>() => default;
        public T[] GetComponentsInChildren<T>() => default;
    }

    public class Behaviour : Component
    {
        public bool enabled { get; set; }
    }

    public class Coroutine { }

    public class AsyncOperation { }

    public class MonoBehaviour : Behaviour
    {
        public Coroutine StartCoroutine(IEnumerator routine) => null;
    }

    public sealed class GameObject : Object
    {
        public GameObject(string name) { }
        public GameObject(string name, params Type[] components) { }
        public Transform transform => null;
        public string tag { get; set; }
        public void SetActive(bool value) { }
        public T AddComponent<T>() where T : Component => default;
        public T GetComponent<T>() => default;
        public T GetComponentInChildren<T>() => default;
        public static GameObject CreatePrimitive(PrimitiveType type) => null;
    }

    public enum PrimitiveType { Sphere, Capsule, Cylinder, Cube, Plane, Quad }

    public class Transform : Component
    {
        public Vector3 position { get; set; }
        public Quaternion rotation { get; set; }
        public Vector3 localPosition { get; set; }
        public Quaternion localRotation { get; set; }
        public Vector3 localScale { get; set; }
        public Vector3 forward { get; set; }
        public void SetParent(Transform parent, bool worldPositionStays) { }
        public Vector3 InverseTransformPoint(Vector3 position) => default;
        public void LookAt(Transform target) { }
    }

    public struct Vector2 { public float x, y; }

    public struct Vector3
    {
        public float x, y, z;
        public Vector3(float x, float y, float z) { (this.x, this.y, this.z) = (x, y, z); }
        public static Vector3 zero => default;
        public static Vector3 operator +(Vector3 a, Vector3 b) => default;
        public static Vector3 operator *(Vector3 a, float d) => default;
    }

    public struct Quaternion
    {
        public static Quaternion Euler(float x, float y, float z) => default;
        public static Quaternion Inverse(Quaternion rotation) => default;
        public static Quaternion operator *(Quaternion a, Quaternion b) => default;
    }

    public struct Rect
    {
        public Rect(float x, float y, float width, float height) { (this.x, this.y, this.width, this.height) = (x, y, width, height); }
        public float x { get; set; }
        public float y { get; set; }
        public float width { get; set; }
        public float height { get; set; }
    }

    public struct Color
    {
        public Color(float r, float g, float b) { }
        public static Color white => default;
        public static Color black => default;
    }

    public static class Mathf
    {
        public static float Min(float a, float b) => a;
        public static int Clamp(int value, int min, int max) => value;
        public static float Clamp01(float value) => value;
    }

    public static class Debug
    {
        public static void LogWarning(object message, Object context) { }
    }

    public static class Screen
    {
        public static int width => 0;
        public static int height => 0;
    }

    public static class Time
    {
        public static float realtimeSinceStartup => 0;
    }

    public enum RuntimePlatform { WindowsPlayer, WebGLPlayer }

    [Flags]
    public enum UserAuthorization { WebCam = 1, Microphone = 2 }

    public static class Application
    {
        public static RuntimePlatform platform => default;
        public static AsyncOperation RequestUserAuthorization(UserAuthorization mode) => null;
        public static bool HasUserAuthorization(UserAuthorization mode) => false;
    }

    public sealed class AudioClip : Object
    {
        public int samples => 0;
        public int channels => 0;
        public int frequency => 0;
        public static AudioClip Create(string name, int lengthSamples, int channels, int frequency, bool stream) => null;
        public bool SetData(float[] data, int offsetSamples) => true;
        public bool GetData(float[] data, int offsetSamples) => true;
    }

    public sealed class AudioSource : Behaviour
    {
        public AudioClip clip { get; set; }
        public bool loop { get; set; }
        public bool playOnAwake { get; set; }
        public float spatialBlend { get; set; }
        public void Play() { }
        public void Stop() { }
    }

    public sealed class AudioListener : Behaviour { }

    public sealed class AudioSettings
    {
        public delegate void AudioConfigurationChangeHandler(bool deviceWasChanged);
        public static event AudioConfigurationChangeHandler OnAudioConfigurationChanged;
        public static int outputSampleRate => 48000;
        public static void GetDSPBufferSize(out int bufferLength, out int numBuffers) => (bufferLength, numBuffers) = (0, 0);
    }

#if !UNITY_WEBGL || UNITY_EDITOR
    public sealed class Microphone
    {
        public static string[] devices => null;
        public static AudioClip Start(string deviceName, bool loop, int lengthSec, int frequency) => null;
        public static void End(string deviceName) { }
        public static int GetPosition(string deviceName) => 0;
        public static void GetDeviceCaps(string deviceName, out int minFreq, out int maxFreq) => (minFreq, maxFreq) = (0, 0);
    }
#endif

    public class Material : Object
    {
        public Color color { get; set; }
    }

    public class Renderer : Component
    {
        public Material material { get; set; }
    }

    public sealed class Mesh : Object
    {
        public int blendShapeCount => 0;
        public string GetBlendShapeName(int shapeIndex) => null;
    }

    public class SkinnedMeshRenderer : Renderer
    {
        public Mesh sharedMesh { get; set; }
        public void SetBlendShapeWeight(int index, float value) { }
    }

    public class RuntimeAnimatorController : Object { }

    public enum HumanBodyBones { Head = 10, LeftEye = 21, RightEye = 22 }

    public class Animator : Behaviour
    {
        public bool isHuman => false;
        public RuntimeAnimatorController runtimeAnimatorController { get; set; }
        public Transform GetBoneTransform(HumanBodyBones humanBoneId) => null;
    }

    public sealed class Camera : Behaviour
    {
        public static Camera main => null;
    }

    public enum LightType { Spot, Directional }

    public sealed class Light : Behaviour
    {
        public LightType type { get; set; }
    }

    public class GUIStyle { }

    public class GUISkin : Object
    {
        public GUIStyle window { get; set; }
    }

    public static class GUI
    {
        public static GUISkin skin => null;
    }

    public class GUILayoutOption { }

    public static class GUILayout
    {
        public static void BeginArea(Rect screenRect) { }
        public static void BeginArea(Rect screenRect, string text, GUIStyle style) { }
        public static void EndArea() { }
        public static void BeginHorizontal(params GUILayoutOption[] options) { }
        public static void EndHorizontal() { }
        public static void Label(string text, params GUILayoutOption[] options) { }
        public static void Space(float pixels) { }
        public static bool Toggle(bool value, string text, params GUILayoutOption[] options) => value;
        public static bool Button(string text, params GUILayoutOption[] options) => false;
        public static string TextField(string text, params GUILayoutOption[] options) => text;
        public static GUILayoutOption Width(float width) => null;
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class AddComponentMenu : Attribute { public AddComponentMenu(string menuName) { } }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class DisallowMultipleComponent : Attribute { }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class RequireComponent : Attribute { public RequireComponent(Type requiredComponent) { } }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class HeaderAttribute : Attribute { public HeaderAttribute(string header) { } }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class TooltipAttribute : Attribute { public TooltipAttribute(string tooltip) { } }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class RangeAttribute : Attribute { public RangeAttribute(float min, float max) { } }

    public enum RuntimeInitializeLoadType { AfterSceneLoad, BeforeSceneLoad }

    [AttributeUsage(AttributeTargets.Method)]
    public sealed class RuntimeInitializeOnLoadMethodAttribute : Attribute
    {
        public RuntimeInitializeOnLoadMethodAttribute(RuntimeInitializeLoadType loadType) { }
    }
}

namespace UnityEngine.Events
{
    public delegate void UnityAction();
    public delegate void UnityAction<T0>(T0 arg0);
    public delegate void UnityAction<T0, T1>(T0 arg0, T1 arg1);
    public delegate void UnityAction<T0, T1, T2>(T0 arg0, T1 arg1, T2 arg2);

    public class UnityEvent
    {
        public void AddListener(UnityAction call) { }
        public void Invoke() { }
    }

    public class UnityEvent<T0>
    {
        public void AddListener(UnityAction<T0> call) { }
        public void Invoke(T0 arg0) { }
    }

    public class UnityEvent<T0, T1>
    {
        public void AddListener(UnityAction<T0, T1> call) { }
        public void Invoke(T0 arg0, T1 arg1) { }
    }

    public class UnityEvent<T0, T1, T2>
    {
        public void AddListener(UnityAction<T0, T1, T2> call) { }
        public void Invoke(T0 arg0, T1 arg1, T2 arg2) { }
    }
}

namespace UnityEngine.Android
{
    public struct Permission
    {
        public const string Microphone = "android.permission.RECORD_AUDIO";
        public static bool HasUserAuthorizedPermission(string permission) => false;
        public static void RequestUserPermission(string permission) { }
    }
}

// The outside of what the package uses of UnityEngine, written by hand from Unity's public scripting reference. Objects
// know their components and children, events call their listeners, the microphone records what a test feeds it; the rest
// has names and types only. It is our idea of Unity, not Unity.
#nullable disable
#pragma warning disable 0649, 0067, 0414
using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;

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
        public GameObject gameObject { get; internal set; }
        public Transform transform => gameObject.transform;
        public string tag { get; set; }
        public T GetComponent<T>() => gameObject.GetComponent<T>();
        public T GetComponentInChildren<T>() => gameObject.Below().OfType<T>().FirstOrDefault();
        public T[] GetComponentsInChildren<T>() => gameObject.Below().OfType<T>().ToArray();

        public T GetComponentInParent<T>()
        {
            GameObject at = gameObject;
            while (at.GetComponent<T>() == null && at.transform.parent != null) at = at.transform.parent.gameObject;
            return at.GetComponent<T>();
        }

        /// <summary>Calls one of Unity's messages, when the component has it.</summary>
        public void Tell(string message, params object[] arguments)
        {
            const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
            GetType().GetMethod(message, Any)?.Invoke(this, arguments);
        }
    }

    public class Behaviour : Component
    {
        public bool enabled { get; set; }
    }

    public class Coroutine { }

    public class AsyncOperation { }

    public class MonoBehaviour : Behaviour
    {
        /// <summary>Runs it to its end at once: what a coroutine waits for here has always come.</summary>
        public Coroutine StartCoroutine(IEnumerator routine)
        {
            while (routine.MoveNext())
            {
                if (routine.Current is IEnumerator inner) StartCoroutine(inner);
            }
            return null;
        }
    }

    public sealed class GameObject : Object
    {
        private readonly List<Component> _components = new List<Component>();

        public GameObject(string name)
        {
            this.name = name;
            transform = new Transform { gameObject = this };
        }

        public GameObject(string name, params Type[] components) : this(name) { }

        public Transform transform { get; }
        public string tag { get; set; }
        public void SetActive(bool value) { }

        public T AddComponent<T>() where T : Component
        {
            var added = (T)Activator.CreateInstance(typeof(T));
            added.gameObject = this;
            _components.Add(added);
            if (typeof(T).IsDefined(typeof(RequireComponent), false) && GetComponent<AudioSource>() == null) AddComponent<AudioSource>();
            added.Tell("Awake");
            added.Tell("OnEnable");
            return added;
        }

        public T GetComponent<T>() => _components.OfType<T>().FirstOrDefault();
        public T GetComponentInChildren<T>() => Below().OfType<T>().FirstOrDefault();

        /// <summary>Every component of this object and of those below it.</summary>
        public IEnumerable<Component> Below() =>
            _components.Concat(transform.Children.SelectMany(child => child.gameObject.Below())).ToArray();

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
        public Transform parent { get; private set; }
        internal List<Transform> Children { get; } = new List<Transform>();

        public void SetParent(Transform parent, bool worldPositionStays)
        {
            this.parent = parent;
            parent.Children.Add(this);
        }

        public Vector3 InverseTransformPoint(Vector3 position) => position;
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
        public static float Min(float a, float b) => Math.Min(a, b);
        public static int Clamp(int value, int min, int max) => Math.Min(max, Math.Max(min, value));
        public static float Clamp01(float value) => Math.Min(1, Math.Max(0, value));
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
        public static bool HasUserAuthorization(UserAuthorization mode) => true;
    }

    public sealed class AudioClip : Object
    {
        internal float[] Data;
        public int samples => Data.Length / channels;
        public int channels { get; private set; }
        public int frequency { get; private set; }

        public static AudioClip Create(string name, int lengthSamples, int channels, int frequency, bool stream) =>
            new AudioClip { Data = new float[lengthSamples * channels], channels = channels, frequency = frequency };

        public bool SetData(float[] data, int offsetSamples)
        {
            Array.Copy(data, 0, Data, offsetSamples * channels, data.Length);
            return true;
        }

        public bool GetData(float[] data, int offsetSamples)
        {
            for (int i = 0; i < data.Length; i++) data[i] = Data[(offsetSamples * channels + i) % Data.Length];
            return true;
        }
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
        public static void GetDSPBufferSize(out int bufferLength, out int numBuffers) => (bufferLength, numBuffers) = (480, 2);
    }

#if !UNITY_WEBGL || UNITY_EDITOR
    public sealed class Microphone
    {
        private static AudioClip _clip;
        private static int _position;

        public static string[] devices => new[] { "a microphone" };

        public static AudioClip Start(string deviceName, bool loop, int lengthSec, int frequency)
        {
            _position = 0;
            return _clip = AudioClip.Create("Microphone", lengthSec * frequency, 1, frequency, false);
        }

        public static void End(string deviceName) => _clip = null;
        public static int GetPosition(string deviceName) => _position;
        public static void GetDeviceCaps(string deviceName, out int minFreq, out int maxFreq) => (minFreq, maxFreq) = (16000, 16000);

        /// <summary>Somebody speaks into it; false when it is not recording.</summary>
        public static bool Hear(float sample)
        {
            if (_clip == null) return false;
            _clip.Data[_position] = sample;
            _position = (_position + 1) % _clip.samples;
            return true;
        }
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
        public string[] Shapes = Array.Empty<string>();
        public int blendShapeCount => Shapes.Length;
        public string GetBlendShapeName(int shapeIndex) => Shapes[shapeIndex];
    }

    public class SkinnedMeshRenderer : Renderer
    {
        public Mesh sharedMesh { get; set; }
        public Dictionary<int, float> Weights { get; } = new Dictionary<int, float>();
        public void SetBlendShapeWeight(int index, float value) => Weights[index] = value;
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
        private UnityAction _calls;
        public void AddListener(UnityAction call) => _calls += call;
        public void Invoke() => _calls?.Invoke();
    }

    public class UnityEvent<T0>
    {
        private UnityAction<T0> _calls;
        public void AddListener(UnityAction<T0> call) => _calls += call;
        public void Invoke(T0 arg0) => _calls?.Invoke(arg0);
    }

    public class UnityEvent<T0, T1>
    {
        private UnityAction<T0, T1> _calls;
        public void AddListener(UnityAction<T0, T1> call) => _calls += call;
        public void Invoke(T0 arg0, T1 arg1) => _calls?.Invoke(arg0, arg1);
    }

    public class UnityEvent<T0, T1, T2>
    {
        private UnityAction<T0, T1, T2> _calls;
        public void AddListener(UnityAction<T0, T1, T2> call) => _calls += call;
        public void Invoke(T0 arg0, T1 arg1, T2 arg2) => _calls?.Invoke(arg0, arg1, arg2);
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

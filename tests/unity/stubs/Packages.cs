// The outside of what the adapters use of NativeWebSocket and UniVRM; see UnityEngine.cs.
#nullable disable
#pragma warning disable 0067
using System.Collections.Generic;
using System.Threading.Tasks;
using UnityEngine;

namespace NativeWebSocket
{
    public delegate void WebSocketOpenEventHandler();
    public delegate void WebSocketMessageEventHandler(byte[] data);
    public delegate void WebSocketCloseEventHandler(WebSocketCloseCode closeCode);

    public enum WebSocketCloseCode { Normal = 1000, Undefined = 1004 }

    public enum WebSocketState { Connecting, Open, Closing, Closed }

    public class WebSocket
    {
        public WebSocket(string url, string subprotocol, Dictionary<string, string> headers = null) { }
        public event WebSocketOpenEventHandler OnOpen;
        public event WebSocketMessageEventHandler OnMessage;
        public event WebSocketCloseEventHandler OnClose;
        public WebSocketState State => default;
        public Task Connect() => null;
        public Task Close(WebSocketCloseCode code = WebSocketCloseCode.Normal, string reason = null) => null;
        public Task Send(byte[] data) => null;
        public Task SendText(string message) => null;
#if !UNITY_WEBGL || UNITY_EDITOR
        public void DispatchMessageQueue() { }
#endif
    }
}

namespace UniVRM10
{
    public enum ExpressionPreset { custom, happy, aa, blink }

    public readonly struct ExpressionKey
    {
        public static ExpressionKey CreateCustom(string key) => default;
        public static ExpressionKey CreateFromPreset(ExpressionPreset preset) => default;
    }

    public class VRM10ObjectLookAt
    {
        public enum LookAtTargetTypes { SpecifiedTransform, YawPitchValue }
    }

    public class Vrm10RuntimeExpression
    {
        public void SetWeight(ExpressionKey expressionKey, float weight) { }
    }

    public class Vrm10RuntimeLookAt
    {
        public void SetYawPitchManually(float yaw, float pitch) { }
    }

    public class Vrm10Runtime
    {
        public Vrm10RuntimeExpression Expression => null;
        public Vrm10RuntimeLookAt LookAt => null;
    }

    public class Vrm10Instance : MonoBehaviour
    {
        public VRM10ObjectLookAt.LookAtTargetTypes LookAtTargetType;
        public Vrm10Runtime Runtime => null;
    }
}

#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>Which WebSocket is used. Adapters put themselves here when their package is installed.</summary>
    public static class Transports
    {
        /// <summary>Makes a transport for one connection. On WebGL the NativeWebSocket adapter replaces it.</summary>
        public static Func<ITransport> Make = MakeSystem;

        private static ITransport MakeSystem()
        {
#if UNITY_WEBGL && !UNITY_EDITOR
            throw new PlatformNotSupportedException("Stagedoor: install NativeWebSocket, WebGL has no other WebSocket");
#else
            return new SystemWebSocketTransport();
#endif
        }
    }
}

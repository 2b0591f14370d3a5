#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>The face frames of one reply, or of one `listening` message. Grows when chunks arrive, never when read.</summary>
    internal sealed class FaceFrames
    {
        private readonly int _width;
        private byte[] _weights;
        private byte[] _head;
        private int _headCount;

        public FaceFrames(int width)
        {
            _width = width;
            _weights = new byte[width * 600]; // 10 s
            _head = new byte[3 * 600];
        }

        public long Id { get; private set; } = -1;

        public int Count { get; private set; }

        /// <summary>Forgets everything; it is about reply `id` now.</summary>
        public void Begin(long id) => (Id, Count, _headCount) = (id, 0, 0);

        public void Put(int first, byte[] weights, byte[] head)
        {
            int count = _width == 0 ? 0 : weights.Length / _width;
            int headCount = Math.Min(count, head.Length / 3);
            if ((first + count) * _width > _weights.Length) Array.Resize(ref _weights, 2 * (first + count) * _width);
            if ((first + count) * 3 > _head.Length) Array.Resize(ref _head, 6 * (first + count));
            Array.Copy(weights, 0, _weights, first * _width, count * _width);
            Array.Copy(head, 0, _head, first * 3, headCount * 3);
            Count = Math.Max(Count, first + count);
            if (headCount > 0) _headCount = Math.Max(_headCount, first + headCount);
        }

        /// <summary>Weight `channel` as a byte with a fraction, `at` frames from the beginning.</summary>
        public float Weight(double at, int channel)
        {
            int before = (int)at;
            int after = Math.Min(before + 1, Count - 1);
            float a = _weights[before * _width + channel];
            float b = _weights[after * _width + channel];
            return a + (b - a) * (float)(at - before);
        }

        /// <summary>Angle `axis` (pitch, yaw, roll) of the head in degrees; 0 where the server sent none.</summary>
        public float Head(double at, int axis)
        {
            if (_headCount == 0) return 0;
            int before = Math.Min((int)at, _headCount - 1);
            int after = Math.Min(before + 1, _headCount - 1);
            float a = (sbyte)_head[before * 3 + axis];
            float b = (sbyte)_head[after * 3 + axis];
            return (a + (b - a) * (float)Math.Min(1, at - before)) / 4;
        }
    }
}

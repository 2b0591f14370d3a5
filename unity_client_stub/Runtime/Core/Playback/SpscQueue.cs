#nullable enable
using System.Threading;

namespace Stagedoor
{
    /// <summary>
    /// A bounded queue without locks for one thread that adds and one that takes: the audio thread must never wait.
    /// When it is full, TryAdd says false and the caller decides what that means.
    /// </summary>
    public sealed class SpscQueue<T>
    {
        private readonly T[] _items;
        private readonly int _mask;
        private int _head; // moved by the taker only
        private int _tail; // moved by the adder only

        /// <summary>`capacity` is a power of two.</summary>
        public SpscQueue(int capacity)
        {
            _items = new T[capacity];
            _mask = capacity - 1;
        }

        public int Count => unchecked(Volatile.Read(ref _tail) - Volatile.Read(ref _head));

        public bool TryAdd(in T item)
        {
            int tail = _tail;
            if (unchecked(tail - Volatile.Read(ref _head)) == _items.Length) return false;
            _items[tail & _mask] = item;
            Volatile.Write(ref _tail, unchecked(tail + 1));
            return true;
        }

        public bool TryTake(out T item)
        {
            int head = _head;
            if (head == Volatile.Read(ref _tail))
            {
                item = default!;
                return false;
            }
            item = _items[head & _mask];
            _items[head & _mask] = default!;
            Volatile.Write(ref _head, unchecked(head + 1));
            return true;
        }

        /// <summary>For the taker: the item `index` places behind the next one; 0 to Count - 1.</summary>
        public ref T Peek(int index) => ref _items[unchecked(_head + index) & _mask];
    }
}

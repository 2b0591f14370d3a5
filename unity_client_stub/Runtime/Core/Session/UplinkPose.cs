#nullable enable

namespace Stagedoor
{
    /// <summary>The newest place of the fan's head, let through ten times a second, and only when it moved.</summary>
    internal sealed class UplinkPose
    {
        private const double EveryS = 0.1;
        private const double MovedM = 0.005;

        private readonly double[] _newest = new double[3];
        private readonly double[] _sent = { double.NaN, double.NaN, double.NaN };
        private double _sentAtS = double.NegativeInfinity;
        private bool _isSet;

        public void Set(double x, double y, double z)
        {
            (_newest[0], _newest[1], _newest[2]) = (x, y, z);
            _isSet = true;
        }

        public bool TryTake(double nowS, out FanPose pose)
        {
            pose = null!;
            if (!_isSet || nowS - _sentAtS < EveryS || !HasMoved()) return false;
            _sentAtS = nowS;
            _newest.CopyTo(_sent, 0);
            pose = new FanPose { Head = (double[])_newest.Clone() };
            return true;
        }

        private bool HasMoved()
        {
            for (int i = 0; i < 3; i++)
            {
                if (!(System.Math.Abs(_newest[i] - _sent[i]) <= MovedM)) return true; // also when nothing was sent yet
            }
            return false;
        }
    }
}

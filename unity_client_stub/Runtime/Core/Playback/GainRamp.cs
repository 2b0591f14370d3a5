#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>The loudness of the reply that sounds: moves to its target in a straight line, sample by sample.</summary>
    internal sealed class GainRamp
    {
        private long _replyId = -1;
        private long _aimedId = -1;
        private float _gain = 1;
        private float _target = 1;
        private float _step;

        /// <summary>Another reply begins: loud, unless it was aimed at before it began.</summary>
        public void Begin(long replyId)
        {
            _replyId = replyId;
            if (_aimedId != replyId) _target = 1;
            _gain = _target;
        }

        public void Aim(long replyId, float target, float rampSamples)
        {
            if (replyId < _replyId) return;
            (_aimedId, _target) = (replyId, target);
            _step = rampSamples < 1 ? 1 : Math.Abs(target - _gain) / rampSamples;
        }

        public void Apply(float[] samples, int count)
        {
            if (_gain == 1 && (_target == 1 || _aimedId != _replyId)) return;
            for (int i = 0; i < count; i++)
            {
                if (_aimedId == _replyId)
                {
                    float left = _target - _gain;
                    _gain += Math.Min(_step, Math.Max(-_step, left));
                    if (Math.Abs(left) <= _step) _gain = _target;
                }
                samples[i] *= _gain;
            }
        }
    }
}

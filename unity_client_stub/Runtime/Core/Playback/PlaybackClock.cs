#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>What the listener hears now.</summary>
    public struct Heard
    {
        public long ReplyId;

        /// <summary>In samples of the reply, with a fraction: the face is read in between frames.</summary>
        public double Position;
        public bool IsPlaying;
    }

    /// <summary>
    /// The main thread's side: which sample is heard now. The device takes blocks at uneven moments, so its clock is
    /// drawn as a straight line through the earliest of them; the way to the loudspeaker is taken off.
    /// </summary>
    public sealed class PlaybackClock
    {
        private const int Kept = 512; // reports; at 188 blocks a second more than the longest way to a loudspeaker
        private const double DriftPerReport = 0.002; // how fast the line follows a device that runs slow

        private readonly SpeakerFeed _feed;
        private readonly SpeakerReport[] _reports = new SpeakerReport[Kept];
        private long _count;
        private long _cancelledId = -1;
        private double _originS = double.NaN; // when the device's frame 0 would have been taken
        private long _endedId = -1;
        private long _endedShownId = -1;
        private long _endedFrames;
        private long _endedPosition;
        private Heard _heard = new Heard { ReplyId = -1 };

        public PlaybackClock(SpeakerFeed feed) => _feed = feed;

        /// <summary>How long a block is on its way to the ear.</summary>
        public double OutputLatencyS { get; set; }

        public Heard Heard => _heard;

        /// <summary>Learns what the audio thread did and says what is heard at `nowS`. Allocates nothing.</summary>
        public Heard Update(double nowS)
        {
            while (_feed.TryTakeReport(out SpeakerReport report)) Learn(report);
            if (double.IsNaN(_originS)) return _heard;
            double frame = FrameAtEar(nowS);
            long at = FindReport(frame);
            if (at < 0) return _heard;
            ref SpeakerReport found = ref _reports[at % Kept];
            double passed = (frame - found.FirstFrame) * _feed.RateHz / _feed.DeviceRateHz;
            double position = found.Position + Math.Min(passed, found.Samples);
            if (found.ReplyId == _heard.ReplyId) position = Math.Max(position, _heard.Position); // never back
            bool isPlaying = found.Samples > 0 && found.ReplyId != _cancelledId;
            return _heard = new Heard { ReplyId = found.ReplyId, Position = position, IsPlaying = isPlaying };
        }

        /// <summary>True once for every reply whose last sample has been heard.</summary>
        public bool TryTakeEnd(double nowS, out long replyId, out long samples)
        {
            (replyId, samples) = (_endedId, _endedPosition);
            bool isHeard = _endedId >= 0 && _endedId != _endedShownId && _endedFrames <= FrameAtEar(nowS);
            if (isHeard) _endedShownId = _endedId;
            return isHeard;
        }

        /// <summary>The reply is not heard any more, from this moment on.</summary>
        public void Cancel(long replyId)
        {
            _cancelledId = replyId;
            if (_endedId == replyId) _endedShownId = replyId;
            if (_heard.ReplyId == replyId) _heard.IsPlaying = false;
        }

        private void Learn(in SpeakerReport report)
        {
            double originS = report.AtS - (double)report.FirstFrame / _feed.DeviceRateHz;
            if (double.IsNaN(_originS) || originS < _originS || originS > _originS + 1) _originS = originS; // earlier, or stalled
            else _originS += DriftPerReport * (originS - _originS);
            _reports[_count++ % Kept] = report;
            if (!report.HasEnded || report.ReplyId == _endedId || report.ReplyId == _cancelledId) return;
            (_endedId, _endedPosition) = (report.ReplyId, report.Position + report.Samples);
            _endedFrames = report.FirstFrame + report.Frames;
        }

        private double FrameAtEar(double nowS) => (nowS - _originS - OutputLatencyS) * _feed.DeviceRateHz;

        /// <summary>The latest report that is at the ear already, or -1.</summary>
        private long FindReport(double frame)
        {
            long oldest = Math.Max(0, _count - Kept);
            for (long i = _count - 1; i >= oldest; i--)
            {
                if (_reports[i % Kept].FirstFrame <= frame) return i;
            }
            return -1;
        }
    }
}

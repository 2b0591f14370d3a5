"""One turn on one time axis: what the fan said, what was understood, where the time went, voice, mouth and feeling.

Drawn from a FanTurn alone, so that it shows what a client sees and when.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bench.measures import FanTurn, final_transcript, peaks, reply_chunks, report_of, score_turn
from bench.player import Player
from protocol.messages import FaceFormat, ReplyChunk, Stage, Transcript
from protocol.timeline import EmotionCue, VisemeSpan, WordSpan

INK, QUIET, GRID = "#1f2430", "#6b7280", "#e5e7eb"
FAN, AVATAR, STAGE, COMMIT = "#2563a8", "#b4501f", "#5b6b82", "#0f766e"
CURVES = {"jawOpen": "#b4501f", "mouthClose": "#2563a8", "mouthSmileLeft": "#3f8f3f", "eyeBlinkLeft": "#7c5cb8"}
FEELINGS = {
    "neutral": "#d1d5db", "joy": "#f6c945", "sadness": "#7aa6d8", "anger": "#e0705c", "fear": "#a58bd0",
    "surprise": "#f2a65a", "affection": "#ef9ab2",
}  # fmt: skip
#: Mouth shapes that look alike get colours that look alike.
MOUTHS = {
    "sil": "#f1f2f4", "PP": "#33658a", "FF": "#4d85ae", "TH": "#7fb2d1", "DD": "#86bbaf", "nn": "#5fa08f",
    "kk": "#a9c9a4", "CH": "#8fae5d", "SS": "#b9cf7a", "RR": "#c9b458", "aa": "#c8553d", "E": "#e07a5f",
    "ih": "#f0a58a", "oh": "#9b4f7c", "ou": "#bd7ca3",
}  # fmt: skip
WIDTH_IN, PX_PER_IN = 16.0, 110
LETTERS_IN = 0.17  # two small letters
PAPER = {"facecolor": "white", "alpha": 0.85, "linewidth": 0, "pad": 0.8}  # behind text that a line may cross
BINS_PER_S = 220
ROWS = {"fan": 1.1, "understood": 1.2, "stages": 1.7, "reply": 1.5, "mouth": 0.55, "face": 1.5, "feeling": 0.4}


@dataclass(frozen=True, slots=True)
class PlacedChunk:
    """A chunk of the reply and when its first sample was played, in seconds since the clip began."""

    chunk: ReplyChunk
    plays_at_s: float
    rate_hz: int

    def moment_s(self, samples: int) -> float:
        """When a sample of the reply that lies in this chunk is played."""
        return self.plays_at_s + (samples - self.chunk.start_samples) / self.rate_hz


def place_reply(turn: FanTurn, reply_id: int) -> list[PlacedChunk]:
    """The chunks of one reply as the fan's player played them."""
    player = Player(turn.rate_hz)
    arrivals = {id(arrival.message): arrival.at for arrival in turn.arrivals}
    return [
        PlacedChunk(chunk, player.receive(chunk, arrivals[id(chunk)]) - turn.began_at, turn.rate_hz)
        for chunk in reply_chunks(turn.arrivals, reply_id)
    ]


def draw_timeline(turn: FanTurn, reply_id: int, face: FaceFormat, server_zero_at: float, path: Path) -> None:
    """Writes a PNG. `server_zero_at`: the zero of the server's clock, on the fan's."""
    chunks = place_reply(turn, reply_id)
    report = report_of(turn.arrivals, reply_id)
    zero_s = server_zero_at - turn.began_at
    figure = Figure(figsize=(WIDTH_IN, 1.15 * sum(ROWS.values()) + 1.2), dpi=PX_PER_IN, facecolor="white")
    panels: Any = figure.subplots(len(ROWS), 1, sharex=True, gridspec_kw={"height_ratios": [*ROWS.values()]})
    fan, understood, stages, reply, mouth, curves, feeling = panels
    end_s = _end_s(turn, chunks)
    for panel in panels:
        _plain(panel, end_s)
    _draw_wave(fan, "the fan", turn.clip.pcm, [(0.0, turn.clip.seconds)], FAN)
    _draw_understood(understood, turn)
    _draw_stages(stages, report.stages if report else (), zero_s)
    _draw_reply(reply, chunks)
    _draw_mouth(mouth, [(span, placed) for placed in chunks for span in placed.chunk.visemes])
    _draw_face(curves, chunks, face)
    _draw_feeling(feeling, chunks)
    _draw_instants(panels, turn, _stage_start_s(report.stages if report else (), "commit_to_face", zero_s))
    feeling.set_xlabel("seconds since the fan's clip began", color=QUIET)
    feeling.tick_params(axis="x", bottom=True, labelbottom=True, colors=QUIET)
    figure.suptitle(_title(turn), x=0.085, y=0.985, ha="left", fontsize=13, color=INK, linespacing=1.5)
    figure.subplots_adjust(left=0.085, right=0.985, top=0.905, bottom=0.055, hspace=0.16)
    figure.savefig(path)


def _title(turn: FanTurn) -> str:
    score = score_turn(turn)
    latency = f"{score.v2v_ms:.0f} ms" if score.v2v_ms is not None else "no answer after the end"
    commit = f", {score.commit_to_face_ms:.0f} ms from commit to face" if score.commit_to_face_ms is not None else ""
    return f"“{score.transcript}”  →  “{_shorten(score.reply, 90)}”\nvoice to voice {latency}{commit}"


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rsplit(" ", 1)[0] + " …"


def _end_s(turn: FanTurn, chunks: list[PlacedChunk]) -> float:
    ends = [placed.moment_s(placed.chunk.start_samples + len(placed.chunk.audio) // 2) for placed in chunks]
    heard_s = max(ends, default=turn.voice_end_at - turn.began_at) + 0.15
    return heard_s if turn.stopped_at is None else min(heard_s, turn.stopped_at - turn.began_at)


# --- panels ---------------------------------------------------------------------------------------------------


def _plain(panel: Any, end_s: float) -> None:
    panel.set_xlim(-0.05, end_s)
    panel.tick_params(left=False, labelleft=False, bottom=False, labelbottom=False)
    panel.grid(axis="x", color=GRID, linewidth=0.8)
    panel.set_axisbelow(True)
    for side in panel.spines.values():
        side.set_visible(False)


def _name(panel: Any, text: str) -> None:
    panel.set_ylabel(text, rotation=0, ha="right", va="center", color=INK, fontsize=10.5, labelpad=8)


def _draw_wave(panel: Any, name: str, pcm: NDArray[np.floating], spans: list[tuple[float, float]], colour: str) -> None:
    """A waveform laid over one or more stretches of time."""
    _name(panel, name)
    begin_s, stop_s = spans[0][0], spans[-1][1]
    low, high = peaks(pcm, int((stop_s - begin_s) * BINS_PER_S))
    times = np.linspace(begin_s, stop_s, len(low), endpoint=False)
    loudest = max(float(np.max(high)), -float(np.min(low)), 1e-3)
    panel.fill_between(times, low / loudest, high / loudest, color=colour, linewidth=0.4)
    panel.set_ylim(-1.15, 1.15)


def _draw_understood(panel: Any, turn: FanTurn) -> None:
    _name(panel, "understood")
    heard = [(a.at - turn.began_at, a.message) for a in turn.arrivals if isinstance(a.message, Transcript)]
    lines = max(3, len(heard))
    for row, (at_s, message) in enumerate(heard):
        weight, colour = ("bold", INK) if message.final else ("normal", QUIET)
        y = lines - 0.5 - row
        panel.plot([at_s], [y], marker="|", markersize=9, color=FAN, clip_on=False)
        panel.text(at_s + 0.04, y, message.text, va="center", fontsize=10, color=colour, weight=weight, bbox=PAPER)
    panel.set_ylim(0, lines)


def _draw_stages(panel: Any, stages: tuple[Stage, ...], zero_s: float) -> None:
    _name(panel, "stages\n(server)")
    for row, stage in enumerate(stages):
        begin_s, end_s = zero_s + stage.start_ms / 1000, zero_s + stage.end_ms / 1000
        y = len(stages) - row - 0.5
        colour = {"fan_speaks": FAN, "wait_to_commit": COMMIT, "commit_to_face": AVATAR}.get(stage.name, STAGE)
        panel.barh(y, max(end_s - begin_s, 0.008), left=begin_s, height=0.62, color=colour)
        label = f"{stage.name.replace('_', ' ')}  {stage.end_ms - stage.start_ms:.0f} ms"
        panel.text(end_s + 0.04, y, label, va="center", fontsize=8.5, color=INK, bbox=PAPER)
    panel.set_ylim(0, max(1, len(stages)))


def _draw_reply(panel: Any, chunks: list[PlacedChunk]) -> None:
    _name(panel, "the avatar")
    voiced = [placed for placed in chunks if placed.chunk.audio]
    for stretch in _stretches(voiced):
        pcm = np.frombuffer(b"".join(placed.chunk.audio for placed in stretch), "<i2").astype(np.float64)
        begin_s = stretch[0].plays_at_s
        _draw_wave(panel, "the avatar", pcm, [(begin_s, begin_s + len(pcm) / stretch[0].rate_hz)], AVATAR)
    panel.set_ylim(-1.15, 2.5)
    words = [(word, placed) for placed in chunks for word in placed.chunk.words]
    for row, (word, placed) in enumerate(words):  # on two lines, because short words are narrower than their letters
        y = 2.15 if row % 2 else 1.5
        panel.text(_middle_s(word, placed), y, word.text, ha="center", va="center", fontsize=9, color=INK, bbox=PAPER)


def _stretches(chunks: list[PlacedChunk]) -> list[list[PlacedChunk]]:
    """Chunks that are played without a gap, together."""
    stretches: list[list[PlacedChunk]] = []
    for placed in chunks:
        last = stretches[-1][-1] if stretches else None
        if last and abs(last.moment_s(placed.chunk.start_samples) - placed.plays_at_s) < 0.002:
            stretches[-1].append(placed)
        else:
            stretches.append([placed])
    return stretches


def _middle_s(span: WordSpan | VisemeSpan, placed: PlacedChunk) -> float:
    return placed.moment_s((span.start_samples + span.end_samples) // 2)


def _draw_mouth(panel: Any, visemes: list[tuple[VisemeSpan, PlacedChunk]]) -> None:
    _name(panel, "visemes")
    readable_s = LETTERS_IN / WIDTH_IN * (panel.get_xlim()[1] - panel.get_xlim()[0])
    for span, placed in visemes:
        begin_s, end_s = placed.moment_s(span.start_samples), placed.moment_s(span.end_samples)
        panel.axvspan(begin_s, end_s, color=MOUTHS[span.viseme], linewidth=0)
        if span.viseme != "sil" and end_s - begin_s > readable_s:
            panel.text((begin_s + end_s) / 2, 0.5, span.viseme, ha="center", va="center", fontsize=7, color=INK)
    panel.set_ylim(0, 1)


def _draw_face(panel: Any, chunks: list[PlacedChunk], face: FaceFormat) -> None:
    _name(panel, "blend-\nshapes")
    times, frames = [], []
    for placed in chunks:
        weights = np.frombuffer(placed.chunk.face, np.uint8).reshape(-1, max(1, len(face.names))) / 255
        times.append(placed.plays_at_s + np.arange(len(weights)) / face.fps)
        frames.append(weights)
    shown = [name for name in CURVES if name in face.names]
    if shown and frames:
        at_s, weights = np.concatenate(times), np.concatenate(frames)
        for name in shown:
            panel.plot(at_s, weights[:, face.names.index(name)], color=CURVES[name], linewidth=1.3, label=name)
        panel.legend(loc="center left", bbox_to_anchor=(0.0, 0.5), frameon=False, fontsize=9, labelcolor=INK)
    panel.set_ylim(-0.03, 1.0)


def _draw_feeling(panel: Any, chunks: list[PlacedChunk]) -> None:
    _name(panel, "feeling")
    cues: list[tuple[float, EmotionCue]] = [
        (placed.moment_s(placed.chunk.emotion.start_samples), placed.chunk.emotion)
        for placed in chunks
        if placed.chunk.emotion
    ]
    last_s = chunks[-1].moment_s(chunks[-1].chunk.start_samples) if chunks else 0.0
    for (begin_s, cue), end_s in zip(cues, [*(at for at, _ in cues[1:]), last_s], strict=True):
        panel.axvspan(begin_s, end_s, color=FEELINGS[cue.category], linewidth=0)
        label = f"{cue.category}  (valence {cue.valence:+.1f}, arousal {cue.arousal:.1f})"
        panel.text(begin_s + 0.03, 0.5, label, va="center", fontsize=8.5, color=INK, clip_on=True)
    panel.set_ylim(0, 1)


def _stage_start_s(stages: tuple[Stage, ...], name: str, zero_s: float) -> float | None:
    return next((zero_s + stage.start_ms / 1000 for stage in stages if stage.name == name), None)


def _draw_instants(panels: Any, turn: FanTurn, commit_s: float | None) -> None:
    """Lines through every panel: the fan is done, the server is sure of it, the answer is heard."""
    voice_end_s = turn.voice_end_at - turn.began_at
    score = score_turn(turn)
    instants = [(voice_end_s, FAN, "fan is done  ", "right")]
    if commit_s is not None:
        instants.append((commit_s, COMMIT, "", "left"))
        panels[1].text(commit_s, 0.1, "  server is sure", color=COMMIT, fontsize=9.5)
    if score.v2v_ms is not None:
        heard_s = voice_end_s + score.v2v_ms / 1000
        instants.append((heard_s, AVATAR, "  answer is heard", "left"))
        panels[0].axvspan(voice_end_s, heard_s, color=AVATAR, alpha=0.08, linewidth=0)
    for at_s, colour, label, side in instants:
        for panel in panels:
            panel.axvline(at_s, color=colour, linewidth=1.2, linestyle=(0, (4, 2)), zorder=1.5)
        panels[0].text(at_s, 1.0, label, color=colour, ha=side, va="top", fontsize=9.5)
    if not final_transcript(turn.arrivals):
        panels[1].text(0.1, 0.5, "no words", color=QUIET, fontsize=10)

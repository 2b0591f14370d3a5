// A reply's sound as it arrives, made samples: PCM16 at once, Opus through the browser's own decoder. player.ts plays them.
//
// Each reply is one Opus stream, and so is the rest of a reply after a lost connection: the decoder begins anew, a few
// samples at its beginning (the pre-skip) are dropped, and the sound ends where the chunk with `last` says.

import type { Message } from "../talk/shapes";
import { DECODER } from "./formats";
import type { Chunk } from "./play-queue";
import { Resampler } from "./resampler";

type OutFormat = Message<"hello">["audio_out"];
type Stream = { replyId: number; at: number; skip: number; endsAt: number; resampler: Resampler | null };
type Awaited = { stream: Stream; isEnd: boolean }; // a packet at the decoder, or the end of a stream

export type Unpacking = {
  add: (chunk: Message<"reply.chunk">) => void;
  /** Forgets what is not unpacked yet, and what the stream was. */
  drop: () => void;
};

/** `onSamples` gets the sound of each reply in its order, without a hole. */
export function unpackingOf(format: OutFormat, onSamples: (chunk: Chunk) => void): Unpacking {
  return format.encoding === "opus" ? new OpusUnpacking(format, onSamples) : pcmUnpacking(onSamples);
}

function pcmUnpacking(onSamples: (chunk: Chunk) => void): Unpacking {
  return {
    add: ({ reply_id: replyId, start_samples: start, audio, last }) => {
      const pcm = new DataView(audio.buffer, audio.byteOffset, audio.byteLength);
      const samples = Float32Array.from({ length: audio.byteLength >> 1 }, (_, i) => pcm.getInt16(2 * i, true) / 32768);
      onSamples({ replyId, start, samples, last });
    },
    drop: () => {},
  };
}

class OpusUnpacking implements Unpacking {
  #format: OutFormat;
  #onSamples: (chunk: Chunk) => void;
  #decoder: AudioDecoder | null = null;
  #stream: Stream | null = null;
  #awaited: Awaited[] = []; // in the order of the wire; bounded by what the server sends ahead
  #nPackets = 0;

  constructor(format: OutFormat, onSamples: (chunk: Chunk) => void) {
    this.#format = format;
    this.#onSamples = onSamples;
  }

  add({ reply_id: replyId, start_samples: start, audio, last }: Message<"reply.chunk">) {
    const stream = this.#stream?.replyId === replyId ? this.#stream : this.#begin(replyId, start);
    for (const data of packetsIn(audio)) {
      this.#awaited.push({ stream, isEnd: false });
      this.#decoder?.decode(new EncodedAudioChunk({ type: "key", timestamp: 20_000 * this.#nPackets++, data }));
    }
    if (!last) return;
    stream.endsAt = start;
    this.#awaited.push({ stream, isEnd: true });
    this.#endStreams();
  }

  drop() {
    if (this.#decoder && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = this.#stream = null;
    this.#awaited = [];
  }

  #begin(replyId: number, start: number): Stream {
    if (!this.#decoder || this.#decoder.state === "closed") {
      const decoder: AudioDecoder = new AudioDecoder({
        output: (data) => decoder === this.#decoder && this.#take(data),
        error: (error) => console.warn("The browser's Opus decoder stopped.", error.message),
      });
      this.#decoder = decoder;
      this.#awaited = [];
    }
    this.#decoder.configure(DECODER); // also what makes a decoder that is at work begin a new stream
    this.#stream = { replyId, at: start, skip: this.#format.pre_skip_samples, endsAt: Infinity, resampler: null };
    return this.#stream;
  }

  #take(data: AudioData) {
    const sound = new Float32Array(data.numberOfFrames);
    data.copyTo(sound, { planeIndex: 0, format: "f32-planar" });
    const stream = this.#awaited.shift()?.stream;
    if (stream) {
      stream.resampler ??= new Resampler(data.sampleRate, this.#format.sample_rate_hz);
      this.#pass(stream, stream.resampler.push(sound), false);
    }
    data.close();
    this.#endStreams();
  }

  /** Ends the streams whose packets have all come out. */
  #endStreams() {
    while (this.#awaited[0]?.isEnd) {
      const { stream } = this.#awaited[0];
      this.#awaited.shift();
      this.#pass(stream, stream.resampler?.push(new Float32Array(1024)) ?? [], true); // silence pushes out what it holds
    }
  }

  #pass(stream: Stream, sound: number[], last: boolean) {
    const { replyId, at: start } = stream;
    const skipped = Math.min(stream.skip, sound.length);
    stream.skip -= skipped;
    const samples = Float32Array.from(sound.slice(skipped, skipped + Math.max(0, stream.endsAt - start)));
    stream.at += samples.length;
    if (samples.length > 0 || last) this.#onSamples({ replyId, start, samples, last });
  }
}

/** The packets of an `audio` field, each after its length in 2 bytes; what is torn is left out. */
function* packetsIn(audio: Uint8Array): Generator<Uint8Array> {
  let at = 0;
  while (at + 2 < audio.length) {
    const end = at + 2 + audio[at] + 256 * audio[at + 1];
    if (end > audio.length) return;
    yield audio.slice(at + 2, end);
    at = end;
  }
}

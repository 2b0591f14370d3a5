// The microphone's sound as it travels: PCM16 as it is, or Opus packets from the browser's own encoder, each after its
// length. talk-button.ts puts chunks in and sends what comes out.

import { ENCODER, MICROPHONE_HZ } from "./formats";

const CHUNK_US = 20_000;
const OPUS_SILENCE = [3, 0, 0xf8, 0xff, 0xfe]; // 20 ms of nothing after its length (RFC 6716: CELT, one frame)

export type Packing = {
  /** One chunk of 20 ms at MICROPHONE_HZ; what is made of it comes at once, or a moment later. */
  push: (chunk: Int16Array) => void;
  /** So much silence, ready to be sent. */
  silence: (seconds: number) => Uint8Array;
  close: () => void;
};

/** `onPacked` gets bytes for the `audio` field; several of them can go one after the other in one field. */
export function packingOf(encoding: string, onPacked: (bytes: Uint8Array) => void): Packing {
  return encoding === "opus" ? new OpusPacking(onPacked) : pcmPacking(onPacked);
}

function pcmPacking(onPacked: (bytes: Uint8Array) => void): Packing {
  return {
    push: (chunk) => onPacked(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)),
    silence: (seconds) => new Uint8Array(2 * Math.round(seconds * MICROPHONE_HZ)),
    close: () => {},
  };
}

class OpusPacking implements Packing {
  #encoder: AudioEncoder;
  #pushed = 0;

  constructor(onPacked: (bytes: Uint8Array) => void) {
    this.#encoder = new AudioEncoder({
      output: (packet) => {
        const bytes = new Uint8Array(2 + packet.byteLength);
        new DataView(bytes.buffer).setUint16(0, packet.byteLength, true);
        packet.copyTo(bytes.subarray(2));
        onPacked(bytes);
      },
      error: (error) => console.warn("The browser's Opus encoder stopped.", error.message),
    });
    this.#encoder.configure(ENCODER);
  }

  push(chunk: Int16Array) {
    if (this.#encoder.state !== "configured") return;
    const data = new AudioData({
      format: "s16",
      sampleRate: MICROPHONE_HZ,
      numberOfFrames: chunk.length,
      numberOfChannels: 1,
      timestamp: CHUNK_US * this.#pushed++,
      data: chunk.buffer as ArrayBuffer,
    });
    this.#encoder.encode(data);
    data.close();
  }

  silence(seconds: number): Uint8Array {
    return Uint8Array.from(Array.from({ length: Math.round((seconds * 1e6) / CHUNK_US) }, () => OPUS_SILENCE).flat());
  }

  /** What it still holds, less than a chunk or two, is not sent any more. */
  close() {
    if (this.#encoder.state !== "closed") this.#encoder.close();
  }
}

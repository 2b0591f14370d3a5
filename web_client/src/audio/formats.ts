// Which sound this browser can send and take: Opus where it has the codecs, else PCM16. visit.ts says so in `hello`.
//
// Opus needs a tenth of the line. What a server agrees to stands in its own hello; packing.ts and unpacking.ts follow it.

export type AudioFormat = { encoding: string; sample_rate_hz: number };
export type Formats = { audio_in: AudioFormat; audio_out: AudioFormat };

export const MICROPHONE_HZ = 16_000; // what recognisers hear; the encoder is given it too
const VOICE_HZ = 24_000;
const OPUS_HZ = 48_000; // whatever a packet was made from, it decodes to this

export const PCM: Formats = {
  audio_in: { encoding: "pcm16", sample_rate_hz: MICROPHONE_HZ },
  audio_out: { encoding: "pcm16", sample_rate_hz: VOICE_HZ },
};
const OPUS: Formats = {
  audio_in: { encoding: "opus", sample_rate_hz: OPUS_HZ },
  audio_out: { encoding: "opus", sample_rate_hz: VOICE_HZ },
};

export const ENCODER: AudioEncoderConfig = {
  codec: "opus",
  sampleRate: MICROPHONE_HZ,
  numberOfChannels: 1,
  bitrate: 32_000, // more than a call takes: what recognisers would miss first is what Opus saves first
  opus: { frameDuration: 20_000 },
};
export const DECODER: AudioDecoderConfig = { codec: "opus", sampleRate: OPUS_HZ, numberOfChannels: 1 };

/** The best that this browser can do in each direction; `?audio=pcm16` asks for none of it. */
export async function bestFormats(): Promise<Formats> {
  if (new URLSearchParams(location.search).get("audio") === "pcm16") return PCM;
  const [up, down] = await Promise.all([
    supported(() => AudioEncoder.isConfigSupported(ENCODER)),
    supported(() => AudioDecoder.isConfigSupported(DECODER)),
  ]);
  return { audio_in: (up ? OPUS : PCM).audio_in, audio_out: (down ? OPUS : PCM).audio_out };
}

/** Browsers without WebCodecs do not even have the names. */
async function supported(ask: () => Promise<{ supported?: boolean }>): Promise<boolean> {
  try {
    return (await ask()).supported === true;
  } catch {
    return false;
  }
}

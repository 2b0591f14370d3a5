// What the audio thread has and the DOM's types do not name.

declare const sampleRate: number;
declare const currentFrame: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, made: new (options: never) => AudioWorkletProcessor): void;

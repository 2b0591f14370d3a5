// On the audio thread: everything that goes to the loudspeaker, with the frame at which it goes there.

const QUANTUM = 128;

class Ear extends AudioWorkletProcessor {
  process([[samples]]) {
    // A source that the browser takes for idle has no channels: that is silence.
    this.port.postMessage({ frame: currentFrame, samples: samples?.slice() ?? new Float32Array(QUANTUM) });
    return true;
  }
}

registerProcessor("ear", Ear);

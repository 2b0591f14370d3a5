// Runs before the page: notes in window.ear what it plays, sends, receives, draws and asks for.

window.ear = { sound: [], messages: [], chunks: [], pictures: [], microphones: [], rateHz: 0 };

{
  const RAW = { audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } };
  let output = null;
  const now = () => (output ? output.currentTime * output.sampleRate : 0);
  const delay = () => (output ? (output.outputLatency || output.baseLatency || 0) * output.sampleRate : 0);

  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (to, ...rest) {
    if (to instanceof AudioDestinationNode) {
      output = this.context;
      window.ear.rateHz = output.sampleRate;
      output.audioWorklet.addModule(window.earModule ?? "/ear.js").then(() => {
        const ear = new AudioWorkletNode(output, "ear", { numberOfOutputs: 0, channelCount: 1 });
        ear.port.onmessage = ({ data }) => window.ear.sound.push({ frame: data.frame, samples: [...data.samples] });
        connect.call(this, ear);
      });
    }
    return connect.call(this, to, ...rest);
  };

  window.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", ({ data }) => {
        const type = /"type":"([a-z.]+)"/.exec(data)?.[1];
        window.ear.messages.push({ type, frame: now() });
        if (type === "reply.chunk") window.ear.chunks.push(data);
      });
    }
  };

  let decidedAt = 0; // what was heard when the page began to make its picture; a software renderer then takes its time
  const requestPicture = window.requestAnimationFrame;
  window.requestAnimationFrame = (draw) =>
    requestPicture((nowMs) => {
      decidedAt = now() - delay();
      draw(nowMs);
    });

  const getUserMedia = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = function (constraints) {
    window.ear.microphones.push(structuredClone(constraints.audio));
    return getUserMedia.call(this, window.ear.rawMicrophone ? RAW : constraints);
  };

  addEventListener("DOMContentLoaded", () => {
    const face = document.getElementById("face");
    new MutationObserver(() => {
      const { source, frame, jawOpen } = face.dataset;
      const shown = { source, frame: Number(frame), jawOpen: Number(jawOpen) };
      window.ear.pictures.push({ ...shown, decidedAt, heardAt: now() - delay() });
    }).observe(face, { attributeFilter: ["data-jaw-open", "data-frame", "data-source"] });
  });
}

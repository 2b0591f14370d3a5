// TalkingHead: its `streamAudio` plays the voice and moves the lips by the visemes that come with it.
//
// TalkingHead keeps its own blinks, gaze and moods; only voice, visemes, words and gestures are ours. It has one viseme
// after another with its own easing, so lips are less exact than with our frames (see arkit.js).

import { TalkingHead } from "talkinghead";
import { door, options, Stream } from "./stream.js";

const GESTURES = { wave: "handup", shrug: "shrug", point: "index", heart: "namaste", nod: null, shake: null, laugh: null };
const MOODS = { neutral: "neutral", joy: "happy", affection: "love", sadness: "sad", anger: "angry", fear: "fear" };

const { server, avatar } = options();
const place = document.createElement("div");
place.id = "head";
document.body.prepend(place);
const head = new TalkingHead(place, { ttsEndpoint: null, lipsyncModules: [], cameraView: "head", modelFPS: 60 });
let rateHz = 24_000;
let replyId = -1;
let soundsSince = 0;

const stream = new Stream(server, "none", { welcome, chunk, cancelled });
await head.showAvatar({ url: avatar, body: "F", avatarMood: "neutral", lipsyncLang: "en" });
document.body.dataset.rig = "ready";
door(stream, async () => {
  await listen(); // may make a new audio context, at the stream's rate
  await head.audioCtx.resume();
  await stream.begin({ play: false });
});
setInterval(mark, 100);

function listen() {
  return head.streamStart(
    { sampleRate: rateHz, lipsyncType: "visemes" },
    () => (soundsSince = performance.now()),
    () => (soundsSince = 0),
  );
}

function welcome({ disclosure, audio_out: { sample_rate_hz: hz } }) {
  rateHz = hz;
  document.getElementById("disclosure").textContent = disclosure;
  document.getElementById("understand").disabled = false;
}

function chunk(message, pcm) {
  replyId = message.reply_id;
  const ms = (samples) => (1000 * samples) / rateHz;
  head.streamAudio({
    audio: pcm.buffer,
    visemes: message.visemes.map(({ viseme }) => viseme),
    vtimes: message.visemes.map(({ start_samples: start }) => ms(start)),
    vdurations: message.visemes.map(({ start_samples: start, end_samples: end }) => ms(end - start)),
  });
  if (message.emotion) head.setMood(MOODS[message.emotion.category] ?? "neutral");
  for (const { name } of message.gestures) if (GESTURES[name]) head.playGesture(GESTURES[name], 2);
  if (message.last) head.streamNotifyEnd();
}

function cancelled() {
  head.streamInterrupt();
  soundsSince = 0;
}

function mark() {
  if (soundsSince) stream.heard(replyId, ((performance.now() - soundsSince) / 1000) * rateHz);
}

window.head = head; // for the console, and for the test

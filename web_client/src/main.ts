// The visit, from the join link to goodbye: connecting -> disclosure -> room -> over, and back by a button.
//
// Nothing is said or sent before the person has acknowledged that they talk with an AI. Start reading here; talk/ brings the
// messages and the words, audio/ the voice, face/ the face.

import { Captions } from "./talk/captions";
import "./style.css";
import { loudness, Mic } from "./audio/mic";
import { Player, type Heard } from "./audio/player";
import { DrawnFace } from "./face/drawn";
import { FaceTrack } from "./face/track";
import { Report } from "./talk/report";
import * as view from "./talk/view";
import { toBase64, Wire, type Message, type MessageType, type ServerMessage } from "./talk/wire";
import { wordsForClose, wordsForError } from "./talk/words";

const CLOSING_SILENCE_S = 0.8; // sent when the microphone is closed, so that the last sentence is known to be over
const RATE_IN_HZ = 16_000;

const { byId } = view;
const captions = new Captions(byId("lines"));
const report = new Report(byId("report"));
const face = new DrawnFace(byId("face"));

let wire: Wire | null = null;
let welcome: Message<"hello"> | null = null; // the server's `hello`
let player: Player | null = null;
let track: FaceTrack | null = null;
let fatal: string | null = null; // the error that the server is about to close for
let thinking = false;
let hearing = false;
let muted = false;
let audioSeq = 0;
let pings = { nonce: 0, at: 0 };

const phase = () => document.body.dataset.phase;

const mic = new Mic((chunk) => {
  if (phase() !== "room" || !wire || wire.congested) return;
  wire.send("audio", { audio: toBase64(new Uint8Array(chunk.buffer)), seq: audioSeq++ });
  if (!muted) view.showLevel(loudness(chunk));
});

// --- coming and going ---------------------------------------------------------------------------------------

/** The join token is in the fragment of the link, which browsers send to nobody, so no log ever holds it. */
function joinToken() {
  return new URLSearchParams(location.hash.slice(1)).get("join") ?? "";
}

function connect() {
  if (!isSecureContext) {
    view.showOver("This address is not secure", "Browsers allow sound and microphone only on https or localhost.");
    return;
  }
  view.showPhase("connecting");
  fatal = null;
  const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
  const mine = new Wire(url, {
    onOpen: sayHello,
    onMessage: (message) => mine === wire && receive(message),
    onClose: () => mine === wire && closed(), // a visit that was left may still be closing when the next has begun
  });
  wire = mine;
}

function sayHello() {
  wire?.send("hello", {
    version: "1.0",
    client: "stagedoor-web/1",
    token: joinToken(),
    language: navigator.language.slice(0, 16),
    audio_in: { encoding: "pcm16", sample_rate_hz: RATE_IN_HZ },
    face: "arkit52",
    consents: view.readConsents(),
  });
}

function closed() {
  const wasOpen = welcome !== null;
  const name = welcome?.persona.name;
  stopEverything();
  view.showOver(wasOpen ? `The visit with ${name} has ended` : "No connection", fatal ?? wordsForClose(wasOpen));
}

function leave() {
  const name = welcome?.persona.name ?? "us";
  stopEverything();
  wire?.leave();
  wire = null;
  view.showOver("You have left", `Thank you for talking with ${name}.`);
}

function stopEverything() {
  closeMicrophone();
  player?.close();
  player = welcome = null; // the face stays, and idles
  thinking = hearing = false;
}

async function enterRoom() {
  if (!welcome) return;
  try {
    const opening = new Player((reply_id, heard_samples) => wire?.send("playback.mark", { reply_id, heard_samples }));
    await opening.open(welcome.audio_out.sample_rate_hz);
    player = opening;
  } catch (error) {
    view.showBanner(`The sound could not be started (${error instanceof Error ? error.name : error}). Please try another browser.`);
    return;
  }
  if (!welcome) return stopEverything(); // the connection went while the sound was starting
  byId("consents-in-room").append(byId("consents"));
  captions.begin(welcome.persona.name);
  view.showPhase("room");
  view.showMicrophone({ open: false, muted: false });
  wire?.send("disclosure.acknowledged");
  ping();
}

// --- what the server says -----------------------------------------------------------------------------------

const RECEIVE: { [T in MessageType]: (message: Message<T>) => void } = {
  hello(message) {
    if (welcome) return; // said once
    welcome = message;
    face.names = message.face.names;
    track = new FaceTrack(message.face.names, message.face.fps, message.audio_out.sample_rate_hz);
    byId<HTMLInputElement>("text").maxLength = message.limits.max_text_chars;
    byId("consents-on-card").append(byId("consents"));
    view.showCard(message);
    view.showPhase("disclosure");
  },
  "reply.chunk"(message) {
    if (!player?.add(message)) return;
    thinking = hearing = false;
    track?.addReply(message);
    captions.addWords(message.reply_id, message.words);
  },
  "reply.cancelled"(message) {
    cutReply(message.reply_id);
  },
  "reply.duck"(message) {
    player?.duck(message.reply_id, message.gain, message.ramp_ms);
  },
  listening(message) {
    track?.listen(message, performance.now());
  },
  transcript(message) {
    hearing = !message.final;
    thinking = message.final;
    captions.fanSaid(message);
  },
  "turn.report"(message) {
    report.show(message);
    ping();
  },
  notice(message) {
    if (phase() === "room") captions.note(message.text);
    else view.showBanner(message.text, "note");
  },
  pong(message) {
    if (message.nonce === pings.nonce) report.showNetwork(performance.now() - pings.at);
  },
  error(message) {
    thinking = false;
    if (message.fatal) fatal = wordsForError(message);
    else view.showBanner(wordsForError(message));
  },
};

function receive(message: ServerMessage) {
  (RECEIVE[message.type] as (message: ServerMessage) => void)(message);
}

/** Measures the way to the server once. Not on a timer: that would keep the place of someone who has gone away. */
function ping() {
  pings = { nonce: pings.nonce + 1, at: performance.now() };
  wire?.send("ping", { nonce: pings.nonce });
}

// --- what the person does -----------------------------------------------------------------------------------

async function toggleTalk() {
  if (mic.isOpen) return closeMicrophone();
  if (!welcome) return;
  byId<HTMLButtonElement>("talk").disabled = true;
  try {
    await mic.open(welcome.audio_in.sample_rate_hz);
  } catch (error) {
    view.showBanner(error instanceof Error ? error.message : String(error));
  }
  byId<HTMLButtonElement>("talk").disabled = false;
  if (phase() !== "room") mic.close();
  view.showMicrophone({ open: mic.isOpen, muted });
}

function closeMicrophone() {
  if (mic.isOpen && welcome) {
    const silence = new Uint8Array(2 * CLOSING_SILENCE_S * welcome.audio_in.sample_rate_hz);
    wire?.send("audio", { audio: toBase64(silence), seq: audioSeq++ });
  }
  mic.close();
  muted = false;
  view.showMicrophone({ open: false, muted });
}

function toggleMute() {
  muted = !muted;
  mic.mute(muted);
  view.showMicrophone({ open: mic.isOpen, muted });
}

function sendText(event: Event) {
  event.preventDefault();
  const field = byId<HTMLInputElement>("text");
  const text = field.value.trim();
  if (!text) return;
  wire?.send("text", { text });
  captions.fanTyped(text);
  thinking = true;
  field.value = "";
}

/** Stop is silence first and a message after it: the fan does not wait for the network. */
function interrupt() {
  if (phase() !== "room" || !player) return;
  const { replyId, playing } = player.heard();
  if (playing) cutReply(replyId);
  wire?.send("interrupt");
  thinking = false;
}

function cutReply(replyId: number) {
  if (!player) return;
  captions.cut(replyId, player.cancel(replyId));
  track?.cancel(replyId, performance.now());
}

// --- every picture ------------------------------------------------------------------------------------------

function activity(playing: boolean): view.Activity {
  if (playing) return "speaking";
  if (hearing) return "hearing";
  if (thinking) return "thinking";
  if (!mic.isOpen) return "idle";
  return muted ? "muted" : "listening";
}

function drawPicture(nowMs: number) {
  requestAnimationFrame(drawPicture);
  if (!track) return;
  const heard: Heard = player?.heard() ?? { replyId: -1, position: 0, playing: false };
  const { weights, source, frame } = track.at(nowMs, heard);
  face.draw(weights, nowMs);
  Object.assign(byId("face").dataset, { source, frame: String(frame), jawOpen: face.weight("jawOpen").toFixed(3) });
  captions.heard(heard.replyId, heard.position);
  if (phase() === "room" && welcome) view.showActivity(activity(heard.playing), welcome.persona.name);
}

byId("understand").addEventListener("click", enterRoom);
byId("decline").addEventListener("click", leave);
byId("talk").addEventListener("click", toggleTalk);
byId("mute").addEventListener("click", toggleMute);
byId("stop").addEventListener("click", interrupt);
byId("leave").addEventListener("click", leave);
byId("again").addEventListener("click", connect);
byId("say").addEventListener("submit", sendText);
byId("consents").addEventListener("change", () => wire?.send("consent", { consents: view.readConsents() }));
document.addEventListener("keydown", (event) => event.key === "Escape" && interrupt());
document.addEventListener("pointerdown", () => player?.resume());
addEventListener("hashchange", () => location.reload()); // another join link, pasted into the same tab
requestAnimationFrame(drawPicture);
connect();

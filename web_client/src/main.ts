// The meet, from the join link to goodbye: connecting -> lobby -> (waiting) -> room -> keepsake, and back by a button.
//
// Nothing is said or sent before the person has acknowledged that they talk with an AI. Start reading here; talk/
// brings messages and words, audio/ microphone and voice, stage.ts and face/ and scene/ what is seen.

import "./style.css";
import { Player, type Heard } from "./audio/player";
import { offerXr } from "./meet-in-xr";
import { Stage } from "./stage";
import type { DebugOverlay } from "./debug/overlay";
import { Captions } from "./talk/captions";
import { Keepsake } from "./talk/keepsake";
import { MicCheck } from "./talk/lobby";
import { Report } from "./talk/report";
import { TalkButton } from "./talk/talk-button";
import * as view from "./talk/view";
import { Visit } from "./talk/visit";
import type { Message, MessageType, ServerMessage } from "./talk/wire";
import { wordsForClose, wordsForError } from "./talk/words";

const { byId } = view;
const SILENT: Heard = { replyId: -1, position: 0, playing: false };
const captions = new Captions(byId("lines"));
const report = new Report(byId("report"));
const stage = new Stage(byId("face"));
const keepsake = new Keepsake();
const check = new MicCheck();

let player: Player | null = null;
let debug: DebugOverlay | null = null;
let name = ""; // what the fan said they are called, as this connection knows it
let entering = false; // the lobby was left, and only the name had to be told anew
let endsAt = Infinity; // performance.now() when the time of the visit is used up
let thinking = false;
let hearing = false;
let pings = { nonce: 0, at: 0, roundTripMs: 0 };

const phase = () => document.body.dataset.phase;

const visit = new Visit({
  onWelcome: welcomed,
  onMessage: (message) => receive(message),
  onLost: () => view.showBanner("The connection was lost. Trying to get it back…"),
  onBusy: (waitS) => {
    showWaiting(`Every place is taken at the moment. The next try is in ${waitS} seconds.`);
  },
  onOver: (error, wasOpen) => ended(error ? wordsForError(error) : wordsForClose(wasOpen), wasOpen),
  handOver: () => player?.handOver() ?? { reply_id: 0, heard_samples: 0 },
});

const talk = new TalkButton({
  send: (audio) => {
    if (phase() === "room" && !visit.congested) visit.send("audio", audio);
  },
  rateHz: () => visit.welcome?.audio_in.sample_rate_hz ?? 16_000,
  stillWanted: () => phase() === "room",
});

// --- coming and going ---------------------------------------------------------------------------------------

/** The join token is in the fragment of the link, which browsers send to nobody, so no log ever holds it. */
function joinToken(): string {
  return new URLSearchParams(location.hash.slice(1)).get("join") ?? "";
}

function connect() {
  if (!isSecureContext) {
    view.showOver("This address is not secure", "Browsers allow sound and microphone only on https or localhost.");
    return;
  }
  view.showPhase("connecting");
  visit.begin({ token: joinToken(), name, consents: view.readConsents() }, Visit.kept());
}

function welcomed(message: Message<"hello">) {
  byId<HTMLInputElement>("text").maxLength = message.limits.max_text_chars;
  endsAt = message.limits.max_session_s ? performance.now() + 1000 * message.limits.max_session_s : Infinity;
  view.showCard(message);
  if (phase() === "room") return view.hideBanner(); // found again: everything goes on
  stage.begin(message);
  if (entering) return void enterRoom();
  if (!message.resumed) byId("consents-on-card").append(byId("consents"));
  view.showPhase(message.resumed ? "back" : "disclosure");
}

function showWaiting(words: string) {
  byId("waiting-says").textContent = words;
  if (phase() !== "waiting") view.showPhase("waiting");
}

/** From the lobby into the room. The name travels in `hello`: when one was given, hello is said anew. */
async function understood() {
  check.stop();
  const given = byId<HTMLInputElement>("name").value.trim();
  await openSound();
  if (!player) return;
  if (given === name) return enterRoom();
  name = given;
  entering = true;
  visit.leave();
  visit.begin({ token: joinToken(), name, consents: view.readConsents() });
}

/** Browsers allow sound from a click only, so this comes first after one. */
async function openSound() {
  const rateHz = visit.welcome?.audio_out.sample_rate_hz;
  if (player || !rateHz) return;
  try {
    const opening = new Player((reply_id, heard_samples) => visit.send("playback.mark", { reply_id, heard_samples }));
    await opening.open(rateHz);
    if (visit.welcome) player = opening;
    else opening.close(); // the connection went while the sound was starting
  } catch (error) {
    const what = error instanceof Error ? error.name : String(error);
    view.showBanner(`The sound could not be started (${what}). Please try another browser.`);
  }
}

async function enterRoom() {
  await openSound();
  const { welcome } = visit;
  if (!welcome || !player) return;
  entering = false;
  byId("consents-in-room").append(byId("consents"));
  captions.begin(welcome.persona.name);
  keepsake.forget();
  view.showPhase("room");
  talk.reset();
  if (!welcome.resumed) visit.acknowledge();
  ping();
}

function leave() {
  const them = visit.welcome?.persona.name ?? "us";
  const talked = phase() === "room";
  talk.close();
  visit.leave();
  stopEverything();
  showOver("You have left", talked ? `Thank you for talking with ${them}. Goodbye!` : "Goodbye!", them);
}

function ended(why: string, wasOpen: boolean) {
  const them = byId("stage-name").textContent ?? "";
  stopEverything();
  showOver(wasOpen ? `The visit with ${them} has ended` : "No connection", why, them);
}

function showOver(title: string, why: string, them: string) {
  showKeepsake(them);
  view.showOver(title, why);
}

function showKeepsake(them: string) {
  keepsake.show(byId("keepsakes"), captions, them);
  byId("keepsake").hidden = byId("keepsakes").childElementCount === 0;
}

function stopEverything() {
  talk.close();
  check.stop();
  player?.close();
  player = null; // the face stays, and idles
  thinking = hearing = entering = false;
  endsAt = Infinity;
  view.showTimeLeft(Infinity);
}

// --- what the server says -----------------------------------------------------------------------------------

const RECEIVE: { [T in Exclude<MessageType, "hello">]: (message: Message<T>) => void } = {
  "reply.chunk"(message) {
    if (!player?.add(message)) return;
    thinking = hearing = false;
    stage.track?.addReply(message);
    captions.addWords(message.reply_id, message.words);
  },
  "reply.cancelled"(message) {
    cutReply(message.reply_id);
  },
  "reply.duck"(message) {
    player?.duck(message.reply_id, message.gain, message.ramp_ms);
  },
  listening(message) {
    stage.track?.listen(message, performance.now());
  },
  transcript(message) {
    hearing = !message.final;
    thinking = message.final;
    captions.fanSaid(message);
  },
  "turn.report"(message) {
    report.show(message);
    debug?.showTurn(message);
    ping();
  },
  notice(message) {
    if (phase() === "room") captions.note(message.text);
    else if (visit.welcome) view.showBanner(message.text, "note");
    else showWaiting(message.text); // in line: the welcome comes when there is a place
  },
  pong(message) {
    if (message.nonce !== pings.nonce) return;
    pings.roundTripMs = performance.now() - pings.at;
    report.showNetwork(pings.roundTripMs);
  },
  error(message) {
    thinking = false;
    if (!message.fatal) view.showBanner(wordsForError(message));
  },
};

function receive(message: ServerMessage) {
  if (message.type !== "hello") (RECEIVE[message.type] as (message: ServerMessage) => void)(message);
}

/** Measures the way to the server once. Not on a timer: that would keep the place of someone who has gone away. */
function ping() {
  pings = { ...pings, nonce: pings.nonce + 1, at: performance.now() };
  visit.send("ping", { nonce: pings.nonce });
}

// --- what the person does -----------------------------------------------------------------------------------

function sendText(event: Event) {
  event.preventDefault();
  const field = byId<HTMLInputElement>("text");
  const text = field.value.trim();
  if (!text) return;
  visit.send("text", { text });
  captions.fanTyped(text);
  thinking = true;
  field.value = "";
}

/** Stop is silence first and a message after it: the fan does not wait for the network. */
function interrupt() {
  if (phase() !== "room" || !player) return;
  const { replyId, playing } = player.heard();
  if (playing) cutReply(replyId);
  visit.send("interrupt");
  thinking = false;
}

function cutReply(replyId: number) {
  if (!player) return;
  captions.cut(replyId, player.cancel(replyId));
  stage.track?.cancel(replyId, performance.now());
}

async function takePicture() {
  await keepsake.takePicture(stage.snapshot(), byId("stage-name").textContent ?? "");
  if (phase() === "over") showKeepsake(byId("stage-name").textContent ?? "");
  else view.showBanner("The picture is in your keepsake; you can save it when you leave.", "note");
}

// --- every picture ------------------------------------------------------------------------------------------

function activity(playing: boolean): view.Activity {
  if (playing) return "speaking";
  if (hearing) return "hearing";
  if (thinking) return "thinking";
  if (!talk.isOpen) return "idle";
  return talk.isMuted ? "muted" : "listening";
}

function drawPicture(nowMs: number, immersed = false) {
  const heard = player?.heard() ?? SILENT;
  stage.draw(nowMs, heard, immersed);
  captions.heard(heard.replyId, heard.position);
  if (phase() !== "room" || !visit.welcome) return;
  view.showActivity(activity(heard.playing), visit.welcome.persona.name);
  view.showTimeLeft((endsAt - nowMs) / 1000);
}

function nextPicture(nowMs: number) {
  requestAnimationFrame(nextPicture);
  drawPicture(nowMs);
}

stage.onRoom = () =>
  offerXr({
    stage,
    player: () => player,
    send: (type, fields) => phase() === "room" && visit.send(type, fields),
    newestWords: () => captions.newest(),
    isMuted: () => talk.isMuted,
    toggleMute: () => talk.mute(!talk.isMuted),
    takePicture,
    draw: drawPicture,
    say: (words) => view.showBanner(words),
  });

if (new URLSearchParams(location.search).has("debug")) {
  const sources = { stage, visit, player: () => player, roundTripMs: () => pings.roundTripMs };
  void import("./debug/overlay").then(({ DebugOverlay }) => (debug = new DebugOverlay(document.body, sources)));
}

byId("understand").addEventListener("click", understood);
byId("go-on").addEventListener("click", enterRoom);
byId("decline").addEventListener("click", leave);
byId("give-up").addEventListener("click", leave);
byId("check").addEventListener("click", () => check.toggle());
byId("stop").addEventListener("click", interrupt);
byId("leave").addEventListener("click", leave);
byId("again").addEventListener("click", connect);
byId("picture").addEventListener("click", takePicture);
byId("smaller").addEventListener("click", () => view.resizeCaptions(-0.15));
byId("larger").addEventListener("click", () => view.resizeCaptions(0.15));
byId("say").addEventListener("submit", sendText);
byId("consents").addEventListener("change", () => visit.send("consent", { consents: view.readConsents() }));
document.addEventListener("keydown", (event) => event.key === "Escape" && interrupt());
document.addEventListener("pointerdown", () => player?.resume());
addEventListener("pagehide", () => visit.keep());
addEventListener("hashchange", () => location.reload()); // another join link, pasted into the same tab
view.applyCaptionSize();
requestAnimationFrame(nextPicture);
connect();

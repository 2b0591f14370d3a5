// The meet, from the join link to goodbye: connecting -> lobby -> (waiting) -> room -> over, and back by a button.
//
// What every part of the page shares (visit, stage, captions, sound), and when one comes and goes. The parts beside
// this file register for what they want to know: conversation.ts, keeping.ts, line.ts, pictures.ts.

import { bestFormats, PCM } from "../audio/formats";
import { Player } from "../audio/player";
import { Stage } from "../stage";
import { Captions } from "../talk/captions";
import { MicCheck } from "../talk/lobby";
import type { Message, MessageType, ServerMessage } from "../talk/shapes";
import { Numbering } from "../talk/numbering";
import { TalkButton } from "../talk/talk-button";
import * as view from "../talk/view";
import { Visit } from "../talk/visit";
import { wordsForClose, wordsForError } from "../talk/words";
import { Moments } from "./moments";
import { joinToken, wayIn } from "./way-in";

const { byId } = view;

type Happenings = {
  /** A server said who is here; also after a lost connection (`resumed`). */
  welcomed: Message<"hello">;
  /** The fan is in the room, by their own click. */
  entered: Message<"hello">;
  /** No place is free; the next try comes after so many seconds. */
  busy: number;
  /** Sound and microphone stop: the visit is over, or was left. */
  stopped: null;
  /** The last panel is about to be shown. */
  over: null;
};

export class Meet {
  readonly stage = new Stage(byId("face"));
  readonly captions = new Captions(byId("lines"));
  readonly check = new MicCheck();
  /** What the server says; its `hello` is the moment `welcomed`. */
  readonly messages = new Moments<{ [T in Exclude<MessageType, "hello">]: Message<T> }>();
  readonly moments = new Moments<Happenings>();
  readonly visit: Visit;
  readonly talk: TalkButton;
  player: Player | null = null;
  #numbering = new Numbering();
  #name = ""; // what the fan said they are called, as this connection knows it
  #entering = false; // everything was said and agreed: the next welcome leads into the room
  #opening: Promise<void> | null = null; // the sound is being started
  #finished = false; // the goodbye was heard: nothing more is expected of the server

  constructor() {
    this.visit = new Visit({
      onWelcome: (welcome) => this.#welcomed(welcome),
      onMessage: (message) => this.#receive(message),
      onLost: () => view.showBanner("The connection was lost. Trying to get it back…"),
      onBusy: (waitS) => this.moments.tell("busy", waitS),
      onOver: (error, wasOpen) => this.#ended(error, wasOpen),
      renew: () => joinToken(wayIn()),
      handOver: () => this.player?.handOver() ?? { reply_id: 0, heard_samples: 0 },
    });
    this.talk = new TalkButton({
      send: (audio) => {
        if (this.inRoom && !this.visit.congested) this.visit.send("audio", audio);
      },
      encoding: () => this.visit.welcome?.audio_in.encoding ?? "pcm16",
      stillWanted: () => this.inRoom,
    });
  }

  get inRoom(): boolean {
    return document.body.dataset.phase === "room";
  }

  /** True while this page watches the stage instead of standing on it. */
  get watching(): boolean {
    return this.visit.welcome?.role === "spectator";
  }

  /** True when the fan in line has agreed to everything, and is shown in without a further click. */
  get isReady(): boolean {
    return this.#entering;
  }

  /** The name of who is met; "" before that is known. */
  get them(): string {
    return byId("stage-name").textContent ?? "";
  }

  connect() {
    if (!isSecureContext) {
      view.showOver("This address is not secure", "Browsers allow sound and microphone only on https or localhost.");
      return;
    }
    view.showPhase("connecting");
    this.#finished = false;
    void this.#begin(true);
  }

  /** From the lobby into the room. The name travels in `hello`: when one was given, hello is said anew. */
  async understood() {
    this.check.stop();
    const given = byId<HTMLInputElement>("name").value.trim();
    await this.#openSound();
    if (!this.player) return;
    if (given === this.#name) return this.enterRoom();
    this.#name = given;
    this.#entering = true;
    this.visit.leave();
    await this.#begin(false);
  }

  /** The fan in line has understood: when it is their turn they are shown in at once. */
  readyInLine() {
    this.check.stop();
    this.#entering = true;
    void this.#openSound({ ...PCM.audio_out, pre_skip_samples: 0 }); // now, after a click; the welcome comes without one
  }

  async enterRoom() {
    await this.#openSound();
    const { welcome } = this.visit;
    if (!welcome || !this.player) return;
    this.#entering = false;
    byId("consents-in-room").append(byId("consents"));
    this.captions.begin(welcome.persona.name);
    view.showPhase("room");
    this.talk.reset();
    if (!welcome.resumed) this.visit.acknowledge();
    this.moments.tell("entered", welcome);
  }

  leave() {
    const them = this.visit.welcome?.persona.name ?? "us";
    const talked = this.inRoom && !this.watching;
    const mayReturn = this.visit.welcome?.event == null || this.watching;
    this.talk.close();
    this.visit.leave();
    this.#stop();
    this.#showOver("You have left", talked ? `Thank you for talking with ${them}. Goodbye!` : "Goodbye!", mayReturn);
  }

  /** The goodbye was heard: sound and microphone stop; the connection stays for the stars. */
  finish(title: string, why: string) {
    this.#finished = true;
    this.visit.expectNoMore();
    this.#stop();
    this.#showOver(title, why, false);
  }

  async #begin(mayResume: boolean) {
    try {
      const token = await joinToken(wayIn());
      const hello = { ...(await bestFormats()), token, name: this.#name, consents: view.readConsents() };
      this.visit.begin(hello, mayResume ? Visit.kept() : null);
    } catch (error) {
      this.#showOver("No way in", error instanceof Error ? error.message : String(error));
    }
  }

  #welcomed(message: Message<"hello">) {
    byId<HTMLInputElement>("text").maxLength = message.limits.max_text_chars;
    view.showCard(message);
    this.moments.tell("welcomed", message);
    this.player?.expect(message.audio_out);
    if (this.inRoom) return view.hideBanner(); // found again: everything goes on
    this.stage.begin(message);
    if (this.#entering) return void this.enterRoom();
    if (!message.resumed) byId("consents-on-card").append(byId("consents"));
    view.showPhase(message.resumed ? "back" : "disclosure");
  }

  #receive(message: ServerMessage) {
    if (message.type === "hello") return;
    const numbered = this.watching ? this.#numbering.renumber(message) : message;
    const silent = message.type === "stage" ? this.#numbering.turn(message) : null;
    if (silent !== null) this.messages.tell("reply.cancelled", { type: "reply.cancelled", reply_id: silent, reason: "", heard_samples: 0 });
    this.messages.tell(numbered.type, numbered as never);
  }

  /** Browsers allow sound from a click only, so this comes first after one. */
  async #openSound(format = this.visit.welcome?.audio_out) {
    if (this.player || !format) return;
    this.#opening ??= this.#openPlayer(format).finally(() => (this.#opening = null));
    await this.#opening;
  }

  async #openPlayer(format: Message<"hello">["audio_out"]) {
    try {
      const opening = new Player((reply_id, heard_samples) =>
        this.watching || this.visit.send("playback.mark", { reply_id, heard_samples }),
      );
      await opening.open(format);
      if (this.visit.welcome || this.#entering) this.player = opening;
      else opening.close(); // the connection went while the sound was starting
    } catch (error) {
      const what = error instanceof Error ? error.name : String(error);
      view.showBanner(`The sound could not be started (${what}). Please try another browser.`);
    }
  }

  #ended(error: Message<"error"> | null, wasOpen: boolean) {
    if (this.#finished) return;
    this.#stop();
    const why = error ? wordsForError(error) : wordsForClose(wasOpen);
    const inVain = error?.code === "bad_token" && wayIn().kind === "join"; // the same token would be refused again
    this.#showOver(wasOpen ? `The visit with ${this.them} has ended` : "No connection", why, !inVain);
  }

  #showOver(title: string, why: string, mayReturn = true) {
    this.moments.tell("over", null);
    view.showOver(title, why, mayReturn);
  }

  #stop() {
    this.talk.close();
    this.check.stop();
    this.player?.close();
    this.player = null; // the face stays, and idles
    this.#entering = false;
    this.moments.tell("stopped", null);
  }
}

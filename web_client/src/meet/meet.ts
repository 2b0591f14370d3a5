// The meet, from the join link to goodbye: connecting -> lobby -> (waiting) -> room -> over, and back by a button.
//
// What every part of the page shares (visit, stage, captions, sound), and when one comes and goes. The parts beside
// this file register for what they want to know: conversation.ts, keeping.ts, line.ts, pictures.ts.

import { bestFormats } from "../audio/formats";
import { Player } from "../audio/player";
import { Stage } from "../stage";
import { Captions } from "../talk/captions";
import { MicCheck } from "../talk/lobby";
import type { Message, MessageType, ServerMessage } from "../talk/shapes";
import { TalkButton } from "../talk/talk-button";
import * as view from "../talk/view";
import { Visit } from "../talk/visit";
import { wordsForClose, wordsForError } from "../talk/words";
import { Moments } from "./moments";

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
  #name = ""; // what the fan said they are called, as this connection knows it
  #entering = false; // the lobby was left, and only the name had to be told anew

  constructor() {
    this.visit = new Visit({
      onWelcome: (welcome) => this.#welcomed(welcome),
      onMessage: (message) => this.#receive(message),
      onLost: () => view.showBanner("The connection was lost. Trying to get it back…"),
      onBusy: (waitS) => this.moments.tell("busy", waitS),
      onOver: (error, wasOpen) => this.#ended(error ? wordsForError(error) : wordsForClose(wasOpen), wasOpen),
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
    const talked = this.inRoom;
    this.talk.close();
    this.visit.leave();
    this.#stop();
    this.#showOver("You have left", talked ? `Thank you for talking with ${them}. Goodbye!` : "Goodbye!");
  }

  async #begin(mayResume: boolean) {
    const hello = { ...(await bestFormats()), token: joinToken(), name: this.#name, consents: view.readConsents() };
    this.visit.begin(hello, mayResume ? Visit.kept() : null);
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
    if (message.type !== "hello") this.messages.tell(message.type, message as never);
  }

  /** Browsers allow sound from a click only, so this comes first after one. */
  async #openSound() {
    const format = this.visit.welcome?.audio_out;
    if (this.player || !format) return;
    try {
      const opening = new Player((reply_id, heard_samples) =>
        this.visit.send("playback.mark", { reply_id, heard_samples }),
      );
      await opening.open(format);
      if (this.visit.welcome) this.player = opening;
      else opening.close(); // the connection went while the sound was starting
    } catch (error) {
      const what = error instanceof Error ? error.name : String(error);
      view.showBanner(`The sound could not be started (${what}). Please try another browser.`);
    }
  }

  #ended(why: string, wasOpen: boolean) {
    this.#stop();
    this.#showOver(wasOpen ? `The visit with ${this.them} has ended` : "No connection", why);
  }

  #showOver(title: string, why: string) {
    this.moments.tell("over", null);
    view.showOver(title, why);
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

/** The join token is in the fragment of the link, which browsers send to nobody, so no log ever holds it. */
function joinToken(): string {
  return new URLSearchParams(location.hash.slice(1)).get("join") ?? "";
}

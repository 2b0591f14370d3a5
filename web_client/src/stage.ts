// What the fan sees: the 3D room when the browser can, else a drawn face. meet/ gives it the stream and the moment.

import type { Heard } from "./audio/player";
import { DrawnFace } from "./face/drawn";
import { FaceTrack } from "./face/track";
import type { Room } from "./scene/room";
import { askedLevel, type Level } from "./scene/quality";
import type { Message } from "./talk/shapes";

const DEFAULT_LOOK = "nova";
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Stage {
  room: Room | null = null;
  track: FaceTrack | null = null;
  weights: Float32Array = new Float32Array(0);
  names: string[] = [];
  /** Called when the avatar stands in the 3D room for the first time. */
  onRoom: () => void = () => {};
  #host: HTMLElement;
  #canvases: { drawn: HTMLCanvasElement; room3d: HTMLCanvasElement }; // a headset may take one out of the page
  #drawn: DrawnFace;
  #level: Level | null;
  #loading = "";

  /**
   * `host` holds two canvases, `.drawn` and `.room3d`; what is shown is told in its data attributes.
   * `level`: how much is drawn, where the link does not say so; null lets the room choose.
   */
  constructor(host: HTMLElement, level: Level | null = null) {
    this.#host = host;
    this.#level = askedLevel(location.search) ?? level;
    this.#canvases = { drawn: canvasIn(host, "drawn"), room3d: canvasIn(host, "room3d") };
    this.#drawn = new DrawnFace(this.#canvases.drawn);
  }

  /** Gets ready for a persona; the 3D avatar comes in when it is loaded. */
  begin({ face, audio_out, persona }: Message<"hello">) {
    this.names = this.#drawn.names = face.names;
    this.track = new FaceTrack(face.names, face.fps, audio_out.sample_rate_hz);
    const asked = new URLSearchParams(location.search).get("look") ?? "";
    void this.#bring(/^[\w-]+$/.test(asked) ? asked : persona.look || DEFAULT_LOOK);
  }

  /** Draws one picture. `immersed`: a headset asked for it. */
  draw(nowMs: number, heard: Heard, immersed = false) {
    if (!this.track) return;
    const { weights, head, source, frame } = this.track.at(nowMs, heard);
    this.weights = weights;
    for (const name of this.track.dueGestures(heard)) this.room?.avatar?.gesture(name, nowMs);
    const posture = this.track.duePosture(heard);
    if (posture) this.room?.avatar?.hold(posture);
    if (!this.#in3d) this.#drawn.draw(weights, nowMs);
    else if (!this.room?.draw(weights, head, nowMs, immersed)) return;
    if (this.room?.quality.hopeless && !this.room.renderer.xr.isPresenting) this.#leave3d();
    const jawOpen = this.#in3d ? this.room?.avatar?.rig.shownWeight("jawOpen") : this.#drawn.weight("jawOpen");
    Object.assign(this.#host.dataset, { source, frame: String(frame), jawOpen: (jawOpen ?? 0).toFixed(3) });
  }

  /** The canvas with what is seen now, for a picture; valid until the next one is drawn. */
  snapshot(): HTMLCanvasElement {
    if (this.#in3d) this.room?.renderer.render(this.room.scene, this.room.camera); // a shown picture is cleared
    return this.#canvases[this.#in3d ? "room3d" : "drawn"];
  }

  /** Lets go of what the graphics card holds. */
  close() {
    this.#leave3d();
    this.track = null;
  }

  get #in3d(): boolean {
    return this.#host.dataset.view === "3d";
  }

  async #bring(look: string) {
    if (this.#loading === look || !hasWebGl()) return;
    this.#loading = look;
    try {
      if (!this.room) {
        const { Room } = await import("./scene/room");
        this.room = new Room(this.#canvases.room3d, this.#level);
      }
      this.#host.dataset.look = await this.#load(this.room, look);
      const first = this.#host.dataset.view !== "3d";
      this.#host.dataset.view = "3d";
      if (first) this.onRoom();
    } catch (error) {
      console.info("The 3D room could not be shown; the drawn face is.", error);
      this.#leave3d();
    }
  }

  /** Brings a look in, or the default one where its file is no good; whoever put it there reads why in the console. */
  async #load(room: Room, look: string): Promise<string> {
    try {
      await room.bring(`avatars/${look}.glb`, this.names, calm.matches);
      return look;
    } catch (error) {
      if (look === DEFAULT_LOOK) throw error;
      const why = error instanceof Error ? error.message : String(error);
      console.warn(`The look “${look}” cannot be shown: ${why}. “${DEFAULT_LOOK}” stands in for it.`);
      return this.#load(room, DEFAULT_LOOK);
    }
  }

  #leave3d() {
    this.#host.dataset.view = "drawn";
    this.room?.dispose();
    this.room = null;
  }
}

function canvasIn(host: HTMLElement, kind: string): HTMLCanvasElement {
  const canvas = host.querySelector<HTMLCanvasElement>(`canvas.${kind}`);
  if (!canvas) throw new Error(`no canvas for ${kind}`);
  return canvas;
}

/** Asked on a canvas of its own: a failing renderer would complain loudly. */
function hasWebGl(): boolean {
  return document.createElement("canvas").getContext("webgl2") !== null;
}

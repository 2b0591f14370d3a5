// Every picture: which sample is heard now, the face of exactly that sample, its words lit, the time that is left.

import type { Heard } from "../audio/player";
import { showActivity, showTimeLeft } from "../talk/view";
import type { Conversation } from "./conversation";
import type { Meet } from "./meet";

const SILENT: Heard = { replyId: -1, position: 0, playing: false };

/** Draws whenever the screen wants a picture. Returns the same for a headset, which asks at its own pace. */
export function drawPictures(meet: Meet, conversation: Conversation): (nowMs: number, immersed?: boolean) => void {
  let endsAt = Infinity; // performance.now() when the time of the visit is used up
  meet.moments.on("welcomed", ({ limits }) => {
    endsAt = limits.max_session_s ? performance.now() + 1000 * limits.max_session_s : Infinity;
  });
  meet.moments.on("stopped", () => {
    endsAt = Infinity;
    showTimeLeft(Infinity);
  });
  requestAnimationFrame(next);
  return drawPicture;

  function next(nowMs: number) {
    requestAnimationFrame(next);
    drawPicture(nowMs);
  }

  function drawPicture(nowMs: number, immersed = false) {
    const heard = meet.player?.heard() ?? SILENT;
    meet.stage.draw(nowMs, heard, immersed);
    meet.captions.heard(heard.replyId, heard.position);
    const { welcome } = meet.visit;
    if (!meet.inRoom || !welcome) return;
    showActivity(conversation.activity(heard.playing), welcome.persona.name);
    showTimeLeft((endsAt - nowMs) / 1000);
  }
}

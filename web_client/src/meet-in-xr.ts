// The buttons into VR and AR, and what immersion needs of the meet. main.ts calls it once the 3D room is there.

import type { Player } from "./audio/player";
import type { Stage } from "./stage";
import { byId } from "./talk/view";
import type { Immersion, Mode } from "./xr/immersion";

type Meet = {
  stage: Stage;
  player: () => Player | null;
  send: (type: string, fields: object) => void;
  newestWords: () => string[];
  isMuted: () => boolean;
  toggleMute: () => void;
  takePicture: () => void;
  draw: (nowMs: number, immersed: boolean) => void;
  say: (words: string) => void;
};

const BUTTONS: [string, Mode][] = [["enter-vr", "immersive-vr"], ["enter-ar", "immersive-ar"]];

/** Shows the buttons that this device has use for. */
export async function offerXr(meet: Meet): Promise<void> {
  const { room } = meet.stage;
  if (!room || !navigator.xr) return;
  const { Immersion } = await import("./xr/immersion");
  const modes = await Immersion.modes();
  if (modes.length === 0) return;
  let captionsOn = true;
  const immersion: Immersion = new Immersion(room, {
    sendPose: (head) => meet.send("fan.pose", { head }),
    onAction: (action) => {
      if (action === "mute") meet.toggleMute();
      if (action === "captions") captionsOn = !captionsOn;
      if (action === "picture") meet.takePicture();
    },
    onEnd: () => room.renderer.setAnimationLoop(null),
    isOn: (action) => (action === "mute" ? meet.isMuted() : action === "captions" && captionsOn),
    captions: () => (captionsOn ? meet.newestWords() : []),
  });
  for (const [id, mode] of BUTTONS.filter(([, mode]) => modes.includes(mode))) {
    byId(id).hidden = false;
    byId(id).addEventListener("click", () => void enter(mode));
  }

  async function enter(mode: Mode) {
    try {
      await immersion.enter(mode, meet.player());
    } catch (error) {
      return meet.say(`That did not work (${error instanceof Error ? error.message : error}).`);
    }
    // A headset asks for pictures at its own pace; the page's own clock may stand still meanwhile.
    room?.renderer.setAnimationLoop((nowMs, frame) => {
      if (frame) immersion.update(nowMs, frame);
      meet.draw(nowMs, true);
    });
  }
}

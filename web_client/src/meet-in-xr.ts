// The buttons into VR and AR, and what immersion needs of the meet. main.ts calls it once the 3D room stands.

import type { Meet } from "./meet/meet";
import { byId, showBanner } from "./talk/view";
import type { Immersion, Mode } from "./xr/immersion";

type Needs = { meet: Meet; takePicture: () => void; draw: (nowMs: number, immersed: boolean) => void };

const BUTTONS: [string, Mode][] = [["enter-vr", "immersive-vr"], ["enter-ar", "immersive-ar"]];

/** Shows the buttons that this device has use for. */
export async function offerXr({ meet, takePicture, draw }: Needs): Promise<void> {
  const { room } = meet.stage;
  if (!room || !navigator.xr) return;
  const { Immersion } = await import("./xr/immersion");
  const modes = await Immersion.modes();
  if (modes.length === 0) return;
  let captionsOn = true;
  const immersion: Immersion = new Immersion(room, {
    sendPose: (head) => meet.inRoom && meet.visit.send("fan.pose", { head }),
    onAction: (action) => {
      if (action === "mute") meet.talk.mute(!meet.talk.isMuted);
      if (action === "captions") captionsOn = !captionsOn;
      if (action === "picture") takePicture();
    },
    onEnd: () => room.renderer.setAnimationLoop(null),
    isOn: (action) => (action === "mute" ? meet.talk.isMuted : action === "captions" && captionsOn),
    captions: () => (captionsOn ? meet.captions.newest() : []),
  });
  for (const [id, mode] of BUTTONS.filter(([, mode]) => modes.includes(mode))) {
    byId(id).hidden = false;
    byId(id).addEventListener("click", () => void enter(mode));
  }

  async function enter(mode: Mode) {
    try {
      await immersion.enter(mode, meet.player);
    } catch (error) {
      return showBanner(`That did not work (${error instanceof Error ? error.message : error}).`);
    }
    // A headset asks for pictures at its own pace; the page's own clock may stand still meanwhile.
    room?.renderer.setAnimationLoop((nowMs, frame) => {
      if (frame) immersion.update(nowMs, frame);
      draw(nowMs, true);
    });
  }
}

// Pictures with the avatar, and what the fan finds to keep when it is over. talk/keepsake.ts makes the things.

import { Keepsake } from "../talk/keepsake";
import { byId, showBanner } from "../talk/view";
import type { Meet } from "./meet";

/** Wires the picture button and the keepsake list. Returns how a picture is taken, for those without a button. */
export function keepThings(meet: Meet): { takePicture: () => Promise<void>; newestPicture: () => string } {
  const keepsake = new Keepsake();
  meet.moments.on("entered", () => keepsake.forget());
  meet.moments.on("over", show);
  byId("picture").addEventListener("click", takePicture);
  return { takePicture, newestPicture: () => keepsake.newest };

  async function takePicture() {
    await keepsake.takePicture(meet.stage.snapshot(), meet.them);
    if (document.body.dataset.phase === "over") show();
    else showBanner("The picture is in your keepsake; you can save it when you leave.", "note");
  }

  function show() {
    keepsake.show(byId("keepsakes"), meet.captions, meet.them);
    byId("keepsake").hidden = byId("keepsakes").childElementCount === 0;
  }
}

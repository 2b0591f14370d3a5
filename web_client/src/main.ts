// The page: puts its parts together and hangs them on the buttons. Start reading at meet/meet.ts.
//
// Nothing is said or sent before the person has acknowledged that they talk with an AI. talk/ brings messages and words,
// audio/ microphone and voice, stage.ts and face/ and scene/ what is seen, xr/ headsets.

import "./style.css";
import { Conversation } from "./meet/conversation";
import { arriveWith } from "./meet/arrival";
import { farewell } from "./meet/farewell";
import { keepThings } from "./meet/keeping";
import { waitInLine } from "./meet/line";
import { sitTogether } from "./meet/group";
import { Meet } from "./meet/meet";
import { drawPictures } from "./meet/pictures";
import { countDown } from "./meet/slot";
import { watch } from "./meet/watching";
import { offerXr } from "./meet-in-xr";
import * as view from "./talk/view";

const { byId } = view;
const meet = new Meet();
const conversation = new Conversation(meet);
waitInLine(meet);
const { takePicture, newestPicture } = keepThings(meet);
const arrive = arriveWith(meet);
countDown(meet);
farewell(meet, newestPicture);
watch(meet);
sitTogether(meet);
const draw = drawPictures(meet, conversation);
meet.stage.onRoom = () => offerXr({ meet, takePicture, draw });

if (new URLSearchParams(location.search).has("debug")) {
  void import("./debug/overlay").then(({ DebugOverlay }) => {
    conversation.debug = new DebugOverlay(document.body, { meet, conversation });
  });
}

byId("understand").addEventListener("click", () => meet.understood());
byId("go-on").addEventListener("click", () => meet.enterRoom());
byId("again").addEventListener("click", arrive);
for (const id of ["decline", "give-up", "leave"]) byId(id).addEventListener("click", () => meet.leave());
byId("check").addEventListener("click", () => meet.check.toggle());
byId("smaller").addEventListener("click", () => view.resizeCaptions(-0.15));
byId("larger").addEventListener("click", () => view.resizeCaptions(0.15));
byId("consents").addEventListener("change", () => meet.visit.send("consent", { consents: view.readConsents() }));
document.addEventListener("pointerdown", () => meet.player?.resume());
addEventListener("pagehide", () => meet.visit.keep());
addEventListener("hashchange", () => location.reload()); // another join link, pasted into the same tab
view.applyCaptionSize();
arrive();

// The words follow the sound, and a time is a button that leads there. Without this script the page is the same to read.
"use strict";

const sound = document.getElementById("sound");
const lines = [...document.querySelectorAll(".said li")];

for (const line of lines) {
  const time = line.querySelector(".time");
  const button = Object.assign(document.createElement("button"), { type: "button", className: "time" });
  button.textContent = time.textContent;
  button.setAttribute("aria-label", `Play from ${time.textContent}`);
  button.addEventListener("click", () => {
    sound.currentTime = Number(line.dataset.at);
    sound.play();
  });
  time.replaceWith(button);
}

sound.addEventListener("timeupdate", () => {
  const now = lines.findLast((line) => Number(line.dataset.at) <= sound.currentTime + 0.05);
  for (const line of lines) line.toggleAttribute("data-now", line === now && !sound.ended);
});

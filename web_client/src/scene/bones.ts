// Which node of a plain glb is which bone: by the words in its name, as modelling tools write them. Pure; rig.ts asks.
//
// `mixamorig:LeftForeArm`, `Bip01 L Forearm`, `CC_Base_L_Forearm`, `forearm.L` and `J_Bip_L_LowerArm` are one bone. A
// loader may have taken dots and colons away and put a number behind a name that was there twice.

const PARTS: { [words: string]: string } = {
  hips: "hips", hip: "hips", pelvis: "hips", neck: "neck", head: "head",
  eye: "Eye", eyeball: "Eye", shoulder: "Shoulder", clavicle: "Shoulder", collar: "Shoulder",
  arm: "UpperArm", upperarm: "UpperArm", forearm: "LowerArm", lowerarm: "LowerArm", hand: "Hand",
}; // prettier-ignore
const TRUNK = ["spine", "chest", "upperChest"]; // `spine` again and again in most tools, upwards
const TRUNK_WORDS = new Set(["spine", "chest", "upperchest", "waist"]);
const SIDES: { [word: string]: string } = { left: "left", l: "left", right: "right", r: "right" };
const OF_NO_MEANING = new Set(["mixamorig", "cc", "base", "bip", "biped", "j", "c", "def", "org", "rig", "bone", "bn", "jnt"]);

/** VRM's names for the bones among these node names, which stand in the file's order: parents before their children. */
export function bonesAmong(names: string[]): Map<string, string> {
  const found = new Map<string, string>();
  let trunk = 0;
  for (const name of names) {
    const words = wordsOf(name).filter((word) => !OF_NO_MEANING.has(word));
    const side = words.map((word) => SIDES[word]).find(Boolean) ?? "";
    const rest = words.filter((word) => !SIDES[word]).join("");
    const part = TRUNK_WORDS.has(rest) && !side ? TRUNK[trunk++] : PARTS[rest];
    const sided = /^[A-Z]/.test(part ?? "");
    if (part && sided === (side !== "") && !found.has(side + part)) found.set(side + part, name);
  }
  return found;
}

/** "mixamorigLeftForeArm_1" -> mixamorig, left, fore, arm: cut at signs, digits and capitals. */
function wordsOf(name: string): string[] {
  const cut = name.replace(/^mixamorig/, "mixamorig ").replace(/([a-z])([A-Z])/g, "$1 $2").replace(/([A-Z])([A-Z][a-z])/g, "$1 $2");
  return cut.toLowerCase().split(/[^a-z]+/).filter(Boolean);
}

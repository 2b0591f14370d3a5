// The avatars that everybody gets: Khronos's validator finds nothing, and as VRM 1.0 they have what the format demands.

import { readdirSync, readFileSync } from "node:fs";
import validator from "gltf-validator";
import { expect, test } from "vitest";

const FOLDER = new URL("../../avatar/rig/looks/", import.meta.url);
const LOOKS = readdirSync(FOLDER).filter((name) => name.endsWith(".glb"));
// Both are remarks: it does not know VRM, and so not that VRM uses the thumbnail.
const REMARKS = ["UNSUPPORTED_EXTENSION", "UNUSED_OBJECT"];
const BONES = ["hips", "spine", "head"].concat(
  ["left", "right"].flatMap((side) =>
    ["UpperLeg", "LowerLeg", "Foot", "UpperArm", "LowerArm", "Hand"].map((part) => side + part),
  ),
);
const PRESETS = ["aa", "ih", "ou", "ee", "oh", "blink", "happy", "angry", "sad", "relaxed", "surprised", "neutral"];

const bytesOf = (name) => new Uint8Array(readFileSync(new URL(name, FOLDER)));

/** The JSON chunk of a binary glTF: header of 12 bytes, then length and kind, 4 bytes each. */
function documentOf(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(12, true);
  return JSON.parse(new TextDecoder().decode(bytes.subarray(20, 20 + length)));
}

test("there are three of them", () => expect(LOOKS.length).toBeGreaterThanOrEqual(3));

test.each(LOOKS)("%s is glTF without a fault", { timeout: 30_000 }, async (name) => {
  const { issues, info } = await validator.validateBytes(bytesOf(name));
  expect(issues.messages.filter(({ code }) => !REMARKS.includes(code))).toEqual([]);
  expect(issues.numErrors + issues.numWarnings).toBe(0);
  expect(info.version).toBe("2.0");
});

test("a file with a fault is found out", { timeout: 30_000 }, async () => {
  const bytes = bytesOf(LOOKS[0]);
  const at = new TextDecoder("latin1").decode(bytes).indexOf('"componentType":5126');
  bytes[at + 19] = "7".charCodeAt(0); // no such type
  expect((await validator.validateBytes(bytes)).issues.numErrors).toBeGreaterThan(0);
});

test.each(LOOKS)("%s is VRM 1.0", (name) => {
  const { VRMC_vrm: vrm } = documentOf(bytesOf(name)).extensions;
  expect(vrm.specVersion).toBe("1.0");
  expect(vrm.meta.licenseUrl).toBe("https://vrm.dev/licenses/1.0/"); // the one value that the format allows
  expect(vrm.meta.otherLicenseUrl).toBe("https://creativecommons.org/publicdomain/zero/1.0/");
  expect(vrm.meta.authors.length).toBeGreaterThan(0);
  expect(Object.keys(vrm.humanoid.humanBones)).toEqual(expect.arrayContaining(BONES));
  expect(Object.keys(vrm.expressions.preset)).toEqual(expect.arrayContaining(PRESETS));
});

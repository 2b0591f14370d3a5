import { expect, test } from "vitest";
import { bonesAmong } from "../src/scene/bones";

const TOOLS: { [tool: string]: string[] } = {
  Mixamo: ["mixamorigHips", "mixamorigSpine", "mixamorigSpine1", "mixamorigSpine2", "mixamorigNeck", "mixamorigHead", "mixamorigHeadTop_End", "mixamorigLeftEye", "mixamorigLeftShoulder", "mixamorigLeftArm", "mixamorigLeftForeArm", "mixamorigLeftHand", "mixamorigLeftHandIndex1"],
  "3ds Max": ["Bip01 Pelvis", "Bip01 Spine", "Bip01 Spine1", "Bip01 Spine2", "Bip01 Neck", "Bip01 Head", "Bip01 HeadNub", "Bip01 L Eye", "Bip01 L Clavicle", "Bip01 L UpperArm", "Bip01 L Forearm", "Bip01 L Hand", "Bip01 L Finger0"],
  "Character Creator": ["CC_Base_Hip", "CC_Base_Waist", "CC_Base_Spine01", "CC_Base_Spine02", "CC_Base_NeckTwist", "CC_Base_Neck", "CC_Base_Head", "CC_Base_L_Eye", "CC_Base_L_Clavicle", "CC_Base_L_Upperarm", "CC_Base_L_Forearm", "CC_Base_L_Hand"],
  Blender: ["DEF-hips", "spine", "chest", "upper_chest", "neck", "head", "eyeL", "shoulderL", "upper_armL", "forearmL", "handL", "f_index01L"],
  VRoid: ["J_Bip_C_Hips", "J_Bip_C_Spine", "J_Bip_C_Chest", "J_Bip_C_UpperChest", "J_Bip_C_Neck", "J_Bip_C_Head", "J_Adj_L_FaceEye", "eye_L", "J_Bip_L_Shoulder", "J_Bip_L_UpperArm", "J_Bip_L_LowerArm", "J_Bip_L_Hand", "J_Bip_L_Index1"],
};
const WANTED = ["hips", "spine", "chest", "upperChest", "neck", "head", "leftEye", "leftShoulder", "leftUpperArm", "leftLowerArm", "leftHand"];

test.each(Object.entries(TOOLS))("every bone of a figure from %s is found by its name", (_, names) => {
  const found = bonesAmong(names);
  expect([...found.keys()].sort()).toEqual([...WANTED].sort());
  expect(found.get("head")).toMatch(/head$/i);
  expect(found.get("leftHand")).toMatch(/hand(L)?$/i);
  expect(found.get("leftUpperArm")).not.toBe(found.get("leftLowerArm"));
});

test("left is not right, and what has no side is neither's arm", () => {
  const found = bonesAmong(["RightArm", "LeftArm", "Arm", "Head_Right", "SpineL"]);
  expect(Object.fromEntries(found)).toEqual({ rightUpperArm: "RightArm", leftUpperArm: "LeftArm" });
});

test("the first of a name counts, and a name that says nothing is nobody's bone", () => {
  const found = bonesAmong(["Armature", "Head_05", "Head_Accessory", "Head_06", "Object_7", ""]);
  expect(Object.fromEntries(found)).toEqual({ head: "Head_05" });
});

#nullable enable
using System;
using UnityEngine;

namespace Stagedoor
{
    /// <summary>
    /// Turns the head bone, and the eye bones of rigs whose eyes are bones. Works on top of an animation: it turns what
    /// the animation left. Needs the weights eyeLook... (arkit52) or look... (vrm).
    /// </summary>
    [AddComponentMenu("Stagedoor/Head And Eyes")]
    public sealed class HeadAndEyes : AvatarFace
    {
        [Tooltip("Taken from a humanoid Animator when empty.")]
        public Transform? head;
        public Transform? leftEye;
        public Transform? rightEye;

        [Tooltip("How far an eye turns sideways at full weight.")]
        public float eyeYawDeg = 30;

        [Tooltip("How far an eye turns up and down at full weight.")]
        public float eyePitchDeg = 20;

        [Range(0, 1.5f)]
        public float headStrength = 1;

        private readonly int[] _left = new int[4]; // up, down, to the avatar's left, to its right
        private readonly int[] _right = new int[4];
        private Quaternion _leftRest;
        private Quaternion _rightRest;
        private bool _isAnimated;
        private Quaternion _headRest;

        public override void Bind(string[] names)
        {
            FindBones();
            Look(_left, names, "eyeLookUpLeft", "eyeLookDownLeft", "eyeLookOutLeft", "eyeLookInLeft");
            Look(_right, names, "eyeLookUpRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight");
            if (leftEye != null) _leftRest = leftEye.localRotation;
            if (rightEye != null) _rightRest = rightEye.localRotation;
            if (head != null) _headRest = head.localRotation;
        }

        public override void Show(FaceSampler face)
        {
            if (head != null)
            {
                // Unity is left-handed: yaw and roll turn the other way round. Euler's order is that of the protocol.
                var turn = Quaternion.Euler(face.HeadPitch * headStrength, -face.HeadYaw * headStrength, -face.HeadRoll * headStrength);
                Turn(head, turn, _isAnimated ? head.localRotation : _headRest);
            }
            if (leftEye != null) Turn(leftEye, Gaze(face.Weights, _left), _leftRest);
            if (rightEye != null) Turn(rightEye, Gaze(face.Weights, _right), _rightRest);
        }

        /// <summary>`turn` is meant in the avatar's own axes, whatever way the bone's axes lie.</summary>
        private void Turn(Transform bone, Quaternion turn, Quaternion rest)
        {
            bone.localRotation = rest;
            Quaternion body = transform.rotation;
            bone.rotation = body * turn * Quaternion.Inverse(body) * bone.rotation;
        }

        private Quaternion Gaze(float[] weights, int[] look)
        {
            float pitch = (At(weights, look[1]) - At(weights, look[0])) * eyePitchDeg;
            float yaw = (At(weights, look[3]) - At(weights, look[2])) * eyeYawDeg;
            return Quaternion.Euler(pitch, yaw, 0);
        }

        private static float At(float[] weights, int index) => index < 0 ? 0 : weights[index];

        private static void Look(int[] look, string[] names, params string[] ofEye)
        {
            string[] ofBoth = { "lookUp", "lookDown", "lookLeft", "lookRight" };
            for (int i = 0; i < 4; i++)
            {
                look[i] = Math.Max(Array.IndexOf(names, ofEye[i]), Array.IndexOf(names, ofBoth[i]));
            }
        }

        private void FindBones()
        {
            Animator? animator = GetComponentInChildren<Animator>();
            _isAnimated = animator != null && animator.runtimeAnimatorController != null;
            if (animator == null || !animator.isHuman) return;
            if (head == null) head = animator.GetBoneTransform(HumanBodyBones.Head);
            if (leftEye == null) leftEye = animator.GetBoneTransform(HumanBodyBones.LeftEye);
            if (rightEye == null) rightEye = animator.GetBoneTransform(HumanBodyBones.RightEye);
        }
    }
}

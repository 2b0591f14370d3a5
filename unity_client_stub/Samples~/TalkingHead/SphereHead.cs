#nullable enable
using System;
using UnityEngine;

namespace Stagedoor.Samples
{
    /// <summary>A face made of spheres, and the smallest example of an AvatarFace of your own.</summary>
    public sealed class SphereHead : AvatarFace
    {
        private Transform _head = null!;
        private Transform _mouth = null!;
        private Transform _leftEye = null!;
        private Transform _rightEye = null!;
        private int _jawOpen;
        private int _pucker;
        private int _smile;
        private int _blinkLeft;
        private int _blinkRight;

        private void Awake()
        {
            _head = Ball("Head", transform, Vector3.zero, new Vector3(0.8f, 1, 0.8f), new Color(0.95f, 0.78f, 0.66f));
            _leftEye = Ball("Left eye", _head, new Vector3(-0.2f, 0.12f, 0.4f), new Vector3(0.2f, 0.16f, 0.1f), Color.white);
            _rightEye = Ball("Right eye", _head, new Vector3(0.2f, 0.12f, 0.4f), new Vector3(0.2f, 0.16f, 0.1f), Color.white);
            Ball("Pupil", _leftEye, new Vector3(0, 0, 0.45f), new Vector3(0.4f, 0.5f, 0.2f), Color.black);
            Ball("Pupil", _rightEye, new Vector3(0, 0, 0.45f), new Vector3(0.4f, 0.5f, 0.2f), Color.black);
            _mouth = Ball("Mouth", _head, new Vector3(0, -0.2f, 0.42f), new Vector3(0.3f, 0.02f, 0.1f), new Color(0.4f, 0.05f, 0.08f));
        }

        public override void Bind(string[] names)
        {
            _jawOpen = Array.IndexOf(names, "jawOpen");
            _pucker = Array.IndexOf(names, "mouthPucker");
            _smile = Array.IndexOf(names, "mouthSmileLeft");
            _blinkLeft = Array.IndexOf(names, "eyeBlinkLeft");
            _blinkRight = Array.IndexOf(names, "eyeBlinkRight");
        }

        public override void Show(FaceSampler face)
        {
            float[] weights = face.Weights;
            float wide = 0.3f * (1 + 0.5f * At(weights, _smile) - 0.6f * At(weights, _pucker));
            _mouth.localScale = new Vector3(wide, 0.02f + 0.3f * At(weights, _jawOpen), 0.1f);
            _leftEye.localScale = new Vector3(0.2f, 0.16f * (1 - 0.9f * At(weights, _blinkLeft)), 0.1f);
            _rightEye.localScale = new Vector3(0.2f, 0.16f * (1 - 0.9f * At(weights, _blinkRight)), 0.1f);
            _head.localRotation = Quaternion.Euler(face.HeadPitch, -face.HeadYaw, -face.HeadRoll);
        }

        private static float At(float[] weights, int index) => index < 0 ? 0 : weights[index];

        private static Transform Ball(string name, Transform parent, Vector3 at, Vector3 size, Color color)
        {
            GameObject ball = GameObject.CreatePrimitive(PrimitiveType.Sphere);
            ball.name = name;
            ball.transform.SetParent(parent, false);
            ball.transform.localPosition = at;
            ball.transform.localScale = size;
            ball.GetComponent<Renderer>().material.color = color;
            return ball.transform;
        }
    }
}

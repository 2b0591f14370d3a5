#nullable enable
using System;
using UniVRM10;
using UnityEngine;

namespace Stagedoor
{
    /// <summary>
    /// The face of a VRM 1.0 model, through UniVRM's expressions, so that its rules (what overrides what, materials)
    /// hold. Set the avatar's Face Format to `vrm`; or to `arkit52` for a model with ARKit's shapes as custom
    /// expressions. Built only where UniVRM is installed.
    /// </summary>
    [AddComponentMenu("Stagedoor/VRM Face")]
    public sealed class VrmFace : AvatarFace
    {
        private const float MostYawDeg = 30;
        private const float MostPitchDeg = 20;

        [Tooltip("Found below this object when empty.")]
        public Vrm10Instance? model;

        private ExpressionKey[] _keys = Array.Empty<ExpressionKey>();
        private bool[] _isExpression = Array.Empty<bool>();
        private int _up = -1;
        private int _down = -1;
        private int _left = -1;
        private int _right = -1;

        public override void Bind(string[] names)
        {
            if (model == null) model = GetComponentInChildren<Vrm10Instance>();
            _keys = Array.ConvertAll(names, KeyOf);
            _isExpression = Array.ConvertAll(names, name => !name.StartsWith("look", StringComparison.Ordinal));
            _up = Array.IndexOf(names, "lookUp");
            _down = Array.IndexOf(names, "lookDown");
            _left = Array.IndexOf(names, "lookLeft");
            _right = Array.IndexOf(names, "lookRight");
            if (model != null && _up >= 0) model.LookAtTargetType = VRM10ObjectLookAt.LookAtTargetTypes.YawPitchValue;
        }

        public override void Show(FaceSampler face)
        {
            if (model == null) return;
            for (int i = 0; i < _keys.Length; i++)
            {
                if (_isExpression[i]) model.Runtime.Expression.SetWeight(_keys[i], face.Weights[i]);
            }
            if (_up < 0) return;
            float[] weights = face.Weights; // UniVRM: yaw to the right and pitch upwards are positive
            float yawDeg = (weights[_right] - weights[_left]) * MostYawDeg;
            model.Runtime.LookAt.SetYawPitchManually(yawDeg, (weights[_up] - weights[_down]) * MostPitchDeg);
        }

        private static ExpressionKey KeyOf(string name)
        {
            bool isPreset = Enum.TryParse(name, out ExpressionPreset preset) && preset != ExpressionPreset.custom;
            return isPreset ? ExpressionKey.CreateFromPreset(preset) : ExpressionKey.CreateCustom(name);
        }
    }
}

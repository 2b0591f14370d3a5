#nullable enable
using System;
using System.Collections.Generic;
using UnityEngine;

namespace Stagedoor
{
    /// <summary>Moves the blendshapes of SkinnedMeshRenderers, found by name: ARKit's 52, VRM's, Oculus' visemes.</summary>
    [AddComponentMenu("Stagedoor/Blendshape Face")]
    public sealed class BlendshapeFace : AvatarFace
    {
        private struct Link
        {
            public SkinnedMeshRenderer Mesh;
            public int Shape;
            public int Weight;
        }

        [Tooltip("All below this object when empty.")]
        public SkinnedMeshRenderer[] meshes = Array.Empty<SkinnedMeshRenderer>();

        [Tooltip("What a weight of 1 is on this rig: 100 for nearly all.")]
        public float fullWeight = 100;

        [Tooltip("Makes all movement smaller or larger.")]
        [Range(0, 2)]
        public float strength = 1;

        private Link[] _links = Array.Empty<Link>();

        /// <summary>How many of the server's weights move something.</summary>
        public int Matched { get; private set; }

        public override void Bind(string[] names)
        {
            if (meshes.Length == 0) meshes = GetComponentsInChildren<SkinnedMeshRenderer>();
            var links = new List<Link>();
            var found = new HashSet<int>();
            foreach (SkinnedMeshRenderer mesh in meshes)
            {
                int[] shapes = ShapeNames.Match(names, NamesOf(mesh.sharedMesh));
                for (int i = 0; i < names.Length; i++)
                {
                    if (shapes[i] < 0) continue;
                    links.Add(new Link { Mesh = mesh, Shape = shapes[i], Weight = i });
                    found.Add(i);
                }
            }
            (_links, Matched) = (links.ToArray(), found.Count);
            if (Matched == 0) Debug.LogWarning("Stagedoor: no blendshape here has a name that the server sends. Is Face Format right?", this);
        }

        public override void Show(FaceSampler face)
        {
            float scale = fullWeight * strength;
            foreach (Link link in _links) link.Mesh.SetBlendShapeWeight(link.Shape, face.Weights[link.Weight] * scale);
        }

        private static string[] NamesOf(Mesh? mesh)
        {
            var names = new string[mesh == null ? 0 : mesh.blendShapeCount];
            for (int i = 0; i < names.Length; i++) names[i] = mesh!.GetBlendShapeName(i);
            return names;
        }
    }
}

#nullable enable
using UnityEngine;

namespace Stagedoor
{
    /// <summary>Something below a StagedoorAvatar that shows the face. Derive from it for a rig of your own.</summary>
    public abstract class AvatarFace : MonoBehaviour
    {
        /// <summary>The names of the weights have come, in their order. Look up here what you will need in Show.</summary>
        public abstract void Bind(string[] names);

        /// <summary>Once a drawn frame. Allocate nothing.</summary>
        public abstract void Show(FaceSampler face);
    }
}

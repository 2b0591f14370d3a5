#nullable enable
using NUnit.Framework;

namespace Stagedoor.Tests
{
    /// <summary>The names that exporters and character makers give to blendshapes, as they are found in the wild.</summary>
    public sealed class ShapeNamesTests
    {
        [TestCase("jawOpen", "jawOpen")]
        [TestCase("jawOpen", "JawOpen")]
        [TestCase("jawOpen", "jaw_open")]
        [TestCase("jawOpen", "Head_blendShape.jawOpen")]
        [TestCase("mouthSmileLeft", "mouthSmile_L")]
        [TestCase("mouthSmileRight", "blendShape1.mouthSmile_R")]
        [TestCase("aa", "Fcl_MTH_A")]
        [TestCase("ee", "Face.M_F00_000_00_Fcl_MTH_E")]
        [TestCase("blink", "Fcl_EYE_Close")]
        [TestCase("blinkLeft", "Fcl_EYE_Close_L")]
        [TestCase("PP", "viseme_PP")]
        [TestCase("aa", "viseme_aa")]
        [TestCase("sil", "viseme_sil")]
        public void TheShapeIsFound(string name, string shape)
        {
            var shapes = new[] { "something", "Fcl_MTH_Angry", "Fcl_EYE_Close_R", "mouthSmile", shape };
            Assert.That(ShapeNames.Match(new[] { name }, shapes), Is.EqualTo(new[] { 4 }));
        }

        [Test]
        public void AShapeThatIsNotThereIsNotInvented()
        {
            var shapes = new[] { "mouthLeft", "Fcl_ALL_Neutral", "basis" };
            Assert.That(ShapeNames.Match(new[] { "jawOpen", "aa", "E", "tongueOut" }, shapes), Is.All.EqualTo(-1));
        }
    }
}

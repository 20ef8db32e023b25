using Hearth.Devices.Virtio.Entropy;
using Hearth.Machine;

namespace Hearth.Devices.Tests.Virtio;

public class VirtioEntropyDeviceTests
{
    private const ulong Buffer = 0x40000;

    private readonly VirtioRig _rig = NewRig();

    [Fact]
    public void Buffer_IsFilledToItsEndAndNoFurther()
    {
        _rig.Start();
        _rig.Queue(0).Add(new(Buffer, 30, Writable: true), new(Buffer + 0x100, 4970, Writable: true));

        _rig.Kick();

        Assert.True(_rig.Queue(0).TryTakeUsed(out _, out uint written));
        Assert.Equal(5000U, written);
        Assert.Equal(-1, _rig.Machine.Ram.Bytes.AsSpan((int)Buffer, 30).IndexOfAnyExcept((byte)0xA5));
        Assert.Equal(-1, _rig.Machine.Ram.Bytes.AsSpan((int)Buffer + 0x100, 4970).IndexOfAnyExcept((byte)0xA5));
        Assert.Equal(0, _rig.Machine.Ram.Bytes[(int)Buffer + 0x100 + 4970]);
        Assert.True(_rig.Line.IsAsserted);
    }

    [Fact]
    public void Buffer_OfAbsurdLength_IsFilledInPart()
    {
        _rig.Start();
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 0x80000, Writable: true));

        _rig.Kick();

        Assert.True(_rig.Queue(0).TryTakeUsed(out _, out uint written));
        Assert.Equal(65536U, written);
    }

    [Fact]
    public void Buffer_ThatCannotBeWritten_IsUsedEmpty()
    {
        _rig.Start();
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 16));

        _rig.Kick();

        Assert.True(_rig.Queue(0).TryTakeUsed(out _, out uint written));
        Assert.Equal(0U, written);
    }

    internal static VirtioRig NewRig() => new(context => new VirtioEntropyDevice("virtio-rng0", new FixedEntropy(), context));

    /// <summary>The same byte for ever, so that two runs are alike.</summary>
    internal sealed class FixedEntropy : IEntropySource
    {
        public void Fill(Span<byte> buffer) => buffer.Fill(0xA5);
    }
}

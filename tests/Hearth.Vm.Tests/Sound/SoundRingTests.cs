using Hearth.Machine;
using Hearth.Testing;
using Hearth.Vm.Sound;

namespace Hearth.Vm.Tests.Sound;

public sealed class SoundRingTests
{
    private static readonly SoundFormat s_stereo = new(48_000, 2, SoundSample.Signed16);

    [Fact]
    public void Records_comeInOrderWithTheirFrames()
    {
        using var ring = new SoundRing("test");
        var bytes = new byte[40_000];
        new Random(1).NextBytes(bytes);

        ring.WriteStart(s_stereo);
        ring.WriteFrames(bytes);
        ring.WriteStop();

        Span<byte> piece = new byte[1000];
        Assert.True(ring.TryRead(out SoundRecord kind, out SoundFormat format, piece, out _));
        Assert.Equal((SoundRecord.Start, s_stereo), (kind, format));
        var read = new List<byte>();
        while (ring.TryRead(out kind, out _, piece, out int count) && kind == SoundRecord.Frames)
            read.AddRange(piece[..count]);
        Assert.Equal(bytes, read);
        Assert.Equal(SoundRecord.Stop, kind);
    }

    [Fact]
    public void Frames_withoutRoom_areLostAndCounted()
    {
        using var ring = new SoundRing("test");
        var bytes = new byte[SoundRing.LongestRecord];

        for (int i = 0; i < 300; i++)
            ring.WriteFrames(bytes);

        Assert.InRange(ring.Lost, 40L * bytes.Length, 50L * bytes.Length);
        Assert.Equal(0, ring.Lost % bytes.Length);
    }

    [Fact]
    public void Drift_followsAPullerThatIsFasterOrSlower()
    {
        SoundRing? ring = null;
        using var output = new RingOutput("test", created => ring = created);
        output.Start(s_stereo);
        Assert.Equal(0, output.Drift);
        ring!.IsPulled = true;

        int empty = output.Drift;
        output.Write(new byte[RingOutput.TargetMilliseconds * 48 * 4]);
        int right = output.Drift;
        output.Write(new byte[RingOutput.TargetMilliseconds * 48 * 4]);
        int full = output.Drift;

        Assert.True(empty > 1000, $"an empty ring gives {empty}");
        Assert.InRange(right, -100, 100);
        Assert.True(full < -1000, $"a full ring gives {full}");
    }

    [Fact]
    public void Output_withoutAPuller_takesEverythingAtNoCost()
    {
        using var output = new RingOutput("test", created: null);
        var frames = new byte[1024];
        output.Start(s_stereo);

        Assert.Equal(0, Allocations.Of(() => output.Write(frames)));
        Assert.Equal(0, output.Drift);
    }

    [Fact]
    public void Frames_inSteadyState_allocateNothing()
    {
        using var ring = new SoundRing("test");
        var frames = new byte[1024];
        var piece = new byte[4096];

        long allocated = Allocations.Of(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                ring.WriteFrames(frames);
                while (ring.TryRead(out _, out _, piece, out _))
                {
                }
            }
        });

        Assert.Equal(0, allocated);
    }
}

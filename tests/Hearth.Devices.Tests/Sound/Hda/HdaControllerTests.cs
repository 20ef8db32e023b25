using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Sound.Hda;

/// <summary>Global registers, rings and the codec's answers.</summary>
public class HdaControllerTests
{
    private readonly HdaRig _rig = new();

    [Fact]
    public void Capabilities_AreThoseOfAnIch9()
    {
        Assert.Equal(0x293E_8086U, _rig.Device.ReadConfiguration(0, AccessWidth.Dword));
        Assert.Equal(0x0403U, _rig.Device.ReadConfiguration(0x0A, AccessWidth.Word));
        Assert.Equal(0x4401U, _rig.Read(0x00, AccessWidth.Word));
        Assert.Equal((0U, 1U), (_rig.Read(0x02, AccessWidth.Byte), _rig.Read(0x03, AccessWidth.Byte)));
        Assert.Equal(0x42U, _rig.Read(0x4E, AccessWidth.Byte));
        Assert.Equal(0x42U, _rig.Read(0x5E, AccessWidth.Byte));
    }

    [Fact]
    public void HeldInReset_TakesNoWrites()
    {
        _rig.Write(0x20, uint.MaxValue);
        _rig.Write(0x40, uint.MaxValue);
        _rig.Write(HdaRig.Register(HdaRig.Output) + 8, 1000);

        Assert.Equal((0U, 0U, 0U), (_rig.Read(0x20), _rig.Read(0x40), _rig.Read(HdaRig.Register(HdaRig.Output) + 8)));
        Assert.Equal(0U, _rig.Read(0x0E, AccessWidth.Word));
    }

    [Fact]
    public void LeavingReset_FindsTheCodec()
    {
        _rig.Write(0x08, 1);

        Assert.Equal(1U, _rig.Read(0x08));
        Assert.Equal(1U, _rig.Read(0x0E, AccessWidth.Word));

        _rig.Write(0x0E, 1, AccessWidth.Word);
        Assert.Equal(0U, _rig.Read(0x0E, AccessWidth.Word));
    }

    [Fact]
    public void EnteringReset_ClearsEverything()
    {
        _rig.Start();
        _rig.Write(0x20, 0xC000_0010);
        _rig.SetUp(HdaRig.Output, 1, HdaRig.Stereo16At48, 2, 0x1000);

        _rig.Write(0x08, 0);

        Assert.Equal((0U, 0U, 0U), (_rig.Read(0x20), _rig.Read(0x40), _rig.Read(HdaRig.Register(HdaRig.Output) + 8)));
    }

    [Fact]
    public void WallClock_CountsAt24Megahertz()
    {
        _rig.Machine.Clock.Advance(1_000_000);
        _rig.Start();

        _rig.Machine.Clock.Advance(1_000_000);

        Assert.Equal(24_000U, _rig.Read(0x30));
        Assert.Equal(24_000U, _rig.Read(0x2030));
    }

    [Fact]
    public void Verb_InTheRing_IsAnsweredInTheOther()
    {
        _rig.Start();

        uint vendor = _rig.Send(0, 0xF0000);

        Assert.Equal(0x1AF4U, vendor >> 16);
        Assert.Equal(1U, _rig.Read(0x4A, AccessWidth.Word));
        Assert.Equal(0U, _rig.ResponseFlags(1));
    }

    [Fact]
    public void Verb_Immediate_IsAnsweredAtOnce()
    {
        _rig.Write(0x08, 1);
        _rig.Write(0x60, 0x000F_0000);
        _rig.Write(0x68, 1, AccessWidth.Word);

        Assert.Equal(2U, _rig.Read(0x68, AccessWidth.Word));
        Assert.Equal(0x1AF4U, _rig.Read(0x64) >> 16);
        _rig.Write(0x68, 2, AccessWidth.Word);
        Assert.Equal(0U, _rig.Read(0x68, AccessWidth.Word));
    }

    [Fact]
    public void Verb_ForAnotherCodec_IsNotAnswered()
    {
        _rig.Start();
        _rig.Queue(0, 0x500F_0000);

        _rig.Kick();

        Assert.Equal((1U, 0U), (_rig.Read(0x4A, AccessWidth.Word), _rig.Read(0x58, AccessWidth.Word)));
        Assert.Equal(1, _rig.Machine.Log.Count);
    }

    [Fact]
    public void Responses_ReachTheThreshold_WaitUntilTheInterruptIsAcknowledged()
    {
        _rig.Start();
        _rig.Write(0x20, 0xC000_0000);
        _rig.Write(0x5A, 2, AccessWidth.Word);
        _rig.Write(0x5C, 3, AccessWidth.Byte);
        for (int i = 0; i < 5; i++)
            _rig.Queue(0, 0xF0000);

        _rig.Kick();

        Assert.Equal((2U, 2U), (_rig.Read(0x4A, AccessWidth.Word), _rig.Read(0x58, AccessWidth.Word)));
        Assert.True(_rig.Line.IsAsserted);
        Assert.Equal(0xC000_0000U, _rig.Read(0x24));

        _rig.Write(0x5D, 1, AccessWidth.Byte);
        _rig.Write(0x5D, 1, AccessWidth.Byte);
        Assert.Equal((5U, 5U), (_rig.Read(0x4A, AccessWidth.Word), _rig.Read(0x58, AccessWidth.Word)));
        Assert.True(_rig.Line.IsAsserted);
        _rig.Write(0x5D, 1, AccessWidth.Byte);
        Assert.False(_rig.Line.IsAsserted);
    }

    [Fact]
    public void CommandPointer_IsResetAsTheSpecificationSays()
    {
        _rig.Start();
        _rig.Send(0, 0xF0000);
        _rig.Write(0x4C, 0, AccessWidth.Byte);

        _rig.Write(0x4A, 0x8000, AccessWidth.Word);
        uint set = _rig.Read(0x4A, AccessWidth.Word);
        _rig.Write(0x4A, 0, AccessWidth.Word);

        Assert.Equal((0x8000U, 0U), (set, _rig.Read(0x4A, AccessWidth.Word)));
    }

    [Fact]
    public void CommandRing_OutsideMemory_StopsWithAnError()
    {
        _rig.Start();
        _rig.Write(0x44, 0x1000);
        _rig.Write(0x4C, 3, AccessWidth.Byte);
        _rig.Write(0x20, 0xC000_0000);

        _rig.Write(0x48, 5, AccessWidth.Byte);

        Assert.Equal((1U, 1U), (_rig.Read(0x4D, AccessWidth.Byte), _rig.Read(0x4C, AccessWidth.Byte)));
        Assert.True(_rig.Line.IsAsserted);
    }

    [Fact]
    public void Codec_IsOneAudioFunctionWithThreeOutputsAndAMicrophone()
    {
        _rig.Start();

        Assert.Equal(0x0001_0001U, _rig.Send(0, 0xF0004));
        Assert.Equal(1U, _rig.Send(1, 0xF0005));
        uint widgets = _rig.Send(1, 0xF0004);
        int first = (int)(widgets >> 16);
        uint[] types = [.. Enumerable.Range(first, (int)(widgets & 0xFF)).Select(node => (_rig.Send(node, 0xF0009) >> 20) & 0xF)];

        Assert.Equal([0, 0, 0, 1, 4, 4, 4, 4], types);
        Assert.Equal([2, 3, 4], Enumerable.Range(6, 3).Select(jack => (int)_rig.Send(jack, 0xF0200)));
        Assert.Equal(9U, _rig.Send(5, 0xF0200));
        Assert.All(Enumerable.Range(6, 4), jack => Assert.Equal(1U << 31, _rig.Send(jack, 0xF0900)));
        Assert.All(Enumerable.Range(2, 4), converter => Assert.Equal(0x1E_07FFU, _rig.Send(converter, 0xF000A)));
    }

    [Fact]
    public void Gain_SetForOneSide_IsReadBackForThat()
    {
        _rig.Start();

        _rig.Send(2, 0x3_A000 | 0x85);

        Assert.Equal((0x85U, 0x4AU), (_rig.Send(2, 0xB_A000), _rig.Send(2, 0xB_8000)));
    }

    [Fact]
    public void Plug_PulledOut_IsToldUnderItsTag()
    {
        _rig.Start();
        _rig.Write(0x08, 0x101);
        _rig.Send(6, 0x70800 | 0x80 | 0x15);
        uint before = _rig.Read(0x58, AccessWidth.Word);

        _rig.Device.Plug(Devices.Sound.Hda.HdaJack.Front, false);

        uint after = _rig.Read(0x58, AccessWidth.Word);
        Assert.Equal(before + 1, after);
        Assert.Equal((0x15U << 26, 0x10U), (_rig.Response((int)after), _rig.ResponseFlags((int)after)));
        Assert.Equal(0U, _rig.Send(6, 0xF0900));
    }

    [Fact]
    public void Verbs_InSteadyState_AllocateNothing()
    {
        _rig.Start();

        long allocated = Allocations.Of(() =>
        {
            for (int i = 0; i < 1000; i++)
                _rig.Send(i % 12, 0xF0000 | (uint)(i % 20));
        });

        Assert.Equal(0, allocated);
    }
}

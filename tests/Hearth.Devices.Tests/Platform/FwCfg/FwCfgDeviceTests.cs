using System.Buffers.Binary;
using System.Text;
using Hearth.Devices.Platform.FwCfg;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.FwCfg;

public sealed class FwCfgDeviceTests
{
    private const ushort Selector = 0x510;
    private const ushort Data = 0x511;
    private const int Target = 0x2000;

    private readonly TestMachine _machine = new();
    private readonly FwCfgContents _contents = new();
    private readonly IMachineDevice _device;

    public FwCfgDeviceTests()
    {
        _contents.SetUInt64(FwCfgKeys.RamSize, 0x4000_0000);
        _contents.SetUInt16(FwCfgKeys.ProcessorCount, 3);
        _contents.AddFile("etc/first", "first file"u8.ToArray());
        _contents.AddFile("etc/second", new byte[4], writable: true);
        _contents.AddFile("etc/large", [.. Enumerable.Range(0, 10_000).Select(i => (byte)(i * 7))]);
        _device = new FwCfgModule(_contents).Create(_machine.Context);
        _device.Reset();
    }

    [Fact]
    public void Signature_AtPowerOn_IsSelected()
    {
        Assert.Equal("QEMU"u8.ToArray(), ReadBytes(4));
    }

    [Theory]
    [InlineData(FwCfgKeys.Identifier, new byte[] { 3, 0, 0, 0 })]
    [InlineData(FwCfgKeys.RamSize, new byte[] { 0, 0, 0, 0x40, 0, 0, 0, 0 })]
    [InlineData(FwCfgKeys.ProcessorCount, new byte[] { 3, 0 })]
    public void Item_Selected_ReadsLittleEndianAndThenZeros(ushort key, byte[] expected)
    {
        _machine.OutWord(Selector, key);

        Assert.Equal([.. expected, 0, 0], ReadBytes(expected.Length + 2));
    }

    [Fact]
    public void Item_ThatDoesNotExist_ReadsAsZeros()
    {
        _machine.OutWord(Selector, 0x1234);

        Assert.Equal(new byte[4], ReadBytes(4));
    }

    [Fact]
    public void Directory_HasNamesKeysAndSizes()
    {
        _machine.OutWord(Selector, FwCfgKeys.FileDirectory);

        byte[] directory = ReadBytes(4 + (3 * 64));

        Assert.Equal([0, 0, 0, 3], directory[..4]);
        Assert.Equal([0, 0, 0, 10, 0, 0x20, 0, 0], directory[4..12]);
        Assert.Equal("etc/first", Encoding.ASCII.GetString(directory[12..68]).TrimEnd('\0'));
        Assert.Equal([0, 0, 0x27, 0x10, 0, 0x22, 0, 0], directory[132..140]);
    }

    [Fact]
    public void DmaAddress_Read_ShowsTheSignature()
    {
        byte[] signature = [.. BitConverter.GetBytes(_machine.InDword(0x514)), .. BitConverter.GetBytes(_machine.InDword(0x518))];

        Assert.Equal("QEMU CFG"u8.ToArray(), signature);
    }

    [Fact]
    public void DmaRead_OfAFile_FillsRamAndZerosBehindIt()
    {
        _machine.Ram.Bytes.AsSpan(Target, 16).Fill(0xFF);

        uint result = FwCfgGuest.Request(_machine, FwCfgGuest.Read | FwCfgGuest.Select | (0x20u << 16), Target, 12);

        Assert.Equal(0u, result);
        Assert.Equal([.. "first file"u8, 0, 0, 0xFF], _machine.Ram.Bytes[Target..(Target + 13)]);
    }

    [Fact]
    public void DmaRead_InPieces_GoesOnWhereItEnded()
    {
        FwCfgGuest.Request(_machine, FwCfgGuest.Read | FwCfgGuest.Select | (0x22u << 16), Target, 5000);
        FwCfgGuest.Request(_machine, FwCfgGuest.Read, Target + 5000, 5000);

        Assert.Equal(Enumerable.Range(0, 10_000).Select(i => (byte)(i * 7)), _machine.Ram.Bytes[Target..(Target + 10_000)]);
    }

    [Fact]
    public void DmaSkip_MovesThePosition()
    {
        FwCfgGuest.Request(_machine, FwCfgGuest.Skip | FwCfgGuest.Select | (0x20u << 16), 0, 6);

        Assert.Equal("file"u8.ToArray(), ReadBytes(4));
    }

    [Fact]
    public void DmaSkip_PastTheEnd_StaysThere()
    {
        FwCfgGuest.Request(_machine, FwCfgGuest.Skip | FwCfgGuest.Select | (0x20u << 16), 0, uint.MaxValue);
        FwCfgGuest.Request(_machine, FwCfgGuest.Skip, 0, uint.MaxValue);

        Assert.Equal(0, _machine.In(Data));
    }

    [Fact]
    public void DmaWrite_ToAWritableFile_StaysUntilReset()
    {
        "abcd"u8.CopyTo(_machine.Ram.Bytes.AsSpan(Target));
        uint result = FwCfgGuest.Request(_machine, FwCfgGuest.Write | FwCfgGuest.Select | (0x21u << 16), Target, 4);
        _machine.OutWord(Selector, 0x21);
        byte[] written = ReadBytes(4);
        _device.Reset();
        _machine.OutWord(Selector, 0x21);

        Assert.Equal(0u, result);
        Assert.Equal("abcd"u8.ToArray(), written);
        Assert.Equal(new byte[4], ReadBytes(4));
    }

    [Theory]
    [InlineData(0x20u, 4u)]
    [InlineData(0x21u, 5u)]
    [InlineData(0x99u, 1u)]
    public void DmaWrite_ThatDoesNotFit_IsRefused(uint key, uint length)
    {
        uint result = FwCfgGuest.Request(_machine, FwCfgGuest.Write | FwCfgGuest.Select | (key << 16), Target, length);

        Assert.Equal(FwCfgGuest.Error, result);
    }

    [Theory]
    [InlineData(0xFFFF_FFFF_FFFF_FFF0UL, 0x20u)]
    [InlineData(0x10_0000UL, 1u)]
    [InlineData(0UL, 0xFFFF_FFFFu)]
    [InlineData(0xF_FFFFUL, 2u)]
    public void DmaRead_OutsideRam_IsRefusedAndCounted(ulong address, uint length)
    {
        uint result = FwCfgGuest.Request(_machine, FwCfgGuest.Read | FwCfgGuest.Select | (0x20u << 16), address, length);

        Assert.Equal(FwCfgGuest.Error, result);
        Assert.Equal(1, _machine.Log.Count);
    }

    [Fact]
    public void DmaRequest_OutsideRam_IsCounted()
    {
        FwCfgGuest.Start(_machine, 0xFFFF_FFFF_FFFF_FFF8);

        Assert.Equal(1, _machine.Log.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("etc/first")]
    [InlineData("ümlaut")]
    [InlineData("a-name-of-fifty-six-characters-is-one-too-many-by-the-zero")]
    public void File_WithABadName_IsRefused(string name)
    {
        Assert.Throws<MachineException>(() => _contents.AddFile(name, []));
    }

    /// <summary>An offset past the end is not refused by a transfer of no bytes, which then had nowhere to begin.</summary>
    [Fact]
    public void Restored_PastTheEndOfAnItem_IsAtItsEnd()
    {
        _machine.OutWord(Selector, 0x21);
        byte[] saved = TestMachine.Save(_device);
        BinaryPrimitives.WriteUInt32LittleEndian(saved.AsSpan(3), 1000);

        TestMachine.Restore(_device, saved);

        Assert.Equal(0U, FwCfgGuest.Request(_machine, FwCfgGuest.Write, Target, 0));
        Assert.Equal(FwCfgGuest.Error, FwCfgGuest.Request(_machine, FwCfgGuest.Write, Target, 1));
    }

    private byte[] ReadBytes(int count) => [.. Enumerable.Range(0, count).Select(_ => _machine.In(Data))];
}

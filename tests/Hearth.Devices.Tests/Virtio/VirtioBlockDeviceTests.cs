using System.Buffers.Binary;
using Hearth.Devices.Virtio.Block;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Virtio;

public class VirtioBlockDeviceTests
{
    private const ulong Header = 0x40000;
    private const ulong Data = 0x50000;
    private const ulong StatusByte = 0x4F000;
    private const byte Untouched = 0xEE;

    private const uint In = 0;
    private const uint Out = 1;
    private const uint Flush = 4;
    private const uint GetId = 8;
    private const uint Discard = 11;
    private const uint WriteZeroes = 13;

    private readonly FakeBlockBackend _disk = new();
    private readonly VirtioRig _rig;

    public VirtioBlockDeviceTests()
    {
        _rig = NewRig(_disk);
        _rig.Start(size: 256);
        new Random(1).NextBytes(_disk.Bytes);
    }

    private byte[] Ram => _rig.Machine.Ram.Bytes;

    [Fact]
    public void Configuration_DescribesTheDisk()
    {
        Assert.Equal(2048UL, _rig.ReadDevice(0, AccessWidth.Qword));
        Assert.Equal(254UL, _rig.ReadDevice(12, AccessWidth.Dword));
        Assert.Equal(512UL, _rig.ReadDevice(20, AccessWidth.Dword));
        Assert.Equal(0x6246UL, _rig.OfferedFeatures() & 0xFFFFFF);
    }

    [Fact]
    public void ReadOnlyDisk_OffersReadOnlyAndNoWritingCommands()
    {
        VirtioRig rig = NewRig(new FakeBlockBackend { IsReadOnly = true });

        Assert.Equal(0x266UL, rig.OfferedFeatures() & 0xFFFFFF);
    }

    [Fact]
    public void Read_FillsTheBufferAndSaysOk()
    {
        byte status = Request(In, 3, new TestDescriptor(Data, 1024, Writable: true));

        Assert.Equal(0, status);
        Assert.Equal(_disk.Bytes.AsSpan(3 * 512, 1024), Ram.AsSpan((int)Data, 1024));
        Assert.True(_rig.Queue(0).TryTakeUsed(out _, out uint written));
        Assert.Equal(1025U, written);
    }

    [Fact]
    public void Write_OfSeveralSegments_ReachesTheDisk()
    {
        new Random(2).NextBytes(Ram.AsSpan((int)Data, 1536));

        byte status = Request(Out, 7, new(Data + 1024, 512), new(Data, 1024));

        Assert.Equal(0, status);
        Assert.Equal(Ram.AsSpan((int)Data + 1024, 512), _disk.Bytes.AsSpan(7 * 512, 512));
        Assert.Equal(Ram.AsSpan((int)Data, 1024), _disk.Bytes.AsSpan(8 * 512, 1024));
    }

    [Fact]
    public void Read_IntoMemoryThatIsWriteProtected_ChangesNothingAndNeedsReset()
    {
        _rig.Machine.Ram.WriteProtected = (Data + 512, Data + 1024);
        Ram.AsSpan((int)Data, 1024).Fill(Untouched);

        _ = Request(In, 3, new TestDescriptor(Data, 1024, Writable: true));

        Assert.Equal(15 | 64, _rig.Status);
        Assert.All(Ram.AsSpan((int)Data, 1024).ToArray(), value => Assert.Equal(Untouched, value));
    }

    [Fact]
    public void Write_OutOfMemoryThatIsWriteProtected_ReachesTheDisk()
    {
        _rig.Machine.Ram.WriteProtected = (Data, Data + 1024);
        new Random(2).NextBytes(Ram.AsSpan((int)Data, 1024));

        Assert.Equal(0, Request(Out, 7, new TestDescriptor(Data, 1024)));

        Assert.Equal(Ram.AsSpan((int)Data, 1024), _disk.Bytes.AsSpan(7 * 512, 1024));
    }

    [Fact]
    public void Segments_ThatFollowOneAnother_AreOnePiece()
    {
        byte status = Request(
            In, 0, new(Data, 512, Writable: true), new(Data + 512, 1024, Writable: true), new(Data + 4096, 512, Writable: true));

        Assert.Equal(0, status);
        Assert.Equal(2, _disk.Pieces);
        Assert.Equal(_disk.Bytes.AsSpan(0, 1536), Ram.AsSpan((int)Data, 1536));
        Assert.Equal(_disk.Bytes.AsSpan(1536, 512), Ram.AsSpan((int)Data + 4096, 512));
    }

    [Theory]
    [InlineData(BlockStatus.Ok)]
    [InlineData(BlockStatus.IoError)]
    public void Read_OkOrFailed_NotesWhatMayBeWrittenAndNothingElse(BlockStatus result)
    {
        _disk.Result = result;

        Request(In, 3, new(Data, 512, Writable: true), new(Data + 8192, 1024, Writable: true));

        bool[] expected = new bool[Ram.Length];
        expected.AsSpan((int)Data, 512).Fill(true);
        expected.AsSpan((int)Data + 8192, 1024).Fill(true);
        Assert.Equal(expected, _rig.Machine.Ram.IsNoted);
    }

    [Fact]
    public void Request_InOneDescriptorEach_IsNotExpected()
    {
        WriteHeader(In, 0);
        _rig.Queue(0).Add(new(Header, 7), new(Header + 7, 9), new(Data, 100, Writable: true), new(Data + 100, 413, Writable: true));

        _rig.Kick();

        Assert.Equal(_disk.Bytes.AsSpan(0, 512), Ram.AsSpan((int)Data, 512));
        Assert.Equal(0, Ram[(int)Data + 512]);
    }

    [Fact]
    public void FlushRequest_ReachesTheDisk()
    {
        Assert.Equal(0, Request(Flush, 0));
        Assert.Equal(1, _disk.Flushes);
    }

    [Fact]
    public void GetIdRequest_GivesTheSerial()
    {
        byte status = Request(GetId, 0, new TestDescriptor(Data, 20, Writable: true));

        Assert.Equal(0, status);
        Assert.Equal("disk-serial\0\0\0\0\0\0\0\0\0"u8, Ram.AsSpan((int)Data, 20));
    }

    [Fact]
    public void DiscardRequest_ReachesTheDisk()
    {
        Assert.Equal(0, RangeRequest(Discard, 8, 16, 0));
        Assert.Equal(1, _disk.Discards);
    }

    [Fact]
    public void WriteZeroesRequest_Zeroes()
    {
        byte status = RangeRequest(WriteZeroes, 8, 4, 1);

        Assert.Equal(0, status);
        Assert.Equal(-1, _disk.Bytes.AsSpan(8 * 512, 4 * 512).IndexOfAnyExcept((byte)0));
        Assert.NotEqual(0, _disk.Bytes[12 * 512] | _disk.Bytes[(12 * 512) + 1] | _disk.Bytes[(12 * 512) + 2]);
    }

    [Theory]
    [InlineData(Discard, 2047, 2, 0, 1)]
    [InlineData(Discard, ulong.MaxValue, 1, 0, 1)]
    [InlineData(Discard, 0, uint.MaxValue, 0, 1)]
    [InlineData(Discard, 0, 1, 1, 2)]
    [InlineData(WriteZeroes, 0, 1, 2, 2)]
    public void RangeRequest_Impossible_Fails(uint type, ulong sector, uint sectors, uint flags, byte expected)
    {
        Assert.Equal(expected, RangeRequest(type, sector, sectors, flags));
        Assert.Equal(0, _disk.Discards);
    }

    [Theory]
    [InlineData(In, 2047, 1024)]
    [InlineData(In, 2048, 512)]
    [InlineData(In, 0, 511)]
    [InlineData(In, 0x80_0000_0000_0000, 512)]
    [InlineData(In, ulong.MaxValue, 512)]
    public void Read_OutsideTheDiskOrOfOddLength_IsIoError(uint type, ulong sector, uint length)
    {
        Assert.Equal(1, Request(type, sector, new TestDescriptor(Data, length, Writable: true)));
        Assert.Equal(15, _rig.Status);
    }

    [Fact]
    public void Write_ToReadOnlyDisk_IsIoError()
    {
        var disk = new FakeBlockBackend { IsReadOnly = true };
        VirtioRig rig = NewRig(disk);
        rig.Start();
        rig.Machine.Ram.Bytes.AsSpan((int)Data, 512).Fill(1);
        rig.Machine.Ram.Bytes[(int)Header] = (byte)Out;
        rig.Queue(0).Add(new(Header, 16), new(Data, 512), new(StatusByte, 1, Writable: true));

        rig.Kick();

        Assert.Equal(1, rig.Machine.Ram.Bytes[(int)StatusByte]);
        Assert.Equal(0, disk.Bytes[0]);
    }

    [Fact]
    public void Request_OfUnknownType_IsUnsupported()
    {
        Assert.Equal(2, Request(99, 0));
    }

    [Fact]
    public void Read_WhenTheDiskFails_IsIoError()
    {
        _disk.Result = BlockStatus.IoError;

        Assert.Equal(1, Request(In, 0, new TestDescriptor(Data, 512, Writable: true)));
    }

    [Theory]
    [InlineData(15)]
    [InlineData(0)]
    public void Request_WithoutWholeHeader_NeedsReset(uint length)
    {
        _rig.Queue(0).Add(new(Header, length), new(StatusByte, 1, Writable: true));

        _rig.Kick();

        Assert.Equal(15 | 64, _rig.Status);
    }

    [Fact]
    public void Request_WithoutStatusByte_NeedsReset()
    {
        WriteHeader(Flush, 0);
        _rig.Queue(0).Add(new TestDescriptor(Header, 16));

        _rig.Kick();

        Assert.Equal(15 | 64, _rig.Status);
    }

    [Fact]
    public void Requests_InFlight_EndInAnyOrder()
    {
        _disk.Waits = true;
        for (uint i = 0; i < 4; i++)
            AddRead(i);
        _rig.Kick();

        _disk.CompleteOne(2);
        _rig.Queue(0).TryTakeUsed(out uint first, out _);
        _disk.CompleteOne(0);
        _rig.Queue(0).TryTakeUsed(out uint second, out _);

        Assert.Equal(4, _disk.MostWaiting);
        Assert.Equal((6U, 0U), (first, second));
        Assert.Equal(_disk.Bytes.AsSpan(2 * 512, 512), Ram.AsSpan((int)Data + (2 * 512), 512));
    }

    [Fact]
    public void Requests_MoreThanTransfers_AllEnd()
    {
        _disk.Waits = true;
        for (uint i = 0; i < 80; i++)
            AddRead(i);
        _rig.Kick();

        for (int i = 0; i < 80; i++)
            _disk.CompleteOne();

        Assert.Equal(64, _disk.MostWaiting);
        Assert.Equal(80, _rig.Queue(0).UsedIndex);
    }

    [Fact]
    public void Reset_WithRequestInFlight_WritesNothingAfterwards()
    {
        _disk.Waits = true;
        AddRead(0);
        _rig.Kick();
        _rig.Status = 0;

        _disk.CompleteOne();

        Assert.Equal(0, _rig.Status);
        Assert.Equal(0, _rig.Queue(0).UsedIndex);
    }

    [Theory]
    [InlineData("a serial number that is too long")]
    [InlineData("gerät")]
    public void Serial_Impossible_Throws(string serial)
    {
        Assert.Throws<MachineException>(() => new VirtioBlockDevice("x", _disk, serial, new TestMachine().Context));
    }

    [Fact]
    public void Requests_InSteadyState_AllocateNothing()
    {
        long allocated = Allocations.Of(() => ReadMany(300));

        Assert.Equal(0, allocated);
    }

    internal static VirtioRig NewRig(FakeBlockBackend disk) =>
        new(context => new VirtioBlockDevice("virtio-blk0", disk, "disk-serial", context));

    private void ReadMany(int count)
    {
        for (int i = 0; i < count; i++)
        {
            AddRead(1);
            _rig.Kick();
            _rig.Queue(0).TryTakeUsed(out _, out _);
        }
    }

    private void AddRead(uint sector)
    {
        WriteHeader(In, sector, Header + (16 * sector));
        _rig.Queue(0).Add(
            new(Header + (16 * sector), 16), new(Data + (512 * sector), 512, Writable: true), new(StatusByte, 1, Writable: true));
    }

    private byte Request(uint type, ulong sector, params ReadOnlySpan<TestDescriptor> data)
    {
        WriteHeader(type, sector);
        Ram[(int)StatusByte] = Untouched;
        _rig.Queue(0).Add([new(Header, 16), .. data, new(StatusByte, 1, Writable: true)]);
        _rig.Kick();
        return Ram[(int)StatusByte];
    }

    private byte RangeRequest(uint type, ulong sector, uint sectors, uint flags)
    {
        Span<byte> range = Ram.AsSpan((int)Data);
        BinaryPrimitives.WriteUInt64LittleEndian(range, sector);
        BinaryPrimitives.WriteUInt32LittleEndian(range[8..], sectors);
        BinaryPrimitives.WriteUInt32LittleEndian(range[12..], flags);
        return Request(type, 0, new TestDescriptor(Data, 16));
    }

    private void WriteHeader(uint type, ulong sector, ulong at = Header)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Ram.AsSpan((int)at), type);
        BinaryPrimitives.WriteUInt64LittleEndian(Ram.AsSpan((int)at + 8), sector);
    }
}

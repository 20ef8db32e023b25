using Hearth.Machine;

namespace Hearth.Memory.Tests;

/// <summary>The ROM below 4 GiB and what lies at 0xC0000 to 0xFFFFF.</summary>
public sealed class ShadowMemoryTests : IDisposable
{
    private const int Length = 256 << 10;
    private const ulong Bios = 0xF_0000;

    private static readonly byte[] s_rom = Rom();

    private readonly GuestRam _ram = new(16 << 20, 0, Length);
    private readonly ShadowMemory _shadow;

    public ShadowMemoryTests()
    {
        _shadow = new ShadowMemory(_ram, s_rom);
        _shadow.Reset();
    }

    public void Dispose() => _ram.Dispose();

    [Fact]
    public void Rom_EndsAt4GiB_AndIsReadOnlyAndOutOfReachOfDevices()
    {
        Assert.Equal(s_rom[^16..], ReadHost(0xFFFF_FFF0, 16));
        Assert.True(_ram.IsProtected(0xFFFC_0000));
        Assert.False(_ram.TryRead(new GuestAddress(0xFFFF_FFF0), new byte[1]));
        Assert.False(_ram.TryWrite(new GuestAddress(0xFFFF_FFF0), new byte[1]));
    }

    [Fact]
    public void Reset_ShowsTheLast128KiBOfRom_AndOnesBelow()
    {
        Assert.Equal(s_rom[^0x2_0000..], Read(0xE_0000, 0x2_0000));
        Assert.All(Read(0xC_0000, 0x2_0000), value => Assert.Equal(0xFF, value));
        Assert.Equal(0xFFFFU, _ram.ProtectedSegments);
    }

    [Fact]
    public void Writes_WhileRomIsRead_ReachTheRamBehindWhereTheyMay()
    {
        Steer(reads: false, writes: true);
        Assert.False(_ram.TryWrite(new GuestAddress(Bios), [1]));
        _shadow.Write(Bios - 0xC_0000, AccessWidth.Dword, 0x4433_2211);
        byte[] before = Read(Bios, 4);
        Steer(reads: true, writes: true);

        Assert.Equal(s_rom[^0x1_0000..^0xFFFC], before);
        Assert.Equal([0x11, 0x22, 0x33, 0x44], Read(Bios, 4));
        Assert.True(_ram.TryWrite(new GuestAddress(Bios), [9]));
    }

    [Fact]
    public void Ram_WriteProtected_KeepsItsBytes()
    {
        Steer(reads: true, writes: true);
        _ram.TryWrite(new GuestAddress(Bios), [1, 2, 3]);
        Steer(reads: true, writes: false);
        _shadow.Write(Bios - 0xC_0000, AccessWidth.Byte, 99);

        Assert.False(_ram.TryWrite(new GuestAddress(Bios - 1), new byte[4]));
        Assert.Equal([1, 2, 3], Read(Bios, 3));
        Assert.True(_ram.TryWrite(new GuestAddress(0xB_FFFF + 0x4_0001), new byte[1]));
    }

    [Fact]
    public void Protected_IsNeitherLentForWritingNorGivenBack()
    {
        Assert.False(_ram.IsWritable(new GuestAddress(Bios), 4));
        Assert.True(_ram.TryMap(new GuestAddress(Bios), 4, out _));
        Assert.False(_ram.TryGiveBack(new GuestAddress(Bios), 0x1000));
        Assert.False(_ram.TryGiveBack(new GuestAddress(0x9_F000 + 0x2_0000), 0x4_3000));
        Assert.Equal(s_rom[^0x1_0000..^0xFFFC], Read(Bios, 4));
        Steer(reads: true, writes: true);

        Assert.True(_ram.IsWritable(new GuestAddress(Bios), 4));
        Assert.True(_ram.TryGiveBack(new GuestAddress(Bios), 0x1000));
    }

    [Fact]
    public void Reset_ShowsRom_WhateverLayThere()
    {
        // The host's kernel, which had memory lent before it was protected, writes late.
        Assert.True(_ram.TryMap(new GuestAddress(Bios), 4, out Memory<byte> lent));
        lent.Span.Fill(0xAA);

        _shadow.Reset();

        Assert.Equal(s_rom[^0x1_0000..^0xFFFC], Read(Bios, 4));
    }

    [Fact]
    public void Segments_AreSteeredByThemselves()
    {
        _shadow.Steer(1, readsRam: true, writesRam: true);

        Assert.Equal(0xFFFDU, _ram.ProtectedSegments);
        Assert.True(_ram.TryWrite(new GuestAddress(0xC_4000), new byte[0x4000]));
        Assert.False(_ram.TryWrite(new GuestAddress(0xC_4000), new byte[0x4001]));
        Assert.False(_ram.TryWrite(new GuestAddress(0xC_3FFF), new byte[2]));
    }

    [Fact]
    public void Restore_IntoAMachineWithAnotherRom_BringsEverythingBack()
    {
        Steer(reads: true, writes: false);
        _shadow.Steer(0, readsRam: false, writesRam: true);
        _shadow.Write(5, AccessWidth.Byte, 77);
        var writer = new StateWriter();
        _shadow.Save(writer);
        using var ram = new GuestRam(16 << 20, romLength: Length);
        var other = new ShadowMemory(ram, new byte[Length]);
        other.Reset();

        other.Restore(new StateReader(other.Name, writer.Written));

        Assert.Equal(_ram.ProtectedSegments, ram.ProtectedSegments);
        var again = new StateWriter();
        other.Save(again);
        Assert.Equal(writer.Written.ToArray(), again.Written.ToArray());
        other.Steer(0, readsRam: true, writesRam: true);
        var behind = new byte[6];
        ram.TryRead(new GuestAddress(0xC_0000), behind);
        Assert.Equal(77, behind[5]);
    }

    [Fact]
    public void Restore_OfAnotherLength_IsRefused()
    {
        var writer = new StateWriter();
        _shadow.Save(writer);
        using var ram = new GuestRam(16 << 20, romLength: Length / 2);
        var other = new ShadowMemory(ram, new byte[Length / 2]);

        var error = Assert.Throws<SavedStateException>(() => other.Restore(new StateReader(other.Name, writer.Written)));

        Assert.Equal("The guest was saved with 256 KiB of firmware and cannot go on with 128 KiB.", error.Message);
    }

    [Fact]
    public void Changes_OfWhatIsRead_AreToldToTheTranslator()
    {
        var observer = new CountingObserver();
        _ram.CodeObserver = observer;
        _ram.SetFlags(Bios, PageFlags.Code);

        Steer(reads: true, writes: true);

        Assert.Equal(1, observer.Writes);
    }

    [Fact]
    public void Dirty_HasThePagesThatChanged_AndNoneOfTheRom()
    {
        PageSet pages = _ram.NewPageSet();
        _ram.TakeDirty(pages);
        pages.Clear();
        _shadow.Steer(15, readsRam: true, writesRam: true);
        _ram.TakeDirty(pages);

        Assert.Equal(4, pages.Count);
        Assert.True(pages.Contains(0xFF));
    }

    private void Steer(bool reads, bool writes)
    {
        for (int segment = 12; segment < 16; segment++)
            _shadow.Steer(segment, reads, writes);
    }

    private byte[] Read(ulong address, int length)
    {
        var bytes = new byte[length];
        Assert.True(_ram.TryRead(new GuestAddress(address), bytes));
        return bytes;
    }

    // As an engine does.
    private unsafe byte[] ReadHost(ulong address, int length) => new ReadOnlySpan<byte>(_ram.HostAddress(address), length).ToArray();

    private static byte[] Rom()
    {
        var rom = new byte[Length];
        new Random(5).NextBytes(rom);
        return rom;
    }

    private sealed class CountingObserver : ICodeObserver
    {
        public int Writes { get; private set; }

        public void CodeWritten(ulong physical, int length) => Writes++;
    }
}

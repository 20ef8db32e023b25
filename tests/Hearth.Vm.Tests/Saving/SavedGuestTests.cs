using Hearth.Cpu;
using Hearth.Devices.Platform.VmGenId;
using Hearth.Machine;
using Hearth.Vm.Saving;
using Hearth.Vm.Tests.Running;

namespace Hearth.Vm.Tests.Saving;

public sealed class SavedGuestTests
{
    private static readonly byte[] s_mark = "somewhere in memory"u8.ToArray();
    private static readonly byte[] s_generation = "sixteen bytes: A"u8.ToArray();

    [Fact]
    public void Restore_intoAFreshMachine_bringsBackRamAndProcessors()
    {
        byte[] saved = SaveMachine();
        using var fresh = new TestGuestMachine(bootable: false);

        Open(saved).Restore(fresh.Machine);

        var found = new byte[s_mark.Length];
        Assert.True(fresh.Machine.Ram.TryRead(new GuestAddress(0x123_4567), found));
        Assert.Equal(s_mark, found);
        Assert.Equal(0xFEED_F00DUL, fresh.Bootstrap.State.Registers[3]);
    }

    [Fact]
    public void Save_ofARestoredMachine_isTheSame_butForTheNewGeneration()
    {
        const int ChecksumLength = 4;
        byte[] saved = SaveMachine();

        byte[] again = SaveRestored(saved);

        // The event that tells the guest of it is pending now, in one byte of a state that has a checksum.
        int[] different = [.. Enumerable.Range(0, saved.Length).Where(at => saved[at] != again[at])];
        Assert.Equal(saved.Length, again.Length);
        Assert.InRange(different.Length, 2, ChecksumLength + 1);
        Assert.Equal((0, 1 << VmGenIdModule.GeneralPurposeEvent), (saved[different[^1]], again[different[^1]]));
        Assert.Equal(again, SaveRestored(again));
    }

    [Fact]
    public void Header_ofASavedMachine_saysWhatItNeeds()
    {
        SavedGuestHeader header = Open(SaveMachine()).Header;

        Assert.Equal(new SavedGuestHeader(TestGuestMachine.Memory, 1, "x86-64-v2", 1_000_000_000, ParavirtualInterface.Kvm), header);
    }

    [Theory]
    [InlineData(TestGuestMachine.Memory * 2, 1, "64 MiB of memory")]
    [InlineData(TestGuestMachine.Memory, 2, "1 vCPUs")]
    public void Require_anotherMachine_saysWhatDiffers(ulong memory, int cpus, string difference)
    {
        var header = new SavedGuestHeader(TestGuestMachine.Memory, 1, "x86-64-v2", 1_000_000_000, ParavirtualInterface.Kvm);

        var error = Assert.Throws<SavedStateException>(() => header.Require(memory, cpus, null, null));

        Assert.Contains(difference, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ParavirtualInterface.Kvm, ParavirtualInterface.HyperV, "the paravirtual interface kvm and cannot go on with hyperv")]
    [InlineData(ParavirtualInterface.HyperV, ParavirtualInterface.None, "the paravirtual interface hyperv and cannot go on with none")]
    public void Require_anotherParavirtualInterface_saysWhichItHad(ParavirtualInterface saved, ParavirtualInterface asked, string difference)
    {
        var header = new SavedGuestHeader(TestGuestMachine.Memory, 1, "x86-64-v2", 1_000_000_000, saved);

        var error = Assert.Throws<SavedStateException>(() => header.Require(TestGuestMachine.Memory, 1, null, asked));

        Assert.Contains(difference, error.Message, StringComparison.Ordinal);
        header.Require(TestGuestMachine.Memory, 1, null, saved);
        header.Require(TestGuestMachine.Memory, 1, null, null);
    }

    [Theory]
    [InlineData(ParavirtualInterface.Kvm)]
    [InlineData(ParavirtualInterface.HyperV)]
    [InlineData(ParavirtualInterface.None)]
    public void Header_ofAnyParavirtualInterface_comesBack(ParavirtualInterface paravirtual)
    {
        var header = new SavedGuestHeader(TestGuestMachine.Memory, 1, "x86-64-v2", 1_000_000_000, paravirtual);
        var writer = new StateWriter();
        header.Save(writer);

        Assert.Equal(header, SavedGuestHeader.Load(new StateReader("guest", writer.Written.ToArray())));
    }

    [Fact]
    public void Header_withAnUnknownParavirtualInterface_isRefused()
    {
        var writer = new StateWriter();
        new SavedGuestHeader(TestGuestMachine.Memory, 1, "x86-64-v2", 1_000_000_000, ParavirtualInterface.Kvm).Save(writer);
        byte[] bytes = writer.Written.ToArray();
        bytes[^(sizeof(uint) + 1)] = (byte)'n'; // before the length of the firmware

        var error = Assert.Throws<SavedStateException>(() => SavedGuestHeader.Load(new StateReader("guest", bytes)));

        Assert.Contains("'kvn'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_cutAnywhere_isRefused()
    {
        byte[] saved = SaveMachine();

        Assert.All(Enumerable.Range(0, 40).Select(i => saved.Length * i / 40), length =>
        {
            using var fresh = new TestGuestMachine(bootable: false);
            Assert.Throws<SavedStateException>(() => Open(saved[..length]).Restore(fresh.Machine));
        });
    }

    [Fact]
    public void Restore_aBitOfRamFlipped_isRefused()
    {
        byte[] saved = SaveMachine();
        saved[saved.AsSpan().IndexOf(s_mark)] ^= 1;
        using var fresh = new TestGuestMachine(bootable: false);

        var error = Assert.Throws<SavedStateException>(() => Open(saved).Restore(fresh.Machine));

        Assert.Contains("checksum", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_aBitOfABlocksAddressFlipped_isRefused()
    {
        byte[] saved = SaveMachine();
        int block = saved.AsSpan().IndexOf(s_mark) - (0x123_4567 % 0x1_0000) - 16;
        saved[block + 2] ^= 1;
        using var fresh = new TestGuestMachine(bootable: false);

        var error = Assert.Throws<SavedStateException>(() => Open(saved).Restore(fresh.Machine));

        Assert.Equal("the saved guest is damaged: the checksum of its memory at 0x1220000 is wrong", error.Message);
    }

    [Fact]
    public void Restore_ofABlockThatCameTwice_takesTheLaterOne()
    {
        using var guest = new TestGuestMachine();
        guest.Machine.PowerOn();
        using var stream = new MemoryStream();
        using (var writer = new SavedGuestWriter(guest.Machine, stream))
        {
            guest.Machine.Ram.TryWrite(new GuestAddress(0x123_4567), "what was there first"u8);
            guest.Machine.Ram.TryWrite(new GuestAddress(0x200_0000), s_mark);
            writer.TryWriteMemory(() => false);
            guest.Machine.Ram.TryWrite(new GuestAddress(0x123_4567), s_mark);
        guest.Machine.Ram.TryWrite(new GuestAddress(VmGenIdModule.DirectBootAddress), s_generation);
            guest.Machine.Ram.TryWrite(new GuestAddress(0x200_0000), new byte[s_mark.Length]);
            writer.Finish();
        }

        using var fresh = new TestGuestMachine(bootable: false);
        Open(stream.ToArray()).Restore(fresh.Machine);

        Assert.Equal(s_mark, Read(fresh, 0x123_4567, s_mark.Length));
        Assert.Equal(new byte[s_mark.Length], Read(fresh, 0x200_0000, s_mark.Length));
    }

    [Fact]
    public void Open_theVersionBefore_isRefusedByNumber()
    {
        byte[] saved = SaveMachine();
        saved[8] = 1;

        var error = Assert.Throws<SavedStateException>(() => Open(saved));

        Assert.Equal("the file has format version 1; version 3 is known here", error.Message);
    }

    [Fact]
    public void Open_somethingElse_isRefused()
    {
        var error = Assert.Throws<SavedStateException>(() => Open(new byte[100]));

        Assert.Equal("the file is no saved guest", error.Message);
    }

    [Fact]
    public void Open_aLaterVersion_isRefusedByNumber()
    {
        byte[] saved = SaveMachine();
        saved[8] = 99;

        var error = Assert.Throws<SavedStateException>(() => Open(saved));

        Assert.Contains("version 99", error.Message, StringComparison.Ordinal);
    }

    private static byte[] Read(TestGuestMachine guest, ulong address, int length)
    {
        var bytes = new byte[length];
        Assert.True(guest.Machine.Ram.TryRead(new GuestAddress(address), bytes));
        return bytes;
    }

    /// <summary>Restores a machine, gives it the identifier that the other had, and saves it.</summary>
    private static byte[] SaveRestored(byte[] saved)
    {
        using var fresh = new TestGuestMachine(bootable: false);
        Open(saved).Restore(fresh.Machine);
        Assert.True(fresh.Machine.Ram.TryWrite(new GuestAddress(VmGenIdModule.DirectBootAddress), s_generation));
        using var stream = new MemoryStream();
        SavedGuest.Write(fresh.Machine, stream);
        return stream.ToArray();
    }

    private static SavedGuest Open(byte[] saved) => SavedGuest.Open(new MemoryStream(saved), "the file");

    private static byte[] SaveMachine()
    {
        using var guest = new TestGuestMachine();
        guest.Machine.PowerOn();
        guest.Bootstrap.State.Registers[3] = 0xFEED_F00D;
        guest.Machine.Ram.TryWrite(new GuestAddress(0x123_4567), s_mark);
        guest.Machine.Ram.TryWrite(new GuestAddress(VmGenIdModule.DirectBootAddress), s_generation);
        using var stream = new MemoryStream();
        SavedGuest.Write(guest.Machine, stream);
        return stream.ToArray();
    }
}

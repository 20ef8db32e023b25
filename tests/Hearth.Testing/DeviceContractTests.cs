using Hearth.Machine;
using Xunit;

namespace Hearth.Testing;

/// <summary>What every device promises: derive from this, say how to create the device, and it is tested.</summary>
/// <remarks>
/// The device maps itself to the machine's buses; the suite attacks every range that is mapped. A device that reacts to
/// something else as well (a backend, another device) overrides <see cref="Stimulate"/>.
/// </remarks>
public abstract class DeviceContractTests
{
    private const int Accesses = 400;

    public static TheoryData<int> Seeds => [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    /// <summary>Creates the device on a machine, not yet reset.</summary>
    protected abstract IMachineDevice Create(TestMachine machine);

    /// <summary>Does, by the seed alone, what the world outside does to the device: input arrives, a disk answers.</summary>
    protected virtual void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public virtual void Reset_AfterTraffic_EqualsPowerOn(int seed)
    {
        TestMachine machine = NewMachine(out IMachineDevice device);
        Disturb(machine, device, seed);
        TestMachine fresh = NewMachine(out IMachineDevice expected);
        fresh.Clock.Set(machine.Clock.Now);

        device.Reset();
        expected.Reset();

        Assert.Equal(TestMachine.Save(expected), TestMachine.Save(device));
        Assert.Equal(Levels(fresh), Levels(machine));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Save_Twice_GivesTheSame(int seed)
    {
        TestMachine machine = NewMachine(out IMachineDevice device);
        Disturb(machine, device, seed);

        byte[] first = TestMachine.Save(device);
        byte[] second = TestMachine.Save(device);

        Assert.Equal(first, second);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Restore_OfSavedState_SavesTheSameAndDrivesItsLines(int seed)
    {
        TestMachine machine = NewMachine(out IMachineDevice device);
        Disturb(machine, device, seed);
        byte[] saved = TestMachine.Save(device);
        TestMachine other = NewMachine(out IMachineDevice restored);
        other.Clock.Set(machine.Clock.Now);

        bool readAll = TestMachine.Restore(restored, saved);

        Assert.True(readAll);
        Assert.Equal(saved, TestMachine.Save(restored));
        Assert.Equal(Levels(machine), Levels(other));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Restore_IntoUsedDevice_ForgetsWhatItWas(int seed)
    {
        TestMachine machine = NewMachine(out IMachineDevice device);
        Disturb(machine, device, seed);
        byte[] saved = TestMachine.Save(device);
        TestMachine other = NewMachine(out IMachineDevice restored);
        Disturb(other, restored, seed + 1000);
        other.Clock.Set(machine.Clock.Now);

        TestMachine.Restore(restored, saved);

        Assert.Equal(saved, TestMachine.Save(restored));
        Assert.Equal(Levels(machine), Levels(other));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Restored_Device_BehavesAsTheOriginal(int seed)
    {
        TestMachine machine = NewMachine(out IMachineDevice device);
        Disturb(machine, device, seed);
        byte[] saved = TestMachine.Save(device);
        TestMachine other = NewMachine(out IMachineDevice restored);
        other.Clock.Set(machine.Clock.Now);
        TestMachine.Restore(restored, saved);

        ulong expected = Disturb(machine, device, seed + 100);
        ulong actual = Disturb(other, restored, seed + 100);

        Assert.Equal(expected, actual);
        Assert.Equal(TestMachine.Save(device), TestMachine.Save(restored));
        Assert.Equal(Levels(machine), Levels(other));
    }

    [Fact]
    public void Restore_OfEveryPrefix_ThrowsSavedStateException()
    {
        TestMachine machine = NewMachine(out IMachineDevice device);
        byte[] saved = TestMachine.Save(device);
        TestMachine.Restore(device, saved);

        Assert.All(Enumerable.Range(0, saved.Length), length =>
            Assert.Throws<SavedStateException>(() => TestMachine.Restore(device, saved[..length])));
    }

    [Fact]
    public void Restore_OfRandomBytes_RestoresOrThrowsSavedStateException()
    {
        TestMachine machine = NewMachine(out IMachineDevice device);
        byte[] saved = TestMachine.Save(device);
        var random = new Random(7);

        for (int round = 0; round < 200; round++)
        {
            byte[] damaged = [.. saved];
            random.NextBytes(damaged.AsSpan(Math.Min(1, damaged.Length)));
            Exception? thrown = Record.Exception(() => TestMachine.Restore(device, damaged));
            Assert.True(thrown is null or SavedStateException, $"round {round}: {thrown}");
            device.Reset();
            new DeviceTraffic(machine, round).Access(20);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Registers_UnderHostileTraffic_DoNotThrow(int seed)
    {
        TestMachine machine = NewMachine(out IMachineDevice device);

        Exception? thrown = Record.Exception(() =>
        {
            EveryRegister(machine, new Random(seed));
            new DeviceTraffic(machine, seed).AccessAndWait(10 * Accesses);
            Stimulate(machine, device, seed);
        });

        Assert.Null(thrown);
    }

    [Fact]
    public void Registers_ReadAndWritten_AllocateNothing()
    {
        TestMachine machine = NewMachine(out _);
        var traffic = new DeviceTraffic(machine, 42);

        long allocated = Allocations.Of(() => traffic.Access(20_000));

        Assert.Equal(0, allocated);
    }

    /// <summary>Every mapped byte, with every width that fits, read and written with every bit set and at random.</summary>
    private static void EveryRegister(TestMachine machine, Random random)
    {
        foreach (AddressRange range in machine.Ports.Ranges.ToArray())
            EveryRegister(machine.Ports.Bus, range, 4, random);
        foreach (AddressRange range in machine.Memory.Ranges.ToArray())
            EveryRegister(machine.Memory.Bus, range, 8, random);
    }

    private static void EveryRegister(Bus bus, AddressRange range, int widest, Random random)
    {
        ulong length = Math.Min(range.Length, 0x2000);
        for (int bytes = 1; bytes <= widest; bytes *= 2)
        {
            for (ulong offset = 0; offset < length; offset++)
            {
                var width = (AccessWidth)bytes;
                bus.Read(range.Start + offset, width);
                bus.Write(range.Start + offset, width, ulong.MaxValue);
                bus.Write(range.Start + offset, width, (ulong)random.NextInt64(long.MinValue, long.MaxValue));
                bus.Read(range.Start + offset, width);
            }
        }
    }

    private TestMachine NewMachine(out IMachineDevice device)
    {
        var machine = new TestMachine();
        device = Create(machine);
        device.Reset();
        return machine;
    }

    private ulong Disturb(TestMachine machine, IMachineDevice device, int seed)
    {
        var traffic = new DeviceTraffic(machine, seed);
        traffic.AccessAndWait(Accesses);
        Stimulate(machine, device, seed);
        traffic.AccessAndWait(Accesses);
        return traffic.Digest;
    }

    private static bool[] Levels(TestMachine machine) =>
        [.. Enumerable.Range(0, TestMachine.LineCount).Select(gsi => machine.Line(gsi).IsAsserted)];
}

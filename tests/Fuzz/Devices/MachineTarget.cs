using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Fuzz.Devices;

/// <summary>A part of a test machine, or several: accesses to what they have mapped, memory that changes, time, pauses, saves and restores.</summary>
internal abstract class MachineTarget : IFuzzTarget
{
    protected MachineTarget()
    {
        Machine = new TestMachine(ram => Memory = new GuardedMemory(ram));
    }

    public virtual long MemoryLimit => 16 << 20;

    protected TestMachine Machine { get; }

    /// <summary>The RAM that devices see.</summary>
    protected GuardedMemory Memory { get; private set; } = null!;

    /// <summary>What is saved, and restored, in this order.</summary>
    protected abstract IReadOnlyList<IMachineDevice> Parts { get; }

    /// <summary>Time passes by steps of less than two to the power of this, in nanoseconds.</summary>
    protected virtual int LongestStep => 24;

    /// <summary>Of so many chances to be saved one is taken: for parts whose state is large.</summary>
    protected virtual int SaveInterval => 1;

    public void Act(Random random)
    {
        Memory.Begin();
        int choice = random.Next(1000);
        if (choice < 500)
            Access(random);
        else if (choice < 650)
            ActAsDriver(random);
        else if (choice < 780)
            WriteMemory(random);
        else if (choice < 900)
            Machine.Clock.Advance(random.Next(1 << random.Next(1, LongestStep + 1)));
        else if (choice < 985)
            ActFromOutside(random);
        else if (choice < 992)
            PauseAndResume();
        else if (random.Next(SaveInterval) == 0)
            SaveAndRestore(random);
    }

    public virtual void Check() => Memory.Check();

    /// <summary>To the state after power-on.</summary>
    protected abstract void Restart();

    /// <summary>A register is read or written.</summary>
    protected virtual void Access(Random random) => AccessMapped(random);

    /// <summary>Something that is mapped is read or written.</summary>
    protected void AccessMapped(Random random)
    {
        IReadOnlyList<AddressRange> ports = Machine.Ports.Ranges;
        IReadOnlyList<AddressRange> memory = Machine.Memory.Ranges;
        int index = random.Next(ports.Count + memory.Count);
        if (index < ports.Count)
            Access(random, Machine.Ports.Bus, ports[index], Hostile.PortWidth(random));
        else
            Access(random, Machine.Memory.Bus, memory[index - ports.Count], Hostile.MemoryWidth(random));
    }

    /// <summary>Something a driver would do, right or nearly right.</summary>
    protected abstract void ActAsDriver(Random random);

    /// <summary>Something the host does.</summary>
    protected abstract void ActFromOutside(Random random);

    /// <summary>The host's side comes to an end with whatever it has begun: a device that is paused, saved or reset waits for that.</summary>
    protected virtual void FinishWork()
    {
    }

    /// <summary>Guest memory to fill; where it is none, bytes that nobody sees.</summary>
    protected Span<byte> Ram(ulong address, int length) =>
        Memory.Contains(new GuestAddress(address), (ulong)length) ? Machine.Ram.Bytes.AsSpan((int)address, length) : new byte[length];

    private static void Access(Random random, Bus bus, AddressRange range, AccessWidth width)
    {
        // Registers crowd at the start of a range: half of the accesses go there.
        ulong span = random.Next(2) == 0 ? Math.Min(range.Length, 64) : range.Length;
        ulong address = range.Start + ((ulong)random.NextInt64() % span);
        if (random.Next(3) == 0)
            _ = bus.Read(address, width);
        else
            bus.Write(address, width, Hostile.Value(random));
    }

    private void WriteMemory(Random random)
    {
        Span<byte> words = Ram((ulong)random.Next(GuardedMemory.End - 64) & ~7UL, 16);
        BitConverter.TryWriteBytes(words, Hostile.Value(random));
        BitConverter.TryWriteBytes(words[8..], Hostile.Value(random));
    }

    private void PauseAndResume()
    {
        FinishWork();
        foreach (IPausableDevice part in Parts.OfType<IPausableDevice>())
        {
            part.Pause();
            part.Resume();
        }
    }

    /// <summary>What was saved is restored; sometimes damaged, which is refused or not.</summary>
    private void SaveAndRestore(Random random)
    {
        FinishWork();
        IMachineDevice part = Parts[random.Next(Parts.Count)];
        byte[] saved = TestMachine.Save(part);
        if (random.Next(4) != 0)
        {
            TestMachine.Restore(part, saved);
            return;
        }

        Hostile.Damage(random, saved);
        if (!TryRestore(part, saved) || random.Next(2) == 0)
            Restart();
    }

    private static bool TryRestore(IMachineDevice part, byte[] saved)
    {
        try
        {
            return TestMachine.Restore(part, saved);
        }
        catch (SavedStateException)
        {
            return false;
        }
    }
}

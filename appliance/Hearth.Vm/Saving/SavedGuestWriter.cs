using Hearth.Cpu;
using Hearth.Machine;
using Hearth.Vm.Composition;

namespace Hearth.Vm.Saving;

/// <summary>Writes a saved guest (<see cref="SavedGuest"/>): its RAM while it runs, what it changed meanwhile, and the rest when it is paused.</summary>
internal sealed class SavedGuestWriter : IDisposable
{
    private readonly GuestMachine _machine;
    private readonly Stream _to;
    private readonly RamWriter _ram;
    private readonly IDirtyTracker _tracker;

    /// <summary>Told as written, and not in the stream yet as they are now.</summary>
    private readonly PageSet _pages;

    /// <exception cref="IOException">The stream cannot take it.</exception>
    public SavedGuestWriter(GuestMachine machine, Stream to)
    {
        _machine = machine;
        _to = to;
        SavedGuest.WriteHeader(SavedGuestHeader.Of(machine), to);
        _ram = new RamWriter(machine.Ram, to);
        _pages = machine.Ram.NewPageSet();
        _tracker = machine.TrackWrites();
    }

    /// <summary>Bytes of RAM written so far.</summary>
    public long Written => _ram.Written;

    /// <inheritdoc cref="RamWriter.TryWriteAll"/>
    public bool TryWriteMemory(Func<bool> isUnwanted) => _ram.TryWriteAll(isUnwanted);

    /// <summary>Looks what the guest has changed since its memory was written.</summary>
    /// <returns>How many pages are to be written again.</returns>
    public long CollectChanges()
    {
        _tracker.Collect(_pages);
        return _pages.Count;
    }

    /// <summary>Writes the pages found by <see cref="CollectChanges"/>.</summary>
    /// <inheritdoc cref="RamWriter.TryWriteAll"/>
    public bool TryWriteChanges(Func<bool> isUnwanted)
    {
        if (!_ram.TryWrite(_pages, isUnwanted))
            return false;
        _pages.Clear();
        return true;
    }

    /// <summary>Writes what is left of a machine that is paused.</summary>
    public void Finish()
    {
        // First: to save a device may write to RAM.
        MachineState state = _machine.Capture();
        CollectChanges();
        _ = TryWriteChanges(() => false);
        _ram.End();
        state.WriteTo(_to);
    }

    public void Dispose() => _tracker.Dispose();
}

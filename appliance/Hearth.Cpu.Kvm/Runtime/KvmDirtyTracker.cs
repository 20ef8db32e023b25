using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Kvm;

/// <summary>Dirty tracking by KVM's dirty log, a bitmap for each slot, and by <see cref="PageFlags.Dirty"/> for what devices write. See docs/decisions/0008.</summary>
/// <remarks>
/// The log is read, then what was read is cleared, then the reader copies. A write before the clearing is in the bytes that are copied; one after it is
/// noted again. The processor may note a write late (page-modification log), but no later than when its vCPU stops.
/// </remarks>
internal sealed unsafe class KvmDirtyTracker : IDirtyTracker
{
    private const int WordBits = 64;

    /// <summary>Words that are cleared by one call, 1 GiB of RAM: the kernel holds a lock meanwhile that page faults of the guest need.</summary>
    private const int MostWords = (1 << 30) / PageSet.PageSize / WordBits;

    private readonly KvmCpuEngine _engine;
    private readonly KvmMemoryMap _memory;

    /// <param name="memory">Its writes are logged.</param>
    public KvmDirtyTracker(KvmCpuEngine engine, KvmMemoryMap memory)
    {
        _engine = engine;
        _memory = memory;
        _memory.Ram.TakeDirty(_memory.Ram.NewPageSet());
    }

    /// <exception cref="Linux.LinuxException">The kernel refused.</exception>
    public void Collect(PageSet into)
    {
        ArgumentNullException.ThrowIfNull(into);
        _memory.Ram.TakeDirty(into);
        _memory.CollectWritten(into);
    }

    public void Dispose() => _engine.Forget(this);

    /// <summary>Adds the pages of a logged slot that were written since they were told last.</summary>
    /// <param name="log">Room for a bit a page.</param>
    /// <param name="into">A bit a page.</param>
    /// <exception cref="Linux.LinuxException">The kernel refused.</exception>
    internal static void Collect(KvmMachine machine, int slot, long pages, Span<ulong> log, Span<ulong> into)
    {
        // SAFETY: the kernel reads and writes a bit for each page of the slot, in whole words; these are as many.
        fixed (ulong* bits = log)
        {
            machine.ReadDirtyLog(slot, bits);
            for (int from = 0; from < log.Length; from += MostWords)
            {
                Span<ulong> part = log.Slice(from, Math.Min(MostWords, log.Length - from));
                if (!part.ContainsAnyExcept(0UL))
                    continue;
                for (int i = 0; i < part.Length; i++)
                    into[from + i] |= part[i];
                long first = (long)from * WordBits;
                machine.ClearDirtyLog(slot, (ulong)first, (uint)Math.Min(pages - first, (long)part.Length * WordBits), bits + from);
            }
        }
    }
}

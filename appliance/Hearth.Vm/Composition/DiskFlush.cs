using Hearth.Machine;

namespace Hearth.Vm.Composition;

/// <summary>Brings to stable storage what a guest has written to its disks. No vCPU runs meanwhile.</summary>
internal sealed class DiskFlush : IBlockCompletion
{
    private readonly object _gate = new();
    private int _left;
    private bool _hasFailed;

    /// <exception cref="IOException">The host's disk failed, or is full.</exception>
    public static void Run(IReadOnlyList<IBlockBackend> disks)
    {
        var flush = new DiskFlush { _left = disks.Count };
        for (int i = 0; i < disks.Count; i++)
            disks[i].Submit(new BlockRequest(BlockOperation.Flush, 0, 0, default, flush, i));
        lock (flush._gate)
        {
            while (flush._left > 0)
                Monitor.Wait(flush._gate);
        }

        if (flush._hasFailed)
            throw new IOException("a disk cannot be brought to stable storage");
    }

    public void Complete(int tag, BlockStatus status)
    {
        lock (_gate)
        {
            _hasFailed |= status != BlockStatus.Ok;
            _left--;
            Monitor.PulseAll(_gate);
        }
    }
}

using Hearth.Machine;

namespace Hearth.Storage.Tests;

/// <summary>Counts the ends of requests and lets a test wait for them; allocates nothing once made.</summary>
internal sealed class Requests : IBlockCompletion
{
    private readonly object _gate = new();
    private readonly BlockStatus[] _statuses = new BlockStatus[64];
    private readonly Memory<byte>[] _buffers = new Memory<byte>[256];
    private int _ended;

    public void Complete(int tag, BlockStatus status)
    {
        lock (_gate)
        {
            _statuses[tag] = status;
            _ended++;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits for <paramref name="count"/> ends.</summary>
    public void WaitFor(int count)
    {
        lock (_gate)
        {
            while (_ended < count)
                Assert.True(Monitor.Wait(_gate, TimeSpan.FromSeconds(30)), "A request did not end.");
            _ended -= count;
        }
    }

    public BlockStatus StatusOf(int tag)
    {
        lock (_gate)
            return _statuses[tag];
    }

    /// <summary>Does one request and waits for its end.</summary>
    public BlockStatus Run(IBlockBackend disk, BlockOperation operation, ulong offset, ulong length, params ReadOnlySpan<Memory<byte>> buffers)
    {
        buffers.CopyTo(_buffers);
        disk.Submit(new BlockRequest(operation, offset, length, _buffers.AsMemory(0, buffers.Length), this, 0));
        WaitFor(1);
        return StatusOf(0);
    }
}

using Hearth.Machine;

namespace Hearth.Devices.Tests.Virtio;

/// <summary>A disk whose requests end on other threads, in no particular order; a sector reads as its own number.</summary>
internal sealed class PooledBlockBackend : IBlockBackend
{
    private int _running;

    public ulong Capacity => 1 << 20;

    public uint BlockSize => 512;

    public bool IsReadOnly => false;

    public bool CanDiscard => false;

    /// <summary>Requests that have not ended.</summary>
    public int Running => Volatile.Read(ref _running);

    public void Submit(in BlockRequest request)
    {
        Interlocked.Increment(ref _running);
        ThreadPool.UnsafeQueueUserWorkItem(End, request, preferLocal: false);
    }

    private void End(BlockRequest request)
    {
        Thread.SpinWait((int)(request.Offset % 977));
        foreach (Memory<byte> buffer in request.Buffers.Span)
            buffer.Span.Fill((byte)(request.Offset / BlockSize));
        Interlocked.Decrement(ref _running);
        request.Completion.Complete(request.Tag, BlockStatus.Ok);
    }
}

using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>A disk in an array, which refuses what reaches past its end by an exception: a device must not ask for it.</summary>
internal sealed class MemoryDisk(int length, bool isReadOnly) : IBlockBackend
{
    private readonly byte[] _bytes = new byte[length];

    public ulong Capacity => (ulong)_bytes.Length;

    public uint BlockSize => 512;

    public bool IsReadOnly { get; } = isReadOnly;

    public bool CanDiscard => false;

    public void Submit(in BlockRequest request)
    {
        if (request.Operation is BlockOperation.Read or BlockOperation.Write)
            Move(request);
        request.Completion.Complete(request.Tag, BlockStatus.Ok);
    }

    private void Move(in BlockRequest request)
    {
        if (request.Operation == BlockOperation.Write && IsReadOnly)
            throw new InvalidOperationException("a write to a read-only disk");
        if (((request.Offset | request.Length) & (BlockSize - 1)) != 0)
            throw new InvalidOperationException($"a request of {request.Length} bytes at {request.Offset}");
        Span<byte> range = _bytes.AsSpan((int)request.Offset, (int)request.Length);
        foreach (Memory<byte> buffer in request.Buffers.Span)
        {
            if (request.Operation == BlockOperation.Read)
                range[..buffer.Length].CopyTo(buffer.Span);
            else
                buffer.Span.CopyTo(range);
            range = range[buffer.Length..];
        }
    }
}

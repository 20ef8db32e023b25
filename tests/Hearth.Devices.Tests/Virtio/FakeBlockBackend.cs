using Hearth.Machine;

namespace Hearth.Devices.Tests.Virtio;

/// <summary>A disk in an array. Requests end at once, or when the test says so.</summary>
internal sealed class FakeBlockBackend(int length = 1 << 20) : IBlockBackend
{
    private readonly List<BlockRequest> _waiting = [];

    public byte[] Bytes { get; } = new byte[length];

    public ulong Capacity => (ulong)Bytes.Length;

    public uint BlockSize { get; init; } = 512;

    public bool IsReadOnly { get; init; }

    public bool CanDiscard { get; init; } = true;

    /// <summary>Keeps requests until <see cref="CompleteOne"/>.</summary>
    public bool Waits { get; set; }

    public BlockStatus Result { get; set; }

    public int Waiting => _waiting.Count;

    public int Flushes { get; private set; }

    public int Discards { get; private set; }

    public int MostWaiting { get; private set; }

    /// <summary>Pieces of memory of the last request.</summary>
    public int Pieces { get; private set; }

    public void Submit(in BlockRequest request)
    {
        if (!Waits)
        {
            request.Completion.Complete(request.Tag, Execute(request));
            return;
        }

        _waiting.Add(request);
        MostWaiting = Math.Max(MostWaiting, _waiting.Count);
    }

    public void CompleteOne(int index = 0)
    {
        BlockRequest request = _waiting[index];
        _waiting.RemoveAt(index);
        request.Completion.Complete(request.Tag, Execute(request));
    }

    private BlockStatus Execute(in BlockRequest request)
    {
        Pieces = request.Buffers.Length;
        Span<byte> range = Bytes.AsSpan((int)request.Offset, (int)request.Length);
        switch (request.Operation)
        {
            case BlockOperation.Read:
                foreach (Memory<byte> buffer in request.Buffers.Span)
                {
                    range[..buffer.Length].CopyTo(buffer.Span);
                    range = range[buffer.Length..];
                }

                break;
            case BlockOperation.Write:
                foreach (Memory<byte> buffer in request.Buffers.Span)
                {
                    buffer.Span.CopyTo(range);
                    range = range[buffer.Length..];
                }

                break;
            case BlockOperation.WriteZeroes:
                range.Clear();
                break;
            case BlockOperation.Discard:
                Discards++;
                break;
            default:
                Flushes++;
                break;
        }

        return Result;
    }
}

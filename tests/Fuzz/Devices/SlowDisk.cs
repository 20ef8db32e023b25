using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>A disk that takes its time: some requests end at once, others when it is told to, in any order, and some of them with an error.</summary>
internal sealed class SlowDisk(IBlockBackend disk) : IBlockBackend, IBlockCompletion
{
    private readonly List<BlockRequest> _pending = new(256);
    private readonly Random _random = new(1);
    private BlockStatus _status;

    public ulong Capacity => disk.Capacity;

    public uint BlockSize => disk.BlockSize;

    public bool IsReadOnly => disk.IsReadOnly;

    public bool CanDiscard => true;

    /// <summary>Requests have not come to their end.</summary>
    public bool IsBusy => _pending.Count != 0;

    public void Submit(in BlockRequest request)
    {
        if (request.Operation is BlockOperation.Discard or BlockOperation.WriteZeroes && request.Offset + request.Length > Capacity)
            throw new InvalidOperationException($"{request.Length} bytes at {request.Offset} are not on the disk");
        if (_random.Next(2) == 0)
            End(request);
        else
            _pending.Add(request);
    }

    public void Complete(int tag, BlockStatus status) => _status = status;

    /// <summary>Brings one request to its end.</summary>
    public void EndOne(Random random)
    {
        if (_pending.Count == 0)
            return;
        int index = random.Next(_pending.Count);
        BlockRequest request = _pending[index];
        _pending.RemoveAt(index);
        End(request);
    }

    /// <summary>Brings every request to its end, and those that follow them.</summary>
    public void EndAll()
    {
        while (_pending.Count != 0)
            EndOne(_random);
    }

    private void End(in BlockRequest request)
    {
        if (_random.Next(16) == 0)
        {
            request.Completion.Complete(request.Tag, _random.Next(2) == 0 ? BlockStatus.IoError : BlockStatus.NoSpace);
            return;
        }

        disk.Submit(request with { Completion = this });
        request.Completion.Complete(request.Tag, _status);
    }
}

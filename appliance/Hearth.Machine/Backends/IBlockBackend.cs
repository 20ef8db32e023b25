namespace Hearth.Machine;

/// <summary>A disk as a device needs it. Offsets and lengths are bytes, multiples of <see cref="BlockSize"/>.</summary>
/// <remarks>
/// Requests are asynchronous and several are in flight; each ends with one call of <see cref="IBlockCompletion.Complete"/>
/// from any thread, also for a request that fails, and also from within <see cref="Submit"/> when it needs no waiting. The
/// buffers belong to the caller and stay valid until then.
/// </remarks>
public interface IBlockBackend
{
    /// <summary>Bytes; a multiple of <see cref="BlockSize"/>.</summary>
    ulong Capacity { get; }

    /// <summary>Bytes: 512 or 4096.</summary>
    uint BlockSize { get; }

    bool IsReadOnly { get; }

    /// <summary>True when <see cref="BlockOperation.Discard"/> frees space; where it cannot, it does nothing and succeeds.</summary>
    bool CanDiscard { get; }

    /// <summary>Starts a request. Never blocks for I/O: it is called on a vCPU's thread, without a lock held.</summary>
    void Submit(in BlockRequest request);
}

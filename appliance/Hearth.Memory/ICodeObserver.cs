namespace Hearth.Memory;

/// <summary>Told of writes to pages that carry <see cref="PageFlags.Code"/>.</summary>
public interface ICodeObserver
{
    /// <summary>Called after the bytes changed, on the writer's thread. The range lies within one page.</summary>
    void CodeWritten(ulong physical, int length);
}

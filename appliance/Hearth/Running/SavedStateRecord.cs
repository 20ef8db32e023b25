namespace Hearth.Running;

/// <summary>A saved state as the supervisor knows it.</summary>
/// <param name="Id">Grows from state to state, over all guests.</param>
/// <param name="Guest">Whose it is.</param>
/// <param name="Taken">When.</param>
/// <param name="IsCheckpoint">It was taken by itself.</param>
/// <param name="IsPinned">It is never thinned out.</param>
/// <param name="Label">What people call it; null for nothing.</param>
/// <param name="Memory">Bytes of memory the guest had.</param>
/// <param name="NewBytes">Bytes it took on the disk in addition to the states before it.</param>
/// <param name="Pause">How long the guest stood still for it.</param>
internal sealed record SavedStateRecord(
    long Id, int Guest, DateTimeOffset Taken, bool IsCheckpoint, bool IsPinned, string? Label, long Memory, long NewBytes, TimeSpan Pause);

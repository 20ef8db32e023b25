namespace Hearth.Running;

/// <summary>Something that was asked of a guest cannot be done.</summary>
/// <param name="message">One sentence without a full stop that says why, and what to do next.</param>
internal sealed class GuestRunException(string message, GuestRunFailure failure = GuestRunFailure.Host, Exception? inner = null) : Exception(message, inner)
{
    public GuestRunFailure Failure { get; } = failure;
}

/// <summary>What kind of failure it is.</summary>
internal enum GuestRunFailure
{
    /// <summary>The host does not allow it: no space, no such file.</summary>
    Host,

    /// <summary>There is no such guest or state.</summary>
    NotFound,

    /// <summary>It cannot be done as the guest is now.</summary>
    WrongPhase,

    /// <summary>A state is damaged, or of a later version.</summary>
    Damaged,

    /// <summary>The host could not even start the guest's process: another state would do no better.</summary>
    NoProcess,
}

namespace Hearth.House;

/// <summary>Something that was asked of the house cannot be done.</summary>
/// <param name="message">One sentence without a full stop that says why, and what to do next.</param>
internal sealed class HouseException(HouseFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    public HouseFailure Failure { get; } = failure;

    /// <summary>After how long it makes sense to try again; null where time changes nothing.</summary>
    public TimeSpan? Wait { get; init; }
}

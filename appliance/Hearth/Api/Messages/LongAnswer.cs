namespace Hearth.Api.Messages;

/// <summary>A line of the answer to what takes its time: a share that is done, and last the result or the problem.</summary>
/// <param name="Progress">From 0 to 1.</param>
internal sealed record LongAnswer<T>(double? Progress = null, T? Result = null, Problem? Problem = null)
    where T : class;

namespace Hearth.Protocol;

/// <summary>What a guest's process says to the supervisor.</summary>
/// <param name="Answers">The number of the order that this answers; 0 for what nobody asked.</param>
public sealed record GuestReport(int Answers, GuestReportKind Kind)
{
    /// <summary>For people, without a full stop; null for nothing to say.</summary>
    public string? Sentence { get; init; }

    /// <summary>Of <see cref="GuestReportKind.Ended"/> and <see cref="GuestReportKind.Happened"/>.</summary>
    public GuestCause Cause { get; init; }

    /// <summary>The answer to <see cref="GuestOrderKind.Greet"/>.</summary>
    public GuestGreeting? Greeting { get; init; }

    /// <summary>The answer to <see cref="GuestOrderKind.Save"/>, when everything has been sent.</summary>
    public SaveReport? Save { get; init; }
}

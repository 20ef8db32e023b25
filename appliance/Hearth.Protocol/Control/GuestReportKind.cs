namespace Hearth.Protocol;

/// <summary>What a guest's process says to the supervisor.</summary>
public enum GuestReportKind
{
    /// <summary>An order was carried out.</summary>
    Done,

    /// <summary>An order was not carried out, for the reason that <see cref="GuestReport.Sentence"/> gives; the guest is as it was.</summary>
    Refused,

    /// <summary>The guest has ended, and its process is about to.</summary>
    Ended,

    /// <summary>Something happened that the guest goes on after.</summary>
    Happened,
}

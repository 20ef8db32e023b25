namespace Hearth.Api.Messages;

/// <summary>Something that happened.</summary>
/// <param name="Kind">For programs: <c>guest.running</c>.</param>
/// <param name="Sentence">For people.</param>
/// <param name="Guest">The identifier of the guest it is about.</param>
/// <param name="Seat">The identifier of the seat it is about.</param>
/// <param name="Person">The identifier of the person it is about.</param>
internal sealed record EventMessage(long Id, DateTimeOffset Time, string Kind, string Sentence, int? Guest, int? Seat, int? Person)
{
    public static EventMessage Of(House.HouseEvent happened) =>
        new(happened.Id, happened.Time, happened.Kind, happened.Sentence, happened.Guest, happened.Seat, happened.Person);
}

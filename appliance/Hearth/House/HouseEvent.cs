namespace Hearth.House;

/// <summary>Something that happened in the house.</summary>
/// <param name="Id">Grows; 0 before the store has given one.</param>
/// <param name="Kind">For programs: <c>guest.running</c>.</param>
/// <param name="Sentence">For people, without a full stop.</param>
/// <param name="Guest">The identifier of the guest it is about; null for none.</param>
/// <param name="Seat">As <paramref name="Guest"/>, of the seat.</param>
/// <param name="Person">As <paramref name="Guest"/>, of the person.</param>
internal sealed record HouseEvent(long Id, DateTimeOffset Time, string Kind, string Sentence, int? Guest = null, int? Seat = null, int? Person = null);

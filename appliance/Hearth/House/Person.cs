namespace Hearth.House;

/// <summary>Somebody who lives in the house.</summary>
/// <param name="Id">0 before the store has given one.</param>
/// <param name="Pin">Of <see cref="PinHash"/>; null for a person without a PIN. Never written to a log or an answer.</param>
/// <param name="WrongTries">Wrong PINs since the last right one.</param>
/// <param name="Patience">Until when no PIN is looked at.</param>
internal sealed record Person(int Id, string Name, string? Pin = null, int WrongTries = 0, DateTimeOffset? Patience = null)
{
    // Not the generated one: it would write the hash wherever a person is written.
    public override string ToString() => $"{Name} ({Id})";
}

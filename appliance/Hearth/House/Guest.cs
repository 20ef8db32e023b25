namespace Hearth.House;

/// <summary>A guest of the house.</summary>
/// <param name="Id">Never given to another one, so that the name may change. 0 before the store has given one.</param>
/// <param name="Added">When it came into the house.</param>
internal sealed record Guest(int Id, GuestDefinition Definition, DateTimeOffset Added)
{
    public string Name => Definition.Name;
}

namespace Hearth.Protocol;

/// <summary>An order of the supervisor to a guest's process.</summary>
/// <param name="Number">Comes back with the answer; grows.</param>
public sealed record GuestOrder(int Number, GuestOrderKind Kind)
{
    /// <summary>Of <see cref="GuestOrderKind.Save"/>.</summary>
    public SaveOrder? Save { get; init; }

    /// <summary>The state that <see cref="GuestOrderKind.Settle"/> is about.</summary>
    public long State { get; init; }
}

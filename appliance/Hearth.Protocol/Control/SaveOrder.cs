namespace Hearth.Protocol;

/// <summary>How a guest is to be saved.</summary>
/// <param name="Base">The state that the supervisor has already; 0 for none. Where the guest's process knows it, what has changed since is enough.</param>
/// <param name="StaysPaused">The guest stands still afterwards.</param>
/// <param name="Layers">An empty file for each disk that can be written to: what the guest writes from then on.</param>
public sealed record SaveOrder(long Base, bool StaysPaused, IReadOnlyList<LayerOrder> Layers);
